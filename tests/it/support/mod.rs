//! The services that tests run against, and the instances they are filled with.

pub mod instances;
pub mod services;
