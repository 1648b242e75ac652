//! The services that tests run against, the instances they are filled with, and the binary.

pub mod azurite;
pub mod bearer;
pub mod canary;
pub mod collector;
pub mod daemon;
pub mod environment;
pub mod fhir_content;
pub mod hapi;
pub mod hfs;
pub mod instances;
pub mod ops;
pub mod peer;
pub mod poison;
pub mod proxy;
pub mod python;
pub mod receiver;
pub mod records;
pub mod services;
pub mod stored;
pub mod stow;
pub mod trouble;
pub mod validator;
pub mod wire;
