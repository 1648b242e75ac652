//! An embedded FHIR R4 store: the RESTful API over SQLite, for imaging.
//!
//! What a client writes is checked lightly, for what an imaging feed writes, and kept as it was
//! sent, to the digits of a decimal. What is not supported is refused and said so.
//!
//! A request becomes an `interaction`, which reads without writing;
//! `transaction` carries one or many of them out, all or none.

mod address;
mod answer;
mod bundle;
mod capability;
mod document;
mod entry;
mod index;
mod interaction;
mod negotiation;
mod outcome;
mod parameter;
mod precondition;
mod query;
mod request;
mod router;
mod search;
mod store;
mod structure;
mod text;
mod token;
mod transaction;
mod validation;
mod versions;

#[cfg(test)]
mod tests;

pub use store::{FhirStore, FhirStoreError};
