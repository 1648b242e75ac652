//! Requests to the FHIR server.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use reqwest::redirect::Policy;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Capability;
use super::bundle::SearchPage;
use super::outcome::Refusal;
use super::transaction::{self, Request, Response};
use crate::auth::{Answer, Exchange, HttpExchange, Outgoing};
use crate::failure::{Code, Dependency, Failure, Operation, Symptom, classify};

const FHIR_JSON: &str = "application/fhir+json";

/// How many pages of a search are read: an identifier finds one resource, or a few too many.
const MOST_PAGES: usize = 10;

/// What is read of a resource to know its version.
#[derive(Deserialize)]
struct Versioned {
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
    base: String,
}

impl FhirClient {
    /// A client of the server at `endpoint`, whose path is kept.
    ///
    /// # Errors
    /// The HTTP client cannot be built, e.g. without CA certificates.
    pub fn new(endpoint: &Url, timeout: Duration) -> Result<Self, Failure> {
        // A redirected POST would go on as a GET.
        let exchange = HttpExchange::new(timeout, Policy::none())
            .map_err(|error| Failure::new(Code::FhirUnreachable, error.reason))?;
        Ok(Self::over(Arc::new(exchange), endpoint))
    }

    /// A client that reaches the server at `endpoint` in this way.
    #[must_use]
    pub fn over(exchange: Arc<dyn Exchange>, endpoint: &Url) -> Self {
        Self {
            exchange,
            base: endpoint.as_str().trim_end_matches('/').to_owned(),
        }
    }

    /// What the server can do (`GET metadata`), checked against what radcast needs.
    ///
    /// # Errors
    /// The server cannot be reached, is of another FHIR version, or has no transactions.
    pub async fn capability(&self) -> Result<Capability, Failure> {
        Capability::check(&self.get(format!("{}/metadata", self.base)).await?)
    }

    /// The resources of this type that a query (percent-encoded) finds, all pages of them.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, or answers what is no bundle.
    pub async fn search(
        &self,
        resource_type: &str,
        query: &str,
    ) -> Result<Vec<Box<RawValue>>, Failure> {
        let mut found = Vec::new();
        let mut next = Some(format!("{}/{resource_type}?{query}", self.base));
        for _ in 0..MOST_PAGES {
            let Some(url) = next else { break };
            let body = self.get(url).await?;
            let page = search_page(&body)?;
            next = page
                .next()
                .and_then(|link| self.on_this_server(resource_type, link));
            found.extend(page.matches());
        }
        Ok(found)
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
        let url = format!("{}/{resource_type}/{id}", self.base);
        // Of another form than R4's `id` it would be no header, perhaps.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let etag = Some(format!("W/\"{version}\""));
        let request = Outgoing {
            if_none_match: etag.filter(|_| version.bytes().all(is_plain)),
            ..Outgoing::get(url, FHIR_JSON)
        };
        let answer = self.exchange(request, Operation::Read).await?;
        match answer.status {
            304 => return Ok(true),
            404 | 410 => return Ok(false),
            _ => {}
        }
        if !answer.is_success() {
            return Err(refused(Operation::Read, &answer));
        }
        let read: Versioned = serde_json::from_slice(&answer.body).map_err(|_| {
            let code = classify(Dependency::Fhir, Operation::Read, Symptom::Malformed);
            Failure::new(code, "the answer to a read is no resource with a version")
        })?;
        Ok(read.meta.version_id == version)
    }

    /// Carries out all of these requests, or none. Their resources are dropped.
    ///
    /// # Errors
    /// The server cannot be reached or refuses, or its answer does not answer the requests.
    pub async fn transaction(&self, requests: &mut [Request]) -> Result<Vec<Response>, Failure> {
        let bundle = Request::bundle(requests)
            .map_err(|error| Failure::new(Code::InternalPanic, error.to_string()))?;
        requests.iter_mut().for_each(Request::drop_resource);
        let request = Outgoing {
            body: Some(bundle.into()),
            ..Outgoing::get(self.base.clone(), FHIR_JSON)
        };
        transaction::check(requests, &self.send(request, Operation::Transaction).await?)
    }

    async fn get(&self, url: String) -> Result<Bytes, Failure> {
        self.send(Outgoing::get(url, FHIR_JSON), Operation::Read)
            .await
    }

    async fn send(&self, request: Outgoing, operation: Operation) -> Result<Bytes, Failure> {
        let answer = self.exchange(request, operation).await?;
        if answer.is_success() {
            return Ok(answer.body);
        }
        Err(refused(operation, &answer))
    }

    async fn exchange(&self, request: Outgoing, operation: Operation) -> Result<Answer, Failure> {
        self.exchange.exchange(request).await.map_err(|error| {
            let code = classify(Dependency::Fhir, operation, error.symptom);
            Failure::new(code, error.reason)
        })
    }

    /// A next link at the configured address: behind a gateway a server may tell another one.
    fn on_this_server(&self, resource_type: &str, link: &str) -> Option<String> {
        let (address, query) = link.split_once('?')?;
        let last = address.trim_end_matches('/').rsplit('/').next();
        if last == Some(resource_type) {
            return Some(format!("{}/{resource_type}?{query}", self.base));
        }
        Some(format!("{}?{query}", self.base))
    }
}

fn search_page(body: &[u8]) -> Result<SearchPage, Failure> {
    // The parser's own words may quote the answer, and with it a patient.
    let page = serde_json::from_slice(body).ok();
    page.filter(|page: &SearchPage| page.resource_type == "Bundle")
        .ok_or_else(|| {
            let code = classify(Dependency::Fhir, Operation::Read, Symptom::Malformed);
            Failure::new(code, "the answer to a search is no bundle")
        })
}

fn refused(operation: Operation, answer: &Answer) -> Failure {
    let status = answer.status;
    let refusal = Refusal::read(&answer.body);
    let symptom = if matches!(status, 400 | 422) && refusal.tells_of_precondition() {
        Symptom::PreconditionInText
    } else {
        Symptom::Status(status)
    };
    let text = refusal.text();
    let message = if text.is_empty() {
        format!("the server answered {status}")
    } else {
        format!("the server answered {status}: {text}")
    };
    Failure {
        retry_after: answer.retry_after,
        answer: refusal.answer(&answer.body),
        ..Failure::new(classify(Dependency::Fhir, operation, symptom), message)
    }
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

    #[test]
    fn a_next_link_leads_to_the_configured_address() {
        let client = FhirClient::new(&"http://gate/fhir".parse().unwrap(), TIMEOUT).unwrap();
        let next = |link| client.on_this_server("Patient", link);
        for link in ["https://inner/r4/Patient?page=2", "Patient?page=2"] {
            assert_eq!(
                next(link).as_deref(),
                Some("http://gate/fhir/Patient?page=2")
            );
        }
        assert_eq!(
            next("https://inner/r4?_getpages=7").as_deref(),
            Some("http://gate/fhir?_getpages=7")
        );
    }
}
