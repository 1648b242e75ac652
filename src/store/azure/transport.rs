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
use crate::failure::{Code, Failure, describe};

/// A pooled HTTP client for the storage crates.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    http: reqwest::Client,
}

impl Transport {
    /// A client whose requests take this long at most.
    pub(super) fn new(timeout: Duration) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .timeout(timeout)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| Failure::new(Code::StoreUnavailable, describe(error)))?;
        Ok(Self { http })
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
        let body = answer.bytes().await.map_err(unanswered)?;
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
