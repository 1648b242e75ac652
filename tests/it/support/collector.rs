//! Takes telemetry in: as Application Insights does, and as an OpenTelemetry collector does.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use radcast_sandbox::Server;
use serde_json::Value;

use super::hfs::http_client;

/// What came in: the path and the body.
type Received = Arc<Mutex<Vec<(String, Bytes)>>>;

/// A service that takes everything and keeps it.
pub struct Collector {
    server: Server,
    received: Received,
}

impl Collector {
    pub async fn start() -> Self {
        let received = Received::default();
        let router = Router::new()
            .route("/received/{number}", get(again))
            .route("/{version}/{kind}", post(take))
            .with_state(Arc::clone(&received));
        Self {
            server: Server::start(router, 0).await.unwrap(),
            received,
        }
    }

    pub fn address(&self) -> String {
        self.server.base_url()
    }

    /// A connection string that leads here.
    pub fn connection_string(&self) -> String {
        let address = self.address();
        format!("InstrumentationKey=canary-key;IngestionEndpoint={address}/;")
    }

    /// The bodies posted to this path.
    pub fn bodies(&self, path: &str) -> Vec<Bytes> {
        let received = self.received.lock().unwrap();
        let here = received.iter().filter(|(to, _)| to == path);
        here.map(|(_, body)| body.clone()).collect()
    }

    /// The items that came in for Application Insights, of this type.
    pub async fn items(&self, data_type: &str) -> Vec<Value> {
        let count = self.received.lock().unwrap().len();
        let mut items = Vec::new();
        for number in 0..count {
            // The client unpacks what it is told to be packed.
            let url = format!("{}/received/{number}", self.address());
            let batch = http_client().get(url).send().await.unwrap();
            let batch: Vec<Value> = batch.json().await.unwrap();
            items.extend(batch);
        }
        items.retain(|item| item["data"]["baseType"] == data_type);
        items
    }
}

async fn take(
    State(received): State<Received>,
    Path((version, kind)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let mut received = received.lock().unwrap();
    received.push((format!("/{version}/{kind}"), body));
    ([(CONTENT_TYPE, "application/json")], "{}").into_response()
}

async fn again(State(received): State<Received>, Path(number): Path<usize>) -> Response {
    let body = received.lock().unwrap()[number].1.clone();
    let headers = [
        (CONTENT_ENCODING, "gzip"),
        (CONTENT_TYPE, "application/json"),
    ];
    (headers, Body::from(body)).into_response()
}
