//! What a request for failures has to pass: the key, and bounds of size, number and time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::ApiKey;
use super::problem::Problem;
use super::wrong_keys::WrongKeys;
use crate::ops::connections::Trust;

/// The most bytes of path and query: each filter once takes less than half.
const LONGEST_QUERY: usize = 4 * 1024;

/// The most bytes of a body, which says the same as a query.
const LARGEST_BODY: usize = 16 * 1024;

/// How many requests are worked on at the same time, so that the store has time for the engine.
const AT_ONCE: usize = 4;

/// What stands before the routes.
#[derive(Debug)]
pub(super) struct Gate {
    key: Option<ApiKey>,
    wrong_keys: WrongKeys,
    places: Semaphore,
    /// How long a body may take to arrive, and the answer to be made.
    limit: Duration,
}

impl Gate {
    pub(super) fn new(key: Option<ApiKey>, limit: Duration) -> Self {
        Self {
            key,
            wrong_keys: WrongKeys::new(),
            places: Semaphore::new(AT_ONCE),
            limit,
        }
    }

    async fn pass(&self, request: Request, next: Next) -> Result<Response, Problem> {
        self.check_key(request.headers()).await?;
        if let Some(trust) = request.extensions().get::<Trust>() {
            trust.give();
        }
        check_length(request.uri())?;
        let request = self.with_whole_body(request).await?;
        let working = async {
            let _place = self.places.acquire().await;
            next.run(request).await
        };
        let answer = timeout(self.limit, working).await;
        answer.map_err(|_| {
            let limit = self.limit;
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!(
                    "the answer was not there within {limit:?} (Ops:RequestTimeout): ask for less, \
                     e.g. by code, study or sequence, or use `radcast failures`"
                ),
            )
        })
    }

    async fn check_key(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(key) = &self.key else {
            let detail = "the failures API is closed: set Ops:ApiKey to open it";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        };
        let Some(shown) = ApiKey::shown_in(headers) else {
            return Err(unauthorised());
        };
        if key.is(shown) {
            return Ok(());
        }
        if self.wrong_keys.keep_back().await {
            return Err(unauthorised());
        }
        let detail = "too many requests show a wrong key";
        Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail))
    }

    /// With a body that is here in full.
    async fn with_whole_body(&self, request: Request) -> Result<Request, Problem> {
        let (parts, body) = request.into_parts();
        let read = timeout(self.limit, to_bytes(body, LARGEST_BODY)).await;
        let body = read.map_err(|_| {
            let limit = self.limit;
            let detail = format!("the body was not here within {limit:?} (Ops:RequestTimeout)");
            Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
        })?;
        let body = body.map_err(|_| {
            let detail = format!("the body breaks off, or has more than {LARGEST_BODY} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        })?;
        Ok(Request::from_parts(parts, Body::from(body)))
    }
}

/// Lets a request through to the routes, or answers it.
pub(super) async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let answer = gate.pass(request, next).await;
    answer.unwrap_or_else(IntoResponse::into_response)
}

fn unauthorised() -> Problem {
    let detail = "send the value of Ops:ApiKey as Authorization: Bearer <key>";
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}

fn check_length(uri: &Uri) -> Result<(), Problem> {
    let length = uri.path_and_query().map_or(0, |text| text.as_str().len());
    if length <= LONGEST_QUERY {
        return Ok(());
    }
    let detail = format!("path and query have more than {LONGEST_QUERY} bytes");
    Err(Problem::new(StatusCode::URI_TOO_LONG, detail))
}
