//! The HTTP server and its routes.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::facts::Facts;
use super::{probes, status};

/// The routes that need no key. Those that do are merged in by whoever has them.
pub fn router(facts: Facts) -> Router {
    Router::new()
        .route("/healthz/startup", get(probes::startup))
        .route("/healthz/live", get(probes::live))
        .route("/healthz/ready", get(probes::ready))
        .route("/metrics", get(metrics))
        .route("/api/v1/status", get(status::status))
        .with_state(facts)
}

async fn metrics(State(facts): State<Facts>) -> impl IntoResponse {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(CONTENT_TYPE, kind)], facts.prometheus.text())
}

/// A port that is listened on.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes the port.
    ///
    /// # Errors
    /// The port cannot be had.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens; the port is the real one where 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until dropped.
    pub async fn serve(self, router: Router) {
        // It never ends by itself: what goes wrong with a connection ends that connection.
        let _ = axum::serve(self.listener, router).await;
    }
}
