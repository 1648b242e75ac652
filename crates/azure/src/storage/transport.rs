//! The way to the storage account: one pooled client whose requests end in time, for crates that
//! would otherwise open a connection a request and wait for ever.

use std::time::Duration;

use async_trait::async_trait;
use azure_core_021::error::{Error, ErrorKind};
use azure_core_021::headers::{HeaderName, Headers};
use azure_core_021::{Body, BytesStream, HttpClient, Request, RequestId, Response, StatusCode};
use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, redirect};

use super::trouble::{Refused, Unanswered};
use radcast_engine::failure::{Code, Failure};
use radcast_http::describe;
use radcast_http::read_within;

/// How long a connection waits for its next request: less than the 5 seconds after which services on
/// Node.js (Azurite) and some proxies hang up, perhaps while a request is on its way.
const LONGEST_IDLE: Duration = Duration::from_secs(4);

/// A pooled HTTP client for the storage crates.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    http: reqwest::Client,
    /// The most that is held of an answer, in bytes.
    most: usize,
}

impl Transport {
    /// A client whose requests take this long at most, and whose answers are as long at most.
    pub(super) fn new(timeout: Duration, most: usize) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .timeout(timeout)
            .pool_idle_timeout(LONGEST_IDLE)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| Failure::new(Code::StoreUnavailable, describe(error)))?;
        Ok(Self { http, most })
    }

    fn request(&self, request: &Request) -> azure_core_021::Result<reqwest::RequestBuilder> {
        let method = Method::from_bytes(request.method().as_ref().as_bytes());
        let method = method.map_err(|error| Error::new(ErrorKind::DataConversion, error))?;
        let Body::Bytes(body) = request.body() else {
            return Err(Error::message(ErrorKind::Other, "a streamed body"));
        };
        let mut onward = self
            .http
            .request(method, request.url().clone())
            .body(body.clone());
        for (name, value) in request.headers().iter() {
            let mut value = HeaderValue::from_str(value.as_str())
                .map_err(|error| Error::new(ErrorKind::DataConversion, error))?;
            value.set_sensitive(name.as_str() == "authorization");
            onward = onward.header(name.as_str(), value);
        }
        Ok(onward)
    }
}

#[async_trait]
impl HttpClient for Transport {
    /// Every answer but success is an error of our own kind, which tells status and error code.
    async fn execute_request(&self, request: &Request) -> azure_core_021::Result<Response> {
        let unanswered = |error| Error::new(ErrorKind::Io, Unanswered::from(error));
        let answer = self.request(request)?.send().await.map_err(unanswered)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = read_within(answer, self.most).await;
        let body = body.map_err(|error| Error::new(ErrorKind::Io, Unanswered::from(error)))?;
        if !status.is_success() {
            let refused = Refused::read(status.as_u16(), &headers, &body);
            return Err(Error::new(ErrorKind::Other, refused));
        }
        if !is_of_storage(&headers) {
            return Err(Error::new(ErrorKind::Other, Unanswered::foreign()));
        }
        let status = StatusCode::try_from(status.as_u16())
            .map_err(|error| Error::message(ErrorKind::DataConversion, error.to_string()))?;
        Ok(response(status, &headers, body))
    }
}

/// Whether a storage account wrote this: a proxy's own page has none of these.
fn is_of_storage(headers: &HeaderMap) -> bool {
    headers
        .keys()
        .any(|name| name.as_str().starts_with("x-ms-"))
}

fn response(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Response {
    let body = Box::pin(BytesStream::new(body));
    Response::new(status, complete(headers), body)
}

/// The headers of an answer, with those added that the storage crates insist on: a proxy may have
/// taken them away, or a request id may be no GUID, of a write that was carried out.
fn complete(received: &HeaderMap) -> Headers {
    const REQUIRED: [(&str, &str); 5] = [
        ("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("preference-applied", "return-no-content"),
        ("server", "unknown"),
        ("x-ms-request-server-encrypted", "true"),
        ("x-ms-version", "unknown"),
    ];
    let mut headers = Headers::new();
    for (name, value) in received {
        if let Ok(value) = value.to_str() {
            let name = HeaderName::from(name.as_str().to_owned());
            headers.insert(name, value.to_owned());
        }
    }
    for (name, value) in REQUIRED {
        if !received.contains_key(name) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    let id = received.get("x-ms-request-id");
    let id: Option<RequestId> = id.and_then(|id| id.to_str().ok()?.parse().ok());
    headers.insert(
        HeaderName::from_static("x-ms-request-id"),
        id.unwrap_or_default().to_string(),
    );
    headers
}

#[cfg(test)]
mod tests {
    use azure_core_021::Method;

    use super::*;
    use crate::storage::trouble::Trouble;
    use radcast_engine::failure::{Dependency, Operation};
    use radcast_http::endless::{Peer, WAYS};

    /// The code and text of what comes of a request whose answer has no end.
    async fn failed(transport: &Transport, peer: &Peer, method: Method) -> Failure {
        let request = Request::new(peer.address.parse().unwrap(), method);
        let error = transport.execute_request(&request).await.unwrap_err();
        match Trouble::of(Dependency::Tables, Operation::Read, &error) {
            Trouble::Failed(failure) => failure,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn no_answer_is_held_beyond_its_bounds_however_it_is_sent() {
        let most = 64 << 10;
        let transport = Transport::new(Duration::from_secs(60), most).unwrap();
        for way in WAYS {
            for method in [
                Method::Get,
                Method::Put,
                Method::Post,
                Method::Merge,
                Method::Delete,
            ] {
                let peer = Peer::answering(200, way).await;
                let failure = failed(&transport, &peer, method).await;
                assert_eq!(failure.code, Code::StoreInvalidResponse, "{way:?} {method}");
                assert!(failure.message.contains("larger than 65536"), "{failure}");
                let peer = Peer::answering(503, way).await;
                let failure = failed(&transport, &peer, method).await;
                assert_eq!(failure.code, Code::StoreTooBusy, "{way:?} {method}");
            }
        }
    }
}
