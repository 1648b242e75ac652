//! Requests to the change feed, and what their failure means.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::Url;

use super::condense;
use super::entry::parse;
use super::page::{self, NoPage, PageAnswer};
use super::span::Span;
use super::{timestamp, unreliable};
use crate::ApiVersion;
use radcast_dicom::Want;
use radcast_engine::failure::{Code, Dependency, Failure, Operation, Symptom, classify};
use radcast_engine::feed::EntryIdentity;
use radcast_http::{Answer, Exchange, HttpExchange, Limit, Outgoing, TransportError};

/// The status that says that there is nothing.
const NO_CONTENT: u16 = 204;

/// A client of one service's change feed in one API version.
#[derive(Debug, Clone)]
pub struct FeedClient {
    exchange: Arc<dyn Exchange>,
    endpoint: String,
    base: String,
    version: ApiVersion,
    keeps_raw: bool,
    limit: Limit,
}

/// The newest entry of the feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latest {
    /// Its sequence; 0 while the feed is empty.
    pub sequence: u64,
    /// When it happened.
    pub timestamp: Option<Timestamp>,
}

/// The newest entry of the feed, and what it is known again by.
#[derive(Debug, Default)]
pub(super) struct Newest {
    pub(super) latest: Latest,
    pub(super) identity: Option<EntryIdentity>,
    /// Whether the answer was one of success without a body: an empty feed, or no answer at all.
    pub(super) without_body: bool,
}

/// How much of an answer is held unless something else is chosen, in bytes.
const MOST: usize = 16 << 20;

/// How far before the beginning of a span a time may be: services cut and round.
const TOLERANCE: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

impl FeedClient {
    /// A client of the service at `endpoint`, whose path is kept.
    ///
    /// # Errors
    /// The HTTP client cannot be built, e.g. without CA certificates.
    pub fn new(endpoint: &Url, version: ApiVersion, timeout: Duration) -> Result<Self, Failure> {
        let exchange = HttpExchange::new(timeout)
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
            limit: Limit::of(MOST),
        }
    }

    /// A client that keeps the text of every entry beside it, if `keeps_raw`: as long as one entry
    /// of an answer is there, the whole answer is.
    #[must_use]
    pub fn keeping_raw(mut self, keeps_raw: bool) -> Self {
        self.keeps_raw = keeps_raw;
        self
    }

    /// A client that holds so many bytes of an answer; of one that is large only the attributes that
    /// are wanted, the rest is passed over.
    #[must_use]
    pub fn holding(mut self, most: usize, want: Want) -> Self {
        self.limit = condense::limit(most, want);
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

    /// The address of the service, without credentials and what follows the path.
    pub(super) fn address(&self) -> String {
        let Ok(mut address) = Url::parse(&self.endpoint) else {
            return String::new();
        };
        // An address that cannot have credentials has none.
        let _ = address.set_username("");
        let _ = address.set_password(None);
        address.set_query(None);
        address.set_fragment(None);
        address.as_str().trim_end_matches('/').to_owned()
    }

    /// The newest entry of the feed.
    ///
    /// # Errors
    /// The service cannot be reached, refuses, or answers what is no entry.
    pub async fn latest(&self) -> Result<Latest, Failure> {
        Ok(self.newest().await?.latest)
    }

    /// As [`FeedClient::latest`], with the identity of the entry.
    pub(super) async fn newest(&self) -> Result<Newest, Failure> {
        let url = format!("{}/latest", self.base);
        let query = [("includeMetadata", "false".to_owned())];
        let answer = self.get(&url, &query).await?;
        if answer.body.is_empty() {
            return Ok(Newest {
                without_body: answer.status != NO_CONTENT,
                ..Newest::default()
            });
        }
        newest(&answer.body).ok_or_else(|| malformed("the latest entry cannot be read"))
    }

    /// Whether the newest entry can be read together with its metadata: the service then works,
    /// whatever a page answers.
    pub(super) async fn reads_metadata(&self) -> bool {
        let url = format!("{}/latest", self.base);
        let query = [("includeMetadata", "true".to_owned())];
        let newest = self.get(&url, &query).await;
        newest.is_ok_and(|newest| parse(&newest.body).is_ok_and(|entry| entry.data.is_some()))
    }

    /// The entries of a span, with the present metadata of their instances if asked for.
    ///
    /// # Errors
    /// The service cannot be reached, refuses, or answers what is no array; or the answer is none to
    /// the question: it has no body, or most of its entries are of another span.
    pub(super) async fn page(&self, span: &Span, metadata: bool) -> Result<PageAnswer, Failure> {
        let answer = self.get(&self.base, &span.query(metadata)).await?;
        if answer.body.is_empty() {
            return Err(unreliable("a page was answered without a body"));
        }
        let most = span.most();
        let page = page::read(&answer.body, &span.numbers(), most, self.keeps_raw);
        let mut page = page.map_err(|no_page| match no_page {
            NoPage::NotAnArray => malformed("the page is not a complete JSON array"),
            NoPage::TooMany => unreliable(format!(
                "a page of at most {most} entries holds more than that"
            )),
        })?;
        page.strays += earlier(&page, span);
        let (strays, all) = (page.strays, page.rows.len());
        if strays * 2 > all {
            let text = format!("{strays} of {all} entries of a page are none that were asked for");
            return Err(unreliable(text));
        }
        Ok(page)
    }

    /// How much of an answer is held.
    pub(super) fn limit(&self) -> Limit {
        self.limit.clone()
    }

    /// The address of the service in this version.
    pub(super) fn service(&self) -> String {
        format!("{}/{}", self.endpoint, self.version.as_str())
    }

    pub(super) async fn exchange(&self, request: Outgoing) -> Result<Answer, TransportError> {
        self.exchange.exchange(request).await
    }

    async fn get(&self, url: &str, query: &[(&str, String)]) -> Result<Answer, Failure> {
        let url = with_query(url, query);
        let request = Outgoing::get(url, "application/json", self.limit.clone());
        let answer = self.exchange.exchange(request).await.map_err(no_answer)?;
        if !answer.is_success() {
            return Err(refused("the change feed", &answer));
        }
        Ok(answer)
    }
}

