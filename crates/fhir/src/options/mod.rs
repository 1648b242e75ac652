//! Options of the mapping: identities, policies, validation.

mod imaging_study;
mod issuers;
mod names;
mod patient;
mod validation;

pub use imaging_study::{OnOtherPatient, References, Resolution};
pub use issuers::Issuers;
pub use names::{Names, folded};
pub use patient::{MissingId, OnUnknownIssuer, PatientPolicy, PlaceholderIds};
pub use validation::Validation;
