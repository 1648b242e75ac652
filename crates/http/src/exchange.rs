//! One request and its answer. Whoever asks a service does so through [`Exchange`], which is where
//! credentials are added, and where a simulation takes the service's place.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, IF_NONE_MATCH, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Response};

use super::body::{Limit, gather};
use super::buffers::Buffers;
use super::deadline::Deadline;
use super::{describe, retry_after, symptom};
use radcast_engine::failure::Symptom;

/// The part of a written resource that the answer should hold (RFC 7240, 4.2; R4 HTTP 3.1.0.1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prefer {
    /// Nothing of it.
    #[default]
    Minimal,
    /// The whole resource as it is stored.
    Representation,
}

impl Prefer {
    /// The value of the header `Prefer`.
    const fn header(self) -> &'static str {
        match self {
            Self::Minimal => "return=minimal",
            Self::Representation => "return=representation",
        }
    }
}

/// A request.
#[derive(Clone)]
pub struct Outgoing {
    /// Its address with the query. The query may name a patient.
    pub url: String,
    /// The media type that is wanted.
    pub accept: &'static str,
    /// What is posted, of the media type that is wanted; without it the request is a `GET`.
    pub body: Option<Bytes>,
    /// The part of the written resources that the answer should hold; for what is posted.
    pub prefer: Prefer,
    /// The entity tag of what is known already: where it is still that, the service may answer 304
    /// and nothing else (RFC 9110, 13.1.2; R4 HTTP 3.1.0.5.1).
    pub if_none_match: Option<String>,
    /// The largest answer that is held.
    pub limit: Limit,
}

impl Outgoing {
    /// A `GET`, of whose answer so much is held.
    #[must_use]
    pub const fn get(url: String, accept: &'static str, limit: Limit) -> Self {
        Self {
            url,
            accept,
            body: None,
            prefer: Prefer::Minimal,
            if_none_match: None,
            limit,
        }
    }
}

impl fmt::Debug for Outgoing {
    /// Tells the method alone: address and body may hold patient data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        f.debug_tuple("Outgoing").field(&method).finish()
    }
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// How long its head asks to wait (`Retry-After` and its like).
    pub retry_after: Option<Duration>,
    /// The address that a redirect points to, without credentials and what follows the path.
    pub location: Option<String>,
    /// The body, complete.
    pub body: Bytes,
}

impl Answer {
    /// The status in words; of a redirect with the address that it points to.
    #[must_use]
    pub fn status_in_words(&self) -> String {
        match &self.location {
            Some(address) if self.status / 100 == 3 => {
                format!(
                    "{}, a redirect to {address}, which is not followed",
                    self.status
                )
            }
            _ => self.status.to_string(),
        }
    }

    /// Whether the status is of the 2xx range.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status / 100 == 2
    }
}

/// Why there is no answer.
#[derive(Debug, Clone)]
pub struct TransportError {
    /// What it looks like from here.
    pub symptom: Symptom,
    /// The particulars, without address.
    pub reason: String,
}

impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        Self {
            symptom: symptom(&error),
            reason: describe(error),
        }
    }
}

/// Carries a request to a service and its answer back.
#[async_trait]
pub trait Exchange: fmt::Debug + Send + Sync + 'static {
    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// There is no complete answer.
    async fn exchange(&self, request: Outgoing) -> Result<Answer, TransportError>;
}

/// The most that the service may send of an HTTP/2 answer that is not being read, in bytes (RFC 9113,
/// 5.2).
const UNREAD: u32 = 256 << 10;

/// The most answers that wait to be read on one HTTP/2 connection while another one goes on.
const MAX_WAITING: u32 = 128;

/// Over HTTP, with one pool of connections.
#[derive(Debug, Clone)]
pub struct HttpExchange {
    client: reqwest::Client,
    buffers: Buffers,
    timeout: Duration,
}

impl HttpExchange {
    /// `timeout` bounds one request with its answer, but for the time that a large answer waits for its
    /// turn. Redirects are not followed: what was sent is for the configured host alone.
    ///
    /// # Errors
    /// The HTTP client cannot be built, e.g. without CA certificates.
    pub fn new(timeout: Duration) -> Result<Self, TransportError> {
        Self::of(Self::client(), timeout)
    }

    fn of(client: ClientBuilder, timeout: Duration) -> Result<Self, TransportError> {
        Ok(Self {
            client: client.build()?,
            buffers: Buffers::default(),
            timeout,
        })
    }

    fn client() -> ClientBuilder {
        reqwest::Client::builder()
            .redirect(Policy::none())
            .http2_initial_stream_window_size(UNREAD)
            .http2_initial_connection_window_size(UNREAD * MAX_WAITING)
    }
}

#[async_trait]
impl Exchange for HttpExchange {
    async fn exchange(&self, request: Outgoing) -> Result<Answer, TransportError> {
        let Outgoing {
            url,
            accept,
            body,
            prefer,
            if_none_match,
            limit,
        } = request;
        let mut request = match body {
            Some(body) => {
                let request = self
                    .client
                    .post(url)
                    .header(CONTENT_TYPE, accept)
                    .body(body);
                request.header("prefer", prefer.header())
            }
            // What a cache between us and the service has kept is not the present state.
            None => self.client.get(url).header(CACHE_CONTROL, "no-cache"),
        };
        if let Some(etag) = if_none_match {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let mut deadline = Deadline::after(self.timeout);
        let response = request.header(ACCEPT, accept).send();
        let response = deadline.keep(response).await?;
        Ok(Answer {
            status: response.status().as_u16(),
            retry_after: retry_after(response.headers()),
            location: location(&response),
            body: gather(response, &limit, &self.buffers, &mut deadline).await?,
        })
    }
}

/// The address that a redirect points to.
fn location(response: &Response) -> Option<String> {
    let header = response.headers().get(LOCATION)?.to_str().ok()?;
    let mut address = response.url().join(header).ok()?;
    // An address that cannot have credentials has none.
    let _ = address.set_username("");
    let _ = address.set_password(None);
    address.set_query(None);
    address.set_fragment(None);
    Some(address.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use futures_util::future::join_all;
    use hyper::server::conn::http2;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use hyper_util::service::TowerToHyperService;
    use tokio::net::TcpListener;
    use tokio::sync::Semaphore;
    use tokio::task::JoinSet;

    use super::*;

    const LARGE: usize = 4 << 20;

    /// Serves a large answer at every path, over HTTP/2 alone.
    async fn serve(listener: TcpListener) {
        let app = Router::new().fallback(|| async { vec![b'x'; LARGE] });
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(app.clone());
            let http = http2::Builder::new(TokioExecutor::new());
            connections.spawn(http.serve_connection(TokioIo::new(stream), service));
        }
    }

    #[tokio::test]
    async fn large_answers_over_one_connection_wait_for_their_turn_and_all_come() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(serve(listener));
        let client = HttpExchange::client().no_proxy().http2_prior_knowledge();
        let exchange = HttpExchange::of(client, Duration::from_secs(20)).unwrap();
        let room = Arc::new(Semaphore::new(1));
        let asked = (0..16).map(|n| {
            let limit = Limit::of(2 * LARGE).within(&room);
            exchange.exchange(Outgoing::get(
                format!("http://{address}/{n}"),
                "text/plain",
                limit,
            ))
        });
        let lengths = asked.map(async |answer| answer.await.map(|it| it.body.len()));
        for length in join_all(lengths).await {
            assert_eq!(length.unwrap(), LARGE);
        }
    }
}
