//! radcast keeps a FHIR R4 server in step with the change feed of a DICOMweb service.
//!
//! The entry of the feed is the unit of failure; the study is the unit of work. Five steps, each
//! with its room:
//!
//! 1. **read**: an entry becomes a change or a failure, without I/O ([`feed`], [`dicom`], [`cast`]);
//! 2. **fold**: the changes of one study become one delta ([`cast`]);
//! 3. **apply**: look up, merge, one FHIR transaction ([`fhir`]);
//! 4. **isolate**: a refused delta is halved until the culprits stand alone ([`sync`]);
//! 5. **settle**: the position passes what is applied, skipped or durably recorded ([`store`]).
//!
//! Around them: [`failure`] is the one vocabulary of what can go wrong, [`settings`] the typed
//! configuration, [`auth`] carries requests and tokens, [`notify`] tells people what needs them,
//! [`telemetry`] is logs, metrics and traces, [`ops`] the HTTP server for probes and people,
//! [`sandbox`] an embedded DICOMweb service and FHIR store for the demo and the tests, [`cli`] the
//! commands that put it all together.

pub mod auth;
pub mod cast;
pub mod cli;
pub mod dicom;
pub mod failure;
pub mod feed;
pub mod fhir;
pub mod notify;
pub mod ops;
pub mod sandbox;
pub mod settings;
pub mod store;
pub mod sync;
pub mod telemetry;
