//! Requests to the FHIR server.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use super::Capability;
use super::address::{Base, is_id};
use super::bundle::SearchPage;
use super::outcome::Refusal;
use super::transaction::{self, Request, Response};
use radcast_engine::failure::{Class, Code, Dependency, Failure, Operation, Symptom, classify};
use radcast_http::{Answer, Exchange, HttpExchange, Limit, Outgoing, Prefer};

const FHIR_JSON: &str = "application/fhir+json";

/// How much of an answer is held unless something else is chosen, in bytes.
const MOST: usize = 8 << 20;

/// How many requests are under way at once, unless something else is chosen: each takes memory of its
/// own, whatever the server answers.
const AT_ONCE: usize = 16;

/// Pages of one search at most. The searches are by identifier; only a dose report finds many.
const MAX_PAGES: usize = 1_000;

/// The id of a resource that does not exist.
const NO_RESOURCE: &str = "radcast-no-resource";

/// The parameter by which a search asks for larger pages.
const PAGE_SIZE: &str = "&_count=";

/// The name of a resource.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    resource_type: String,
    id: String,
}

/// The name and the version of a resource.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Versioned {
    resource_type: String,
    id: String,
    meta: VersionedMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VersionedMeta {
    version_id: String,
}

/// A client of one FHIR server.
#[derive(Debug, Clone)]
pub struct FhirClient {
    exchange: Arc<dyn Exchange>,
    base: Base,
    /// Whether the server refused a page size; then none is asked for.
    refuses_page_size: Arc<AtomicBool>,
    /// How much of an answer is held, in bytes.
    most: usize,
    /// Room for one large answer: what it is read into takes several times as much.
    room: Arc<Semaphore>,
    /// Places for the requests that are under way.
    places: Arc<Semaphore>,
    /// Whether failures quote the server's own words.
    shows_text: bool,
}

impl FhirClient {
    /// A client of the server at `endpoint`, whose path is kept.
    ///
    /// # Errors
    /// The HTTP client cannot be built, e.g. without CA certificates.
    pub fn new(endpoint: &Url, timeout: Duration) -> Result<Self, Failure> {
        let exchange = HttpExchange::new(timeout)
            .map_err(|error| Failure::new(Code::FhirUnreachable, error.reason))?;
        Ok(Self::over(Arc::new(exchange), endpoint))
    }

    /// A client that reaches the server at `endpoint` in this way.
    #[must_use]
    pub fn over(exchange: Arc<dyn Exchange>, endpoint: &Url) -> Self {
        Self {
            exchange,
            base: Base::new(endpoint),
            refuses_page_size: Arc::default(),
            most: MOST,
            room: Arc::new(Semaphore::new(1)),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            shows_text: false,
        }
    }

    /// A client that has so many requests under way at once.
    #[must_use]
    pub fn asking_at_once(mut self, requests: usize) -> Self {
        self.places = Arc::new(Semaphore::new(requests.max(1)));
        self
    }

    /// A client whose failures quote the server's own words, if that is so set. They may quote
    /// patients.
    #[must_use]
    pub const fn showing_text(mut self, shows_text: bool) -> Self {
        self.shows_text = shows_text;
        self
    }

