//! Serves one connection: one request, within bounds of time and size.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::connections::Trust;

/// The most bytes of a request line and the headers behind it.
const LONGEST_HEAD: usize = 16 * 1024;

/// How long, and how much of, what nobody wants is read behind an answer.
const LINGERING: Duration = Duration::from_secs(1);
const LINGERING_BYTES: usize = 4 * 1024 * 1024;

/// Answers the one request of a connection. Its head may take `limit` to arrive, its body and the
/// answer the same each (which the routes that need time see to), and the answer to be read.
pub(super) async fn serve(stream: TcpStream, router: Router, trust: Trust, limit: Duration) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(trust.clone());
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limit)
        .keep_alive(false)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let served = timeout(limit.saturating_mul(4), connection.without_shutdown()).await;
    // What goes wrong with a connection ends that connection, and is nobody else's matter.
    if let Ok(Ok(parts)) = served {
        let _ = timeout(LINGERING, linger(parts.io.into_inner())).await;
    }
}

/// Takes in what the client still sends: closed over unread bytes, a connection is reset, and the
/// client may never see the answer.
async fn linger(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut unwanted = [0; 8 * 1024];
    let mut left = LINGERING_BYTES;
    while left > 0 {
        match stream.read(&mut unwanted).await? {
            0 => break,
            read => left = left.saturating_sub(read),
        }
    }
    Ok(())
}
