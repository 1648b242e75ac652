//! Bundles as servers really send them: what is needed is read, the rest is left alone.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A search's answer, one page of it.
#[derive(Debug, Deserialize)]
pub(super) struct SearchPage {
    #[serde(rename = "resourceType")]
    pub(super) resource_type: String,
    #[serde(default)]
    link: Vec<Link>,
    #[serde(default)]
    entry: Vec<SearchEntry>,
}

#[derive(Debug, Deserialize)]
struct Link {
    relation: String,
    url: String,
}

#[derive(Debug, Deserialize)]
struct SearchEntry {
    resource: Option<Box<RawValue>>,
    search: Option<SearchMode>,
}

#[derive(Debug, Deserialize)]
struct SearchMode {
    mode: Option<String>,
}

impl SearchPage {
    pub(super) fn next(&self) -> Option<&str> {
        self.link
            .iter()
            .find(|link| link.relation == "next")
            .map(|link| link.url.as_str())
    }

    /// The resources that matched; an `OperationOutcome` or an included resource is no match.
    pub(super) fn matches(self) -> impl Iterator<Item = Box<RawValue>> {
        self.entry
            .into_iter()
            .filter(SearchEntry::is_match)
            .filter_map(|entry| entry.resource)
    }
}

impl SearchEntry {
    fn is_match(&self) -> bool {
        let mode = self
            .search
            .as_ref()
            .and_then(|search| search.mode.as_deref());
        mode.is_none_or(|mode| mode == "match")
    }
}

/// A transaction's answer.
#[derive(Debug, Deserialize)]
pub(super) struct TransactionAnswer {
    #[serde(rename = "resourceType")]
    pub(super) resource_type: String,
    #[serde(rename = "type")]
    pub(super) bundle_type: Option<String>,
    #[serde(default)]
    pub(super) entry: Vec<AnswerEntry>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AnswerEntry {
    pub(super) resource: Option<Box<RawValue>>,
    pub(super) response: Option<AnswerResponse>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AnswerResponse {
    pub(super) status: Option<String>,
    pub(super) location: Option<String>,
    pub(super) etag: Option<String>,
}
