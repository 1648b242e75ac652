//! Faults on order: each operation of a sandbox service takes the faults queued for it, in order,
//! one a request. The same middleware counts the requests.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::oneshot;

/// What goes wrong with one request.
#[derive(Debug)]
pub enum Fault {
    /// Answered with this status and body, and not carried out.
    Reject {
        /// The status of the answer.
        status: StatusCode,
        /// The body of the answer, as `application/fhir+json`.
        body: String,
        /// Seconds for a `Retry-After` header.
        retry_after: Option<u64>,
    },
    /// Carried out, but the answer is lost: this status comes back instead.
    FailAfterWrite(StatusCode),
    /// Carried out, and the answer is held back until the other end of this is used or dropped.
    Hold(Held),
    /// Carried out after this long.
    RespondSlowly(Duration),
}

impl Fault {
    /// A rejection with this status and an empty body.
    #[must_use]
    pub const fn reject(status: StatusCode) -> Self {
        Self::Reject {
            status,
            body: String::new(),
            retry_after: None,
        }
    }

    /// A held answer, and the sender that releases it.
    #[must_use]
    pub fn hold() -> (Self, oneshot::Sender<()>) {
        let (release, held) = oneshot::channel();
        (Self::Hold(Held(held)), release)
    }
}

/// The far end of a held answer.
#[derive(Debug)]
pub struct Held(oneshot::Receiver<()>);

/// The faults on order and the requests counted, by operation.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    queued: HashMap<&'static str, VecDeque<Fault>>,
    counted: HashMap<&'static str, u64>,
}

impl Faults {
    /// Queues a fault for the next request of this operation that has none before it.
    pub fn order(&self, operation: &'static str, fault: Fault) {
        self.lock()
            .queued
            .entry(operation)
            .or_default()
            .push_back(fault);
    }

    /// Forgets the faults not yet taken.
    pub fn clear(&self) {
        self.lock().queued.clear();
    }

    /// How many requests of this operation came in.
    #[must_use]
    pub fn count(&self, operation: &str) -> u64 {
        self.lock()
            .counted
            .get(operation)
            .copied()
            .unwrap_or_default()
    }

    /// How many requests came in.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.lock().counted.values().sum()
    }

    /// Middleware: counts the request as `operation` and lets its fault happen.
    pub(super) async fn intercept(
        self,
        operation: &'static str,
        request: Request,
        next: Next,
    ) -> Response {
        match self.take(operation) {
            None => next.run(request).await,
            Some(Fault::Reject {
                status,
                body,
                retry_after,
            }) => reject(status, body, retry_after),
            Some(Fault::FailAfterWrite(status)) => {
                next.run(request).await;
                status.into_response()
            }
            Some(Fault::Hold(Held(released))) => {
                let response = next.run(request).await;
                // A dropped sender releases as well.
                let _ = released.await;
                response
            }
            Some(Fault::RespondSlowly(delay)) => {
                tokio::time::sleep(delay).await;
                next.run(request).await
            }
        }
    }

    fn take(&self, operation: &'static str) -> Option<Fault> {
        let mut state = self.lock();
        *state.counted.entry(operation).or_default() += 1;
        state.queued.get_mut(operation)?.pop_front()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reject(status: StatusCode, body: String, retry_after: Option<u64>) -> Response {
    let mut response = (status, Body::from(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/fhir+json"),
    );
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
