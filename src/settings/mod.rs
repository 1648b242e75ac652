//! `appsettings.json` and the environment, read as dicom-cast read them, into one typed and
//! validated [`Settings`].
//!
//! Lowest to highest precedence: the defaults, `appsettings.json`,
//! `appsettings.{DOTNET_ENVIRONMENT}.json`, environment variables (`DicomWeb__Endpoint`). Keys are
//! case-insensitive; an empty value counts as not given. Every key is a row of one table, from
//! which unknown keys are detected and `docs/settings.md` and `appsettings.json` are generated.
//! Of the other rooms this one knows the codes of failures alone.

mod cast;
mod dicom_web;
mod environment;
mod escalation;
mod fhir;
mod files;
mod generate;
mod imaging_study;
mod issuers;
mod layers;
mod load;
mod logging;
mod notify;
mod ops;
mod patient;
mod policies;
mod problem;
mod retry;
mod setting;
mod spelling;
mod storage;
mod store;
mod table;
mod telemetry;
mod timespan;
mod unavailable;
mod values;
mod worker;

#[cfg(test)]
mod tests;

pub use cast::{Cast, Validation};
pub use dicom_web::{ApiVersion, DicomWeb, OnUnparsable};
pub use escalation::Escalation;
pub use fhir::Fhir;
pub use files::SettingsFile;
pub use generate::{default_file, reference_page};
pub use imaging_study::{ImagingStudy, OnOtherPatient, References, Resolution};
pub use load::{DEFAULT_FILE, Loaded, Settings};
pub use logging::{LogFormat, LogLevel, Logging};
pub use notify::{Notify, Severity, Webhook};
pub use ops::Ops;
pub use patient::{MissingId, OnUnknownIssuer, Patient, PatientPolicy, PlaceholderIds};
pub use policies::{Policies, Policy};
pub use problem::{Problem, Unusable, Warning};
pub use radcast_fhir::options::Issuers;
pub use radcast_fhir::options::{Names, folded};
pub use radcast_http::Secret;
pub use retry::{OnOutage, Order, Retry};
pub use storage::{BlobStore, Credentials, Identity, Lease, StorageAccount, TableStore, Workload};
pub use store::Store;
pub use telemetry::Telemetry;
pub use worker::Worker;
