//! Where tokens come from, and a storage account that takes them: what Azure Container Apps and
//! Azure Storage do, without Azure.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use radcast_sandbox::Server;
use serde_json::json;

use super::azurite::Azurite;
use super::hfs::http_client;

/// The token that the identity service gives.
pub const TOKEN: &str = "canary-token";

/// What the container shows to the identity service.
pub const SECRET: &str = "canary-header";

/// The identity endpoint of a container.
pub struct Identity {
    server: Server,
    service: Arc<Service>,
}

#[derive(Default)]
struct Service {
    faults: Mutex<VecDeque<u16>>,
    queries: Mutex<Vec<String>>,
}

impl Identity {
    /// One that first answers with these statuses, and then gives tokens.
    pub async fn start(faults: &[u16]) -> Self {
        let service = Arc::new(Service {
            faults: Mutex::new(faults.iter().copied().collect()),
            ..Service::default()
        });
        let router = Router::new()
            .fallback(token)
            .with_state(Arc::clone(&service));
        let server = Server::start(router, 0).await.unwrap();
        Self { server, service }
    }

    /// The variables that Azure Container Apps sets.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        let endpoint = format!("{}/msi/token", self.server.base_url());
        [
            ("IDENTITY_ENDPOINT", endpoint),
            ("IDENTITY_HEADER", SECRET.to_owned()),
        ]
    }

    /// The queries of the requests so far.
    pub fn queries(&self) -> Vec<String> {
        self.service.queries.lock().unwrap().clone()
    }
}

async fn token(State(service): State<Arc<Service>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default().to_owned();
    service.queries.lock().unwrap().push(query);
    if request.headers()["x-identity-header"] != SECRET {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let fault = service.faults.lock().unwrap().pop_front();
    if let Some(fault) = fault {
        let status = StatusCode::from_u16(fault).unwrap();
        return (status, "canary-answer").into_response();
    }
    axum::Json(json!({
        "access_token": TOKEN,
        "expires_on": "4102444800",
        "resource": "https://storage.azure.com",
        "token_type": "Bearer",
    }))
    .into_response()
}

/// A service of an account that lets in who shows the token: a proxy to Azurite.
pub struct Account {
    server: Server,
    path: String,
}

struct Passage {
    http: reqwest::Client,
    port: u16,
    signature: String,
}

impl Account {
    /// The service of this emulator at this port.
    pub async fn of(azurite: &Azurite, port: u16) -> Self {
        let passage = Arc::new(Passage {
            http: http_client(),
            port,
            signature: azurite.signature(),
        });
        let router = Router::new().fallback(pass).with_state(passage);
        let server = Server::start(router, 0).await.unwrap();
        let address = azurite.table_address(port);
        let path = address.rsplit('/').next().unwrap().to_owned();
        Self { server, path }
    }

    pub fn address(&self) -> String {
        format!("{}/{}", self.server.base_url(), self.path)
    }
}

async fn pass(State(passage): State<Arc<Passage>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let shown = head.headers.get("authorization");
    if shown.is_none_or(|shown| *shown != format!("Bearer {TOKEN}")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let path = head.uri.path_and_query().unwrap().as_str();
    let query = if path.contains('?') { '&' } else { '?' };
    let url = format!(
        "http://127.0.0.1:{}{path}{query}{}",
        passage.port, passage.signature
    );
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let mut headers = head.headers;
    for name in ["authorization", "host"] {
        headers.remove(name);
    }
    let onward = passage.http.request(head.method, url).headers(headers);
    let answer = onward.body(body).send().await.unwrap();
    let status = answer.status();
    let mut headers = answer.headers().clone();
    for name in ["transfer-encoding", "connection", "content-length"] {
        headers.remove(name);
    }
    let body = answer.bytes().await.unwrap();
    answered(status, headers, body)
}

fn answered(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response {
    (status, headers, body).into_response()
}
