//! Stands between the daemon and its FHIR server, so that something can happen in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use radcast_sandbox::Server;
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};

use super::hfs::http_client;
use super::instances::Place;
use super::services::Services;

/// What happens before a transaction of a study is passed on: called with its number, from 0.
type Before = dyn Fn(usize) -> BoxFuture<'static, ()> + Send + Sync;

/// Passes requests on to another server.
pub struct Proxy {
    server: Server,
    passage: Arc<Passage>,
}

struct Passage {
    http: reqwest::Client,
    target: String,
    before: Box<Before>,
    /// A text and the status that transactions with it are answered with.
    refusal: Option<(String, StatusCode)>,
    transactions: AtomicUsize,
    refused: AtomicUsize,
}

impl Proxy {
    /// A proxy to `target` that does something before each transaction of a study.
    pub async fn start(
        target: &str,
        before: impl Fn(usize) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        Self::between(target, Box::new(before), None).await
    }

    /// A proxy to the FHIR store that refuses the transactions of one study with this status.
    pub async fn refusing(services: &Services, study: Place, status: StatusCode) -> Self {
        let nothing = Box::new(|_| async {}.boxed());
        // With what follows the UID, because others may begin with it.
        let text = format!("{}\"", study.study_uid());
        Self::between(&services.fhir_address(), nothing, Some((text, status))).await
    }

    async fn between(
        target: &str,
        before: Box<Before>,
        refusal: Option<(String, StatusCode)>,
    ) -> Self {
        let passage = Arc::new(Passage {
            http: http_client(),
            target: target.to_owned(),
            before,
            refusal,
            transactions: AtomicUsize::default(),
            refused: AtomicUsize::default(),
        });
        let router = Router::new()
            .fallback(pass)
            .with_state(Arc::clone(&passage));
        Self {
            server: Server::start(router, 0).await.unwrap(),
            passage,
        }
    }

    pub fn address(&self) -> String {
        self.server.base_url()
    }

    /// How many transactions of studies the server was sent.
    pub fn transactions(&self) -> usize {
        self.passage.transactions.load(Ordering::SeqCst)
    }

    /// How many of them it refused.
    pub fn refused(&self) -> usize {
        self.passage.refused.load(Ordering::SeqCst)
    }
}

async fn pass(State(passage): State<Arc<Passage>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let is_test = contains(&body, "radcast-no-resource");
    let transaction = head.method == "POST" && head.uri.path() == "/" && !is_test;
    if transaction && is_of_study(&body) {
        let number = passage.transactions.fetch_add(1, Ordering::SeqCst);
        (passage.before)(number).await;
    }
    if let Some((text, status)) = &passage.refusal
        && transaction
        && contains(&body, text)
    {
        passage.refused.fetch_add(1, Ordering::SeqCst);
        return status.into_response();
    }
    let url = format!("{}{}", passage.target, head.uri);
    let mut onward = passage.http.request(head.method, url).body(body);
    for name in [ACCEPT, CACHE_CONTROL, CONTENT_TYPE] {
        if let Some(value) = head.headers.get(&name) {
            onward = onward.header(name, value);
        }
    }
    let (status, body) = answer(onward).await;
    if transaction && !status.is_success() {
        passage.refused.fetch_add(1, Ordering::SeqCst);
    }
    (status, Body::from(body)).into_response()
}

/// Whether a transaction is of a study: patients and Endpoints are created in others before it.
fn is_of_study(transaction: &[u8]) -> bool {
    contains(transaction, "ImagingStudy")
}

/// Whether a body holds a text.
pub fn contains(body: &[u8], text: &str) -> bool {
    body.windows(text.len())
        .any(|window| window == text.as_bytes())
}

async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Bytes) {
    let answer = request.send().await.unwrap();
    (answer.status(), answer.bytes().await.unwrap())
}
