//! A peer for tests that answers without an end, over a socket.

#![allow(
    clippy::unwrap_used,
    reason = "only tests use this peer, and a test that cannot go on fails"
)]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

/// How a body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// With the length of a gigabyte.
    WithLength,
    /// In chunks.
    Chunked,
    /// A few bytes that become many.
    Gzip,
}

/// Every way.
pub const WAYS: [Way; 3] = [Way::WithLength, Way::Chunked, Way::Gzip];

/// Answers every request with as many bytes as are taken.
pub struct Peer {
    /// Where the peer listens.
    pub address: String,
    _task: AbortOnDropHandle<()>,
}

impl Peer {
    /// Starts a peer that answers with this status.
    ///
    /// # Panics
    /// There is no free port.
    pub async fn answering(status: u16, way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let task: JoinHandle<()> = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // The other side hangs up once it has enough.
                let _ = answer(stream, status, way).await;
            }
        });
        Self {
            address,
            _task: AbortOnDropHandle::new(task),
        }
    }
}

async fn answer(mut stream: TcpStream, status: u16, way: Way) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let coding = match way {
        Way::WithLength => "content-length: 1073741824",
        Way::Chunked => "transfer-encoding: chunked",
        Way::Gzip => "content-encoding: gzip",
    };
    let head =
        format!("HTTP/1.1 {status} x\r\nx-ms-version: x\r\nconnection: close\r\n{coding}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let piece = vec![b' '; 1 << 16];
    match way {
        Way::WithLength => loop {
            stream.write_all(&piece).await?;
        },
        Way::Chunked => loop {
            stream.write_all(b"10000\r\n").await?;
            stream.write_all(&piece).await?;
            stream.write_all(b"\r\n").await?;
        },
        Way::Gzip => {
            let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
            (0..32).try_for_each(|_| packed.write_all(&piece))?;
            stream.write_all(&packed.finish()?).await?;
            stream.shutdown().await
        }
    }
}
