//! A line to a port that can be cut and mended, and that can lose what comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// Passes connections on to another port of this machine.
pub struct Wire {
    port: u16,
    state: Arc<State>,
    _task: AbortOnDropHandle<()>,
}

struct State {
    target: u16,
    up: watch::Sender<bool>,
    connections: AtomicUsize,
    /// How many pieces of answers are passed on before one is lost.
    until_lost: AtomicUsize,
}

impl Wire {
    pub async fn to(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            target,
            up: watch::Sender::new(true),
            connections: AtomicUsize::default(),
            until_lost: AtomicUsize::new(usize::MAX),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self {
            port,
            state,
            _task: AbortOnDropHandle::new(task),
        }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Ends every connection, and every new one at once.
    pub fn cut(&self) {
        self.state.up.send_replace(false);
    }

    pub fn mend(&self) {
        self.state.up.send_replace(true);
    }

    /// The answer after so many more is lost, and its connection with it: the request was carried
    /// out, and nobody says so.
    pub fn lose_answer(&self, after: usize) {
        self.state.until_lost.store(after, Ordering::SeqCst);
    }

    /// Whether the answer that was to be lost is so, or has still to come.
    pub fn has_lost(&self) -> bool {
        self.state.until_lost.load(Ordering::SeqCst) == usize::MAX
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let (near, _) = listener.accept().await.unwrap();
        state.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(pass(near, Arc::clone(&state)));
    }
}

/// Either side's end is the end of both.
async fn pass(near: TcpStream, state: Arc<State>) {
    let mut up = state.up.subscribe();
    if !*up.borrow() {
        return;
    }
    let Ok(far) = TcpStream::connect(("127.0.0.1", state.target)).await else {
        return;
    };
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = copy(near_in, far_out, || true) => {}
        () = copy(far_in, near_out, || state.keeps()) => {}
        _ = up.wait_for(|up| !up) => {}
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, goes_on: impl Fn() -> bool) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if !goes_on() || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

impl State {
    /// Whether a piece of an answer is passed on.
    fn keeps(&self) -> bool {
        let before = self.until_lost.load(Ordering::SeqCst);
        let after = match before {
            usize::MAX => return true,
            0 => usize::MAX,
            more => more - 1,
        };
        self.until_lost.store(after, Ordering::SeqCst);
        before > 0
    }
}
