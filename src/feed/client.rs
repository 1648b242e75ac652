//! Requests to the change feed, and what their failure means.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::Url;
use reqwest::redirect::Policy;

use super::Entry;
use super::page::{self, Rows};
use super::span::Span;
use crate::auth::{Answer, Exchange, HttpExchange, NoAnswer, Outgoing};
use crate::failure::{Code, Dependency, Failure, Operation, Symptom, classify};
use crate::settings::ApiVersion;

/// A client of one service's change feed in one API version.
#[derive(Debug, Clone)]
pub struct FeedClient {
    exchange: Arc<dyn Exchange>,
    endpoint: String,
    base: String,
    version: ApiVersion,
    keeps_raw: bool,
}

/// The newest entry of the feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latest {
    /// Its sequence; 0 while the feed is empty.
    pub sequence: u64,
    /// When it happened.
    pub timestamp: Option<Timestamp>,
}

impl FeedClient {
    /// A client of the service at `endpoint`, whose path is kept.
    ///
    /// # Errors
    /// The HTTP client cannot be built, e.g. without CA certificates.
    pub fn new(endpoint: &Url, version: ApiVersion, timeout: Duration) -> Result<Self, Failure> {
        let exchange = HttpExchange::new(timeout, Policy::default())
            .map_err(|error| Failure::new(Code::DicomUnreachable, error.reason))?;
        Ok(Self::over(Arc::new(exchange), endpoint, version))
    }

    /// A client that reaches the service at `endpoint` in this way.
    #[must_use]
    pub fn over(exchange: Arc<dyn Exchange>, endpoint: &Url, version: ApiVersion) -> Self {
        let endpoint = endpoint.as_str().trim_end_matches('/').to_owned();
        let base = base(&endpoint, version);
        Self {
            exchange,
            endpoint,
            base,
            version,
            keeps_raw: false,
        }
    }

    /// A client that keeps the text of every entry beside it, if `keeps_raw`: as long as one entry
    /// of an answer is there, the whole answer is.
    #[must_use]
    pub fn keeping_raw(mut self, keeps_raw: bool) -> Self {
        self.keeps_raw = keeps_raw;
        self
    }

    /// A client of the same service's feed in this version.
    pub(super) fn in_version(&self, version: ApiVersion) -> Self {
        Self {
            base: base(&self.endpoint, version),
            version,
            ..self.clone()
        }
    }

    /// The version that it asks in.
    pub(super) const fn version(&self) -> ApiVersion {
        self.version
    }

    /// The newest entry of the feed.
    ///
    /// # Errors
    /// The service cannot be reached, refuses, or answers what is no entry.
    pub async fn latest(&self) -> Result<Latest, Failure> {
        let url = format!("{}/latest", self.base);
        let body = self
            .get(&url, &[("includeMetadata", "false".to_owned())])
            .await?;
        match body {
            Some(body) => newest(&body).ok_or_else(|| malformed("the latest entry cannot be read")),
            None => Ok(Latest::default()),
        }
    }

    /// Whether the newest entry can be read together with its metadata: the service then works,
    /// whatever a page answers.
    pub(super) async fn reads_metadata(&self) -> bool {
        let url = format!("{}/latest", self.base);
        let query = [("includeMetadata", "true".to_owned())];
        let newest = self.get(&url, &query).await.ok().flatten();
        newest.is_some_and(|body| Entry::parse(&body).is_ok_and(|entry| entry.metadata.is_some()))
    }

    /// The entries of a span, with the present metadata of their instances if asked for.
    ///
    /// # Errors
    /// The service cannot be reached, refuses, or answers what is no array.
    pub(super) async fn page(&self, span: &Span, metadata: bool) -> Result<Rows, Failure> {
        match self.get(&self.base, &span.query(metadata)).await? {
            Some(body) => page::read(&body, &span.numbers(), self.keeps_raw)
                .ok_or_else(|| malformed("the page is not a complete JSON array")),
            None => Ok(Vec::new()),
        }
    }

    async fn get(&self, url: &str, query: &[(&str, String)]) -> Result<Option<Bytes>, Failure> {
        let request = Outgoing::get(with_query(url, query), "application/json");
        let answer = self.exchange.exchange(request).await.map_err(no_answer)?;
        if !answer.is_success() {
            return Err(refused(&answer));
        }
        Ok(Some(answer.body).filter(|body| !body.is_empty()))
    }
}

fn with_query(url: &str, query: &[(&str, String)]) -> String {
    let start = url.len() + 1;
    form_urlencoded::Serializer::for_suffix(format!("{url}?"), start)
        .extend_pairs(query)
        .finish()
}

fn base(endpoint: &str, version: ApiVersion) -> String {
    format!("{endpoint}/{}/changefeed", version.as_str())
}

fn newest(body: &Bytes) -> Option<Latest> {
    if body.as_ref() == b"null" {
        return Some(Latest::default());
    }
    match Entry::parse(body) {
        Ok(entry) => Some(Latest {
            sequence: entry.sequence,
            timestamp: entry.timestamp,
        }),
        Err(malformed) => malformed.subject.sequence.map(|sequence| Latest {
            sequence,
            timestamp: malformed.timestamp,
        }),
    }
}

fn malformed(what: &str) -> Failure {
    Failure::new(
        classify(Dependency::Dicom, Operation::Read, Symptom::Malformed),
        what,
    )
}

fn no_answer(error: NoAnswer) -> Failure {
    let code = classify(Dependency::Dicom, Operation::Read, error.symptom);
    Failure::new(code, error.reason)
}

fn refused(answer: &Answer) -> Failure {
    let status = answer.status;
    let code = classify(Dependency::Dicom, Operation::Read, Symptom::Status(status));
    Failure {
        retry_after: answer.retry_after,
        ..Failure::new(code, format!("the change feed answered {status}"))
    }
}
