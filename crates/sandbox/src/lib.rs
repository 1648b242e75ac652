//! An embedded DICOMweb service and an embedded FHIR store, for the demo and the tests. Small, and
//! honest in what they refuse. This room uses no room of the engine, and none of them uses it.

pub mod dicomweb;
mod faults;
pub mod fhir;
mod host;
pub mod part10;
pub mod samples;
mod server;

pub use faults::{Fault, Faults, Held};
pub use fhir::{FhirStore, FhirStoreError};
pub use server::Server;
