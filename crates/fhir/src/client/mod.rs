//! The FHIR server's side: search, transaction, capability, and what its answers mean.
//!
//! Stored resources pass through as the text the server sent; nothing here reads them into types.

mod address;
mod bundle;
mod capability;
mod fhir_client;
mod outcome;
mod transaction;
mod written;

pub use capability::Capability;
pub use fhir_client::FhirClient;
pub use transaction::{Request, Response};
