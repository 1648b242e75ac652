//! What passes between a client and the FHIR server: counted, delayed, kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The wire to one server. Clones share what is counted.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    latency: Duration,
    traffic: Arc<Mutex<Traffic>>,
}

/// What has passed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traffic {
    /// Requests by what they are.
    pub(crate) requests: BTreeMap<&'static str, u64>,
    /// Bytes of bodies and of addresses with their queries.
    pub(crate) bytes_to_server: u64,
    pub(crate) bytes_from_server: u64,
    /// When the first transaction was answered with success.
    pub(crate) first_resource: Option<Instant>,
    /// Transactions that were under way at one time.
    pub(crate) most_at_once: usize,
    at_once: usize,
    /// Answers other than success, by status.
    pub(crate) refusals: BTreeMap<u16, u64>,
    kept: Option<Vec<Exchange>>,
}

/// A transaction that succeeded.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) request: Bytes,
    pub(crate) answer: Bytes,
}

impl Traffic {
    pub(crate) fn total(&self) -> u64 {
        self.requests.values().sum()
    }
}

impl Wire {
    /// A wire that answers this much later, and keeps the transactions if `keeps`.
    pub(crate) fn new(latency: Duration, keeps: bool) -> Self {
        let traffic = Traffic {
            kept: keeps.then(Vec::new),
            ..Traffic::default()
        };
        Self {
            latency,
            traffic: Arc::new(Mutex::new(traffic)),
        }
    }

    /// What has passed so far, without the transactions.
    pub(crate) fn traffic(&self) -> Traffic {
        let mut traffic = self.lock();
        let kept = traffic.kept.take();
        let copy = traffic.clone();
        traffic.kept = kept;
        copy
    }

    /// The transactions kept, in the order of their answers.
    pub(crate) fn take_kept(&self) -> Vec<Exchange> {
        self.lock().kept.take().unwrap_or_default()
    }

    /// Middleware.
    pub(crate) async fn pass(State(wire): State<Self>, request: Request, next: Next) -> Response {
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, usize::MAX).await else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        let kind = kind(&parts.method, parts.uri.path());
        let address = parts
            .uri
            .path_and_query()
            .map_or(0, |text| text.as_str().len());
        wire.begin(kind, address + body.len());
        tokio::time::sleep(wire.latency).await;
        let request = Request::from_parts(parts, Body::from(body.clone()));
        let (parts, answer) = next.run(request).await.into_parts();
        let Ok(answer) = to_bytes(answer, usize::MAX).await else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        wire.end(kind, parts.status, body, answer.clone());
        Response::from_parts(parts, Body::from(answer))
    }

    fn begin(&self, kind: &'static str, bytes: usize) {
        let mut traffic = self.lock();
        *traffic.requests.entry(kind).or_default() += 1;
        traffic.bytes_to_server += bytes as u64;
        if kind == TRANSACTION {
            traffic.at_once += 1;
            traffic.most_at_once = traffic.most_at_once.max(traffic.at_once);
        }
    }

    fn end(&self, kind: &'static str, status: StatusCode, request: Bytes, answer: Bytes) {
        let mut traffic = self.lock();
        traffic.bytes_from_server += answer.len() as u64;
        if !status.is_success() && status != StatusCode::NOT_MODIFIED {
            *traffic.refusals.entry(status.as_u16()).or_default() += 1;
        }
        if kind != TRANSACTION {
            return;
        }
        traffic.at_once -= 1;
        if status.is_success() {
            traffic.first_resource.get_or_insert_with(Instant::now);
            if let Some(kept) = &mut traffic.kept {
                kept.push(Exchange { request, answer });
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const TRANSACTION: &str = "transaction";

fn kind(method: &Method, path: &str) -> &'static str {
    let segments: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    match (method.as_str(), segments.as_slice()) {
        ("GET", [.., "metadata"]) => "capability",
        ("POST", [] | ["fhir"]) => TRANSACTION,
        ("GET", [.., last]) if last.starts_with(char::is_uppercase) => "search",
        ("POST", [.., "_search"]) => "search",
        ("GET", _) => "read",
        _ => "other",
    }
}
