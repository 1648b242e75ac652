//! The services that tests run against, the instances they are filled with, and the binary.

pub mod daemon;
pub mod fhir_content;
pub mod instances;
pub mod python;
pub mod services;
