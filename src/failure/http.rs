//! What an HTTP client reports, as a symptom.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::Symptom;

impl Symptom {
    /// The symptom of a request that got no usable answer.
    #[must_use]
    pub fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Timeout
        } else if error.is_decode() {
            Self::Malformed
        } else {
            Self::NoConnection
        }
    }
}

/// The text of a transport error without its URL, whose query may name a patient.
#[must_use]
pub fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// `Retry-After` in its form of seconds; the form of a date is not used by FHIR or DICOM services.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}
