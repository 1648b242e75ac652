//! The HTTP server and its routes.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::Listener;
use tokio::net::TcpListener;

use super::connections::{Connections, Trust};
use super::facts::Facts;
use super::serve::serve;
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

    /// Answers requests until dropped, on `most` connections at the same time at most. Each part of
    /// a request may take `limit`.
    pub async fn serve(self, router: Router, limit: Duration, most: usize) {
        let mut listener = self.listener;
        let mut connections = Connections::new(most);
        loop {
            tokio::select! {
                (stream, peer) = Listener::accept(&mut listener) => {
                    let trust = Trust::default();
                    let serving = serve(stream, router.clone(), trust.clone(), limit);
                    connections.admit(peer.ip(), trust, serving).await;
                }
                () = connections.ended() => {}
            }
        }
    }
}
