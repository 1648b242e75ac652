//! `Fhir`: the server that is kept in step.

use std::time::Duration;

use reqwest::Url;

use super::table;
use super::values::Values;

/// The FHIR server that is kept in step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fhir {
    /// Its base address. Its path may or may not end in a slash.
    pub endpoint: Url,
    /// How long one request may take.
    pub timeout: Duration,
}

impl Fhir {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let endpoint = values.required_url(&table::FHIR_ENDPOINT);
        let timeout = values.duration(&table::FHIR_TIMEOUT);
        Some(Self {
            endpoint: endpoint?,
            timeout: timeout?,
        })
    }
}