    /// A client that holds so many bytes of an answer.
    #[must_use]
    pub const fn holding(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// Whether failures quote the server's own words.
    #[must_use]
    pub const fn shows_text(&self) -> bool {
        self.shows_text
    }

    /// What the server can do (`GET metadata`), checked against what radcast needs.
    ///
    /// # Errors
    /// The server cannot be reached, is of another FHIR version, or has no transactions.
    pub async fn capability(&self) -> Result<Capability, Failure> {
        Capability::check(&self.get(self.base.join("metadata")).await?)
    }

    /// Returns the resources of this type that a query (percent-encoded) finds, all pages of them.
    /// A page size that the server refuses is not asked for again.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, answers what is no bundle, or links to a further page
    /// that cannot be read: what was found until then is not all there is.
    pub async fn search(
        &self,
        resource_type: &str,
        query: &str,
    ) -> Result<Vec<Box<RawValue>>, Failure> {
        self.search_with(resource_type, query, Some).await
    }

    /// As [`Self::search`], of what `read` makes of each resource: what that leaves out is not held.
    ///
    /// # Errors
    /// As of a search.
    pub async fn search_with<R: Send>(
        &self,
        resource_type: &str,
        query: &str,
        read: impl Fn(Box<RawValue>) -> Option<R> + Send + Sync,
    ) -> Result<Vec<R>, Failure> {
        let plain = query.split(PAGE_SIZE).next().unwrap_or(query);
        if plain.len() == query.len() || self.refuses_page_size.load(Ordering::Relaxed) {
            return self.search_pages(resource_type, plain, &read).await;
        }
        match self.search_pages(resource_type, query, &read).await {
            Err(failure) if failure.code == Code::FhirRejected => {
                let found = self.search_pages(resource_type, plain, &read).await?;
                self.refuses_page_size.store(true, Ordering::Relaxed);
                Ok(found)
            }
            outcome => outcome,
        }
    }

    async fn search_pages<R>(
        &self,
        resource_type: &str,
        query: &str,
        read: impl Fn(Box<RawValue>) -> Option<R>,
    ) -> Result<Vec<R>, Failure> {
        let mut found = Vec::new();
        let mut asked = HashSet::new();
        let mut held = 0;
        let mut next = Some(self.base.join(&format!("{resource_type}?{query}")));
        while let Some(url) = next {
            if asked.len() == MAX_PAGES || !asked.insert(url.clone()) {
                return Err(malformed(
                    Operation::Read,
                    "the pages of a search do not end",
                ));
            }
            let body = self.get(url).await?;
            held += body.len();
            if held > self.most {
                return Err(self.too_large());
            }
            let page = search_page(&body)?;
            next = match page.next() {
                None => None,
                Some(link) => Some(self.base.follow(resource_type, link).ok_or_else(|| {
                    malformed(
                        Operation::Read,
                        "the next page of a search cannot be asked for",
                    )
                })?),
            };
            // The answer is held until it has been read: a large one has others wait.
            found.extend(page.matches().filter_map(&read));
            drop(body);
        }
        Ok(found)
    }

    /// Reads a resource; `None` when there is none of this id, or none any more.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, or answers another resource than this one.
    pub async fn read(
        &self,
        resource_type: &str,
        id: &str,
    ) -> Result<Option<Box<RawValue>>, Failure> {
        let url = self.base.join(&format!("{resource_type}/{id}"));
        let answer = self.exchange(self.request(url), Operation::Read).await?;
        if matches!(answer.status, 404 | 410) {
            return Ok(None);
        }
        if !answer.is_success() {
            return Err(self.refused(Operation::Read, &answer));
        }
        let named: Option<Named> = serde_json::from_slice(&answer.body).ok();
        let is_this = named.is_some_and(|it| it.resource_type == resource_type && it.id == id);
        let resource = serde_json::from_slice(&answer.body)
            .ok()
            .filter(|_| is_this);
        let wrong = || malformed(Operation::Read, "the answer to a read is another resource");
        resource.map(Some).ok_or_else(wrong)
    }

    /// Whether this is the present version (`meta.versionId`) of a resource, which is read and not
    /// searched for: searches may lag behind.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, or answers what is no resource.
    pub async fn is_present(
        &self,
        resource_type: &str,
        id: &str,
        version: &str,
    ) -> Result<bool, Failure> {
        let url = self.base.join(&format!("{resource_type}/{id}"));
        // Of another form it would be no header, perhaps.
        let etag = Some(format!("W/\"{version}\""));
        let request = Outgoing {
            if_none_match: etag.filter(|_| is_id(version)),
            ..self.request(url)
        };
        let answer = self.exchange(request, Operation::Read).await?;
        match answer.status {
            304 => return Ok(true),
            404 | 410 => return Ok(false),
            _ => {}
        }
        if !answer.is_success() {
            return Err(self.refused(Operation::Read, &answer));
        }
        let read: Option<Versioned> = serde_json::from_slice(&answer.body).ok();
        let read = read.filter(|read| read.id == id && read.resource_type == resource_type);
        let read = read.ok_or_else(|| {
            malformed(
                Operation::Read,
                "the answer to a read is another resource, or has no version",
            )
        })?;
        Ok(read.meta.version_id == version)
    }

    /// Carries out all of these requests, or none. Their resources are dropped. Where anything is
    /// created the answers hold what is stored now, if the server gives it.
    ///
    /// # Errors
    /// The server cannot be reached or refuses, or its answer does not answer the requests.
    pub async fn transaction(&self, requests: &mut [Request]) -> Result<Vec<Response>, Failure> {
        let bundle = Request::bundle(requests)
            .map_err(|error| Failure::new(Code::InternalPanic, error.to_string()))?;
        requests.iter_mut().for_each(Request::drop_resource);
        let creates = requests.iter().any(Request::creates);
        let request = Outgoing {
            body: Some(bundle.into()),
            prefer: if creates {
                Prefer::Representation
            } else {
                Prefer::Minimal
            },
            ..self.request(self.base.root().to_owned())
        };
        transaction::check(requests, &self.send(request, Operation::Transaction).await?)
    }

    /// Posts a transaction that changes nothing: it deletes a resource that is not there. A server
    /// whose reads work may refuse every write.
    ///
    /// # Errors
    /// The server cannot be reached, or what answers is not a FHIR server that takes transactions. A
    /// refusal in FHIR's own words is no error.
    pub async fn test_transaction(&self) -> Result<(), Failure> {
        let nothing = Request::Delete {
            resource_type: "ImagingStudy".to_owned(),
            id: NO_RESOURCE.to_owned(),
            version: "1".to_owned(),
        };
        match self.transaction(&mut [nothing]).await {
            Err(failure)
                if failure.answer.is_some()
                    && matches!(failure.class(), Class::Conflict | Class::Fhir) =>
            {
                Ok(())
            }
            outcome => outcome.map(drop),
        }
    }

    fn request(&self, url: String) -> Outgoing {
        Outgoing::get(url, FHIR_JSON, Limit::of(self.most).within(&self.room))
    }

    async fn get(&self, url: String) -> Result<Bytes, Failure> {
        self.send(self.request(url), Operation::Read).await
    }

    async fn send(&self, request: Outgoing, operation: Operation) -> Result<Bytes, Failure> {
        let answer = self.exchange(request, operation).await?;
        if answer.is_success() {
            return Ok(answer.body);
        }
        Err(self.refused(operation, &answer))
    }

    fn too_large(&self) -> Failure {
        let code = classify(Dependency::Fhir, Operation::Read, Symptom::TooLarge);
        let message = format!("the pages of a search are larger than {} bytes", self.most);
        Failure::new(code, message)
    }

    fn refused(&self, operation: Operation, answer: &Answer) -> Failure {
        let status = answer.status;
        let refusal = Refusal::read(&answer.body);
        let symptom = if matches!(status, 400 | 422) && refusal.tells_of_precondition() {
            Symptom::PreconditionInText
        } else {
            Symptom::Status(status)
        };
        let text = match self.shows_text {
            true => refusal.text(),
            false => refusal.known(),
        };
        let status = answer.status_in_words();
        let message = match text.is_empty() {
            true => format!("the server answered {status}"),
            false => format!("the server answered {status}: {text}"),
        };
        Failure {
            retry_after: answer.retry_after,
            answer: refusal.answer(&answer.body),
            ..Failure::new(classify(Dependency::Fhir, operation, symptom), message)
        }
    }

    async fn exchange(&self, request: Outgoing, operation: Operation) -> Result<Answer, Failure> {
        // Never closed; each place is free again when its request has been answered or given up.
        let _place = self.places.acquire().await;
        self.exchange.exchange(request).await.map_err(|error| {
            let code = classify(Dependency::Fhir, operation, error.symptom);
            Failure::new(code, error.reason)
        })
    }
}

fn search_page(body: &[u8]) -> Result<SearchPage, Failure> {
    // The parser's own words may quote the answer, and with it a patient.
    let page = serde_json::from_slice(body).ok();
    page.filter(|page: &SearchPage| page.resource_type == "Bundle")
        .ok_or_else(|| malformed(Operation::Read, "the answer to a search is no bundle"))
}

/// The failure of an answer that does not answer the request.
fn malformed(operation: Operation, message: &str) -> Failure {
    let code = classify(Dependency::Fhir, operation, Symptom::Malformed);
    Failure::new(code, message)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_redirect_of_a_transaction_is_not_followed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/fhir", listener.local_addr().unwrap());
        let client = FhirClient::new(&base.parse().unwrap(), TIMEOUT).unwrap();
        let redirect = async {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
                let head = "HTTP/1.1 301 Moved\r\nconnection: close\r\ncontent-length: 0";
                let answer = format!("{head}\r\nlocation: {base}/elsewhere\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        let refused = tokio::select! {
            answer = client.transaction(&mut []) => answer.unwrap_err(),
            () = redirect => unreachable!(),
        };
        assert_eq!(refused.code, Code::FhirWrongAddress);
        assert!(refused.message.contains("301"), "{refused}");
    }
}
