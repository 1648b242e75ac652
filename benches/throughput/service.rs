//! The DICOMweb service: a planned feed over HTTP, in version 1 and version 2.

use std::collections::HashMap;
use std::error::Error;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use radcast_sandbox::Server;

use super::feed::Feed;
use super::header::Headers;

type Parameters = Query<HashMap<String, String>>;

/// A running service.
pub(crate) struct Service {
    served: Arc<Served>,
    server: Server,
}

struct Served {
    feed: Arc<Feed>,
    headers: Arc<Headers>,
    /// How much later it answers than it could.
    latency: Duration,
    requests: AtomicU64,
    first: OnceLock<Instant>,
}

impl Service {
    pub(crate) async fn start(
        feed: Arc<Feed>,
        headers: Arc<Headers>,
        latency: Duration,
    ) -> Result<Self, Box<dyn Error>> {
        let served = Arc::new(Served {
            feed,
            headers,
            latency,
            requests: AtomicU64::new(0),
            first: OnceLock::new(),
        });
        let router = Router::new()
            .route("/v1/changefeed", get(sequences))
            .route("/v2/changefeed", get(times))
            .route("/v1/changefeed/latest", get(latest))
            .route("/v2/changefeed/latest", get(latest))
            .layer(from_fn_with_state(served.clone(), count))
            .with_state(served.clone());
        let server = Server::start(router, 0).await?;
        Ok(Self { served, server })
    }

    pub(crate) fn address(&self) -> String {
        self.server.base_url()
    }

    pub(crate) fn requests(&self) -> u64 {
        self.served.requests.load(Ordering::Relaxed)
    }

    /// When the first request came in.
    pub(crate) fn first_request(&self) -> Option<Instant> {
        self.served.first.get().copied()
    }
}

async fn count(State(served): State<Arc<Served>>, request: Request, next: Next) -> Response {
    served.first.get_or_init(Instant::now);
    served.requests.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(served.latency).await;
    next.run(request).await
}

async fn sequences(State(served): State<Arc<Served>>, Query(parameters): Parameters) -> Response {
    let offset = number(&parameters, "offset", 0);
    let limit = number(&parameters, "limit", 10);
    let window = offset + 1..=offset.saturating_add(limit);
    served.page(window, &parameters)
}

async fn times(State(served): State<Arc<Served>>, Query(parameters): Parameters) -> Response {
    let time = |name: &str| parameters.get(name)?.parse::<Timestamp>().ok();
    let all = served.feed.between(time("startTime"), time("endTime"));
    let first = all.start().saturating_add(number(&parameters, "offset", 0));
    let limit = number(&parameters, "limit", 100);
    let last = first.saturating_add(limit).saturating_sub(1);
    served.page(first..=last.min(*all.end()), &parameters)
}

async fn latest(State(served): State<Arc<Served>>, Query(parameters): Parameters) -> Response {
    let mut entry = String::new();
    let last = served.feed.entries();
    let written = served
        .feed
        .write(&served.headers, last, has_metadata(&parameters), &mut entry);
    json(written.map(|()| entry))
}

impl Served {
    fn page(
        self: Arc<Self>,
        window: RangeInclusive<u64>,
        parameters: &HashMap<String, String>,
    ) -> Response {
        let metadata = has_metadata(parameters);
        if metadata && self.feed.has_large_entries() {
            return self.streamed(window);
        }
        json(self.feed.page(&self.headers, window, metadata))
    }

    /// The page, one entry held at a time.
    fn streamed(self: Arc<Self>, window: RangeInclusive<u64>) -> Response {
        let (first, last) = (*window.start(), (*window.end()).min(self.feed.entries()));
        let entries = stream::iter(first..=last).map(move |sequence| {
            let mut text = String::from(if sequence == first { "[" } else { "," });
            let written = self.feed.write(&self.headers, sequence, true, &mut text);
            written.map(|()| text)
        });
        let beginning = if first > last { "[" } else { "" };
        let parts = stream::iter([Ok(beginning.to_owned())]).chain(entries);
        json(Ok(Body::from_stream(
            parts.chain(stream::iter([Ok("]".to_owned())])),
        )))
    }
}

fn number(parameters: &HashMap<String, String>, name: &str, default: u64) -> u64 {
    let given = parameters.get(name).and_then(|text| text.parse().ok());
    given.unwrap_or(default)
}

fn has_metadata(parameters: &HashMap<String, String>) -> bool {
    parameters
        .get("includeMetadata")
        .is_none_or(|text| text == "true")
}

fn json(text: Result<impl IntoResponse, std::fmt::Error>) -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    match text {
        Ok(text) => (content_type, text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
