//! A service on a loopback address, stopped by its owner.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::middleware::from_fn;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::host::only_loopback;

/// A running service. Dropping it stops it; [`Server::stop`] waits until it has ended.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stopping: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Serves `router` on 127.0.0.1, on `port` or, with 0, on a free one, to who asks for this
    /// machine by one of its own names.
    ///
    /// # Errors
    /// The port cannot be listened on.
    pub async fn start(router: Router, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let router = router.layer(from_fn(only_loopback));
        let stopping = CancellationToken::new();
        let stopped = stopping.clone().cancelled_owned();
        let task = tokio::spawn(async move {
            axum::serve(listener, router)
                .with_graceful_shutdown(stopped)
                .await
        });
        Ok(Self {
            address,
            stopping,
            task,
        })
    }

    /// The address without a trailing slash, e.g. `http://127.0.0.1:8080`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops taking requests and waits for those under way.
    ///
    /// # Errors
    /// The service ended with an I/O error.
    pub async fn stop(mut self) -> io::Result<()> {
        self.stopping.cancel();
        (&mut self.task)
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
