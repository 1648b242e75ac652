//! Somebody whom notifications are posted to.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use radcast_sandbox::Server;
use serde_json::Value;

/// What a request is answered with: called with its number, from 0.
type Answer = dyn Fn(usize) -> BoxFuture<'static, Response> + Send + Sync;

/// A server that keeps what it is sent.
pub struct Receiver {
    server: Server,
    inbox: Arc<Inbox>,
}

struct Inbox {
    received: Mutex<Vec<Received>>,
    answer: Box<Answer>,
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Receiver {
    /// Takes everything.
    pub async fn start() -> Self {
        Self::answering(|_| async { StatusCode::NO_CONTENT.into_response() }.boxed()).await
    }

    pub async fn answering(
        answer: impl Fn(usize) -> BoxFuture<'static, Response> + Send + Sync + 'static,
    ) -> Self {
        let inbox = Arc::new(Inbox {
            received: Mutex::default(),
            answer: Box::new(answer),
        });
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&inbox));
        Self {
            server: Server::start(router, 0).await.unwrap(),
            inbox,
        }
    }

    pub fn address(&self) -> String {
        self.server.base_url()
    }

    /// What has come in so far.
    pub fn received(&self) -> Vec<Received> {
        self.inbox.received.lock().unwrap().clone()
    }

    /// The notifications of this kind that have come in so far.
    pub fn of_kind(&self, kind: &str) -> Vec<Value> {
        let received = self.received().into_iter();
        let notifications = received.map(|received| received.json());
        notifications
            .filter(|notification| notification["kind"] == kind)
            .collect()
    }
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

async fn receive(State(inbox): State<Arc<Inbox>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let received = Received {
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        body: to_bytes(body, usize::MAX).await.unwrap(),
    };
    let number = {
        let mut all = inbox.received.lock().unwrap();
        all.push(received);
        all.len() - 1
    };
    (inbox.answer)(number).await
}
