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
    /// How much of an answer is held, in bytes.
    pub max_response_bytes: usize,
    /// The most entries of one transaction.
    pub max_entries: usize,
    /// Whether a server that does not heed versions stops the feed.
    pub require_versions: bool,
    /// Whether a server that does not keep what tells our elements from others' stops the feed.
    pub require_marks: bool,
    /// Whether failures quote the server's own words, which may hold patient data.
    pub show_server_text: bool,
}

impl Fhir {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let endpoint = values.required_url(&table::FHIR_ENDPOINT);
        let timeout = values.duration(&table::FHIR_TIMEOUT);
        let max_response_bytes = values.integer(&table::FHIR_MAX_RESPONSE_BYTES);
        let max_entries = values.integer(&table::FHIR_MAX_ENTRIES);
        let require_versions = values.boolean(&table::FHIR_REQUIRE_VERSIONS);
        let require_marks = values.boolean(&table::FHIR_REQUIRE_MARKS);
        let show_server_text = values.boolean(&table::FHIR_SHOW_SERVER_TEXT);
        Some(Self {
            endpoint: endpoint?,
            timeout: timeout?,
            max_response_bytes: max_response_bytes??,
            max_entries: max_entries??,
            require_versions: require_versions?,
            require_marks: require_marks?,
            show_server_text: show_server_text?,
        })
    }
}
