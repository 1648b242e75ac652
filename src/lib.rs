//! radcast keeps a FHIR R4 server in step with the change feed of a DICOMweb service.
//!
//! The entry of the feed is the unit of failure; the study is the unit of work. Five steps:
//!
//! 1. **read**: an entry becomes a change or a failure, without I/O ([`radcast_dicomweb`],
//!    [`radcast_dicom`], [`radcast_fhir`]);
//! 2. **fold**: the changes of one study become one delta ([`radcast_fhir`]);
//! 3. **apply**: look up, merge, one FHIR transaction ([`radcast_fhir`]);
//! 4. **isolate**: a refused delta is halved until the culprits stand alone ([`radcast_engine`]);
//! 5. **settle**: the position passes what is applied, skipped or durably recorded
//!    ([`radcast_engine`]).
//!
//! This crate is the program around them: [`settings`] is the typed configuration, [`notify`] tells
//! people what needs them, [`telemetry`] is logs, metrics and traces, [`ops`] the HTTP server for
//! probes and people, [`cli`] the commands that put it all together.

pub mod cli;
pub mod notify;
pub mod ops;
pub mod settings;
pub mod telemetry;