/// How many entries happened before the time from which on they were asked for.
fn earlier(page: &PageAnswer, span: &Span) -> usize {
    let Span::Rows {
        from: Some(from), ..
    } = span
    else {
        return 0;
    };
    let times = page.rows.iter().filter_map(timestamp);
    times
        .filter(|time| from.duration_since(*time) > TOLERANCE)
        .count()
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

fn newest(body: &Bytes) -> Option<Newest> {
    if body.as_ref() == b"null" {
        return Some(Newest::default());
    }
    match parse(body) {
        Ok(entry) => Some(Newest {
            latest: Latest {
                sequence: entry.sequence,
                timestamp: entry.timestamp,
            },
            identity: entry.identity(),
            without_body: false,
        }),
        Err(malformed) => malformed.subject.sequence.map(|sequence| Newest {
            latest: Latest {
                sequence,
                timestamp: malformed.timestamp,
            },
            ..Newest::default()
        }),
    }
}

pub(super) fn malformed(what: &str) -> Failure {
    Failure::new(
        classify(Dependency::Dicom, Operation::Read, Symptom::Malformed),
        what,
    )
}

pub(super) fn no_answer(error: TransportError) -> Failure {
    let code = classify(Dependency::Dicom, Operation::Read, error.symptom);
    Failure::new(code, error.reason)
}

/// What the service answered with a refusal when it was asked for `what`.
pub(super) fn refused(what: &str, answer: &Answer) -> Failure {
    let status = answer.status;
    let code = classify(Dependency::Dicom, Operation::Read, Symptom::Status(status));
    let message = format!("{what} answered {}", answer.status_in_words());
    Failure {
        retry_after: answer.retry_after,
        ..Failure::new(code, message)
    }
}
