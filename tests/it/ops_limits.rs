//! What strangers can do to the HTTP port, over sockets: be slow, be many, send much.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use radcast_engine::failure::Code;
use radcast_engine::store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::daemon::{Daemon, Ended, Running, ended, until};
use crate::support::ops::Ops;
use crate::support::records::{failed, idle};

const KEY: &str = "correct-horse-battery-staple-0123456789";

/// `Ops:RequestTimeout` of the tests.
const LIMIT: Duration = Duration::from_millis(500);

/// `Ops:MaxConnections` of the tests.
const MOST: usize = 16;

/// How long a probe may take.
const AT_ONCE: Duration = Duration::from_secs(1);

const PROBES: [&str; 2] = ["/healthz/live", "/healthz/startup"];

const ROUTES: [(&str, &str); 10] = [
    ("GET", "/healthz/startup"),
    ("GET", "/healthz/live"),
    ("GET", "/healthz/ready"),
    ("GET", "/metrics"),
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/failures"),
    ("POST", "/api/v1/failures/retry"),
    ("GET", "/api/v1/failures/1"),
    ("POST", "/api/v1/failures/1/retry"),
    ("DELETE", "/api/v1/failures/9"),
];

/// A running daemon whose port is tried.
struct Port {
    daemon: Daemon,
    running: Running,
    ops: Ops,
}

fn limited(daemon: Daemon) -> Daemon {
    daemon
        .with("Ops__Listen", "127.0.0.1:0")
        .with("Ops__ApiKey", KEY)
        .with("Ops__RequestTimeout", "00:00:00.5")
        .with("Ops__MaxConnections", &MOST.to_string())
}

impl Port {
    async fn open() -> Self {
        Self::of(limited(idle())).await
    }

    async fn of(daemon: Daemon) -> Self {
        let running = daemon.start();
        let ops = Ops::of(&daemon).await;
        until("the first beat", async || {
            ops.get("/healthz/startup").await.0.is_success()
        })
        .await;
        Self {
            daemon,
            running,
            ops,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.ops.address).await.unwrap()
    }

    /// A connection on which this was sent.
    async fn send(&self, text: &str) -> TcpStream {
        let mut stream = self.connect().await;
        // It may be closed before all is sent.
        let _ = stream.write_all(text.as_bytes()).await;
        stream
    }

    async fn probe(&self) {
        for path in PROBES {
            let begun = Instant::now();
            let (status, _) = self.ops.get(path).await;
            assert!(status.is_success(), "{path}: {status}");
            assert!(begun.elapsed() < AT_ONCE, "{path}: {:?}", begun.elapsed());
        }
    }
}

/// The head of a request that shows the key, without the line that ends it.
fn head(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n")
}

/// What comes until the connection is closed, and when that was.
async fn rest(mut stream: TcpStream, begun: Instant) -> (String, Duration) {
    let mut answer = Vec::new();
    // A reset is an end too.
    let read = timeout(30 * LIMIT, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "it stays open");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer, begun.elapsed())
}

/// How many of these connections the other side has not closed.
fn still_open(streams: &[TcpStream]) -> usize {
    let open = |stream: &&TcpStream| {
        let mut byte = [0];
        matches!(stream.try_read(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    };
    streams.iter().filter(open).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_a_request_whose_head_does_not_end_is_closed_on_every_route_and_so_is_an_idle_connection()
 {
    let port = Port::open().await;
    let mut begun: Vec<String> = ROUTES.map(|(method, path)| head(method, path)).to_vec();
    begun.extend([String::new(), "G".to_owned(), "GET /hea".to_owned()]);
    let closed = begun.iter().take(MOST).map(async |text| {
        let at = Instant::now();
        let stream = port.send(text).await;
        (text, rest(stream, at).await)
    });
    for (text, (answer, after)) in join_all(closed).await {
        assert!(!answer.contains("200 OK"), "{text:?}: {answer}");
        assert!(after >= LIMIT && after < 6 * LIMIT, "{text:?}: {after:?}");
    }
    port.probe().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_a_body_that_does_not_end_is_given_up_on_every_route() {
    let port = Port::open().await;
    let closed = ROUTES.map(|(method, path)| {
        let text = head(method, path) + "Content-Length: 100\r\n\r\n{\"";
        let port = &port;
        async move {
            let at = Instant::now();
            let stream = port.send(&text).await;
            (path, rest(stream, at).await)
        }
    });
    for (path, (answer, after)) in join_all(closed).await {
        assert!(after < 8 * LIMIT, "{path}: {after:?}");
        let given_up = path.starts_with("/api/v1/failures");
        assert_eq!(given_up, answer.contains("408"), "{path}: {answer}");
        assert_eq!(given_up, answer.contains("Ops:RequestTimeout"), "{path}");
        assert!(answer.starts_with("HTTP/1.1"), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_an_answer_that_nobody_reads_is_given_up() {
    let daemon = idle();
    let entries = (1..=1_000).map(|n| {
        let mut entry = failed(n, Code::FhirRejected);
        entry.failure.message = "x".repeat(20_000);
        entry
    });
    daemon.store().record(entries.collect()).await.unwrap();
    let port = Port::of(limited(daemon)).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    let mut stream = socket
        .connect(port.ops.address.parse().unwrap())
        .await
        .unwrap();
    let text = head("GET", "/api/v1/failures?limit=1000") + "\r\n";
    stream.write_all(text.as_bytes()).await.unwrap();
    tokio::time::sleep(7 * LIMIT).await;
    let (answer, _) = rest(stream, Instant::now()).await;
    assert!(answer.starts_with("HTTP/1.1 200"));
    assert!(answer.len() < 20_000_000, "all of it came");
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_probes_are_answered_at_once_whatever_hundreds_of_other_connections_do() {
    let port = Port::open().await;
    let slow_body = "Content-Length: 100\r\n\r\n{";
    let mut texts = vec![String::new(), "GET /healthz/li".to_owned()];
    for (method, path) in ROUTES {
        texts.push(head(method, path));
        texts.push(head(method, path) + slow_body);
        let wrong = head(method, path).replace(KEY, "wrong");
        texts.push(wrong + slow_body);
    }
    let mut streams = Vec::new();
    for text in texts.iter().cycle().take(300) {
        streams.push(port.send(text).await);
        if streams.len() % 20 == 0 {
            port.probe().await;
        }
    }
    port.probe().await;
    assert!(still_open(&streams) <= MOST, "{}", still_open(&streams));
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_who_has_shown_the_key_is_not_closed_for_those_who_have_not() {
    let port = Port::of(limited(idle()).with("Ops__RequestTimeout", "00:00:30")).await;
    let body = r#"{"all": true}"#;
    let text = head("POST", "/api/v1/failures/retry");
    let text = format!(
        "{text}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut known = port.send(&text).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut strangers = Vec::new();
    for _ in 0..10 * MOST {
        strangers.push(port.connect().await);
    }
    known.write_all(body.as_bytes()).await.unwrap();
    let (answer, _) = rest(known, Instant::now()).await;
    assert!(answer.contains("202 Accepted"), "{answer}");
    drop(strangers);
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_much_is_refused_on_every_route_and_holds_nobody_up() {
    let port = Port::open().await;
    // What is compared with every known word, as a name and as a value.
    let long = "x".repeat(2_000_000);
    let bodies = [
        format!("{{\"{long}\": 1}}"),
        format!("{{\"code\": \"{long}\"}}"),
    ];
    for (method, path) in ROUTES {
        let sent = bodies.iter().cycle().take(3).map(async |body| {
            let head = head(method, path);
            let text = format!(
                "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            rest(port.send(&text).await, Instant::now()).await.0
        });
        let probing = async {
            for _ in 0..5 {
                port.probe().await;
            }
        };
        let (answers, ()) = tokio::join!(join_all(sent), probing);
        if path.starts_with("/api/v1/failures") {
            for answer in answers {
                assert!(answer.contains("413"), "{method} {path}: {answer:?}");
            }
        }
    }
    let query = format!("/api/v1/failures?study={}", "1".repeat(5_000));
    let answer = port.send(&(head("GET", &query) + "\r\n")).await;
    assert!(rest(answer, Instant::now()).await.0.contains("414"));
    for (method, path) in ROUTES {
        let text = head(method, path) + "X: " + &"x".repeat(100_000) + "\r\n\r\n";
        let (answer, _) = rest(port.send(&text).await, Instant::now()).await;
        assert!(answer.contains("431"), "{method} {path}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_are_slowed_told_of_and_hold_up_nobody() {
    let port = Port::of(limited(idle()).with("Ops__MaxConnections", "200")).await;
    let wrong = head("GET", "/api/v1/failures").replace(KEY, "Zm9yZ290dGVu-guessed") + "\r\n";
    let guesses = (0..60).map(async |_| {
        let at = Instant::now();
        rest(port.send(&wrong).await, at).await
    });
    let meanwhile = async {
        port.probe().await;
        let begun = Instant::now();
        let (status, _) = port.ops.json_with_key("/api/v1/failures", KEY).await;
        assert!(status.is_success());
        assert!(begun.elapsed() < AT_ONCE);
    };
    let (answers, ()) = tokio::join!(join_all(guesses), meanwhile);
    let (slowed, refused): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|(answer, _)| answer.contains("401"));
    assert!(!slowed.is_empty());
    for (_, after) in slowed {
        assert!(*after >= Duration::from_millis(500), "{after:?}");
    }
    assert!(!refused.is_empty(), "all were kept back");
    assert!(refused.iter().all(|(answer, _)| answer.contains("429")));
    assert_eq!(port.daemon.events("wrong_key").len(), 1);
    assert!(!port.daemon.log().contains("guessed"));
    assert_eq!(port.running.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_loopback_probes_need_no_key_and_records_are_shown_to_nobody_without_one() {
    let daemon = idle().with("Ops__Listen", "0.0.0.0:0");
    let _running = daemon.start();
    let ops = Ops::of(&daemon).await;
    until("the first beat", async || {
        ops.get("/healthz/startup").await.0.is_success()
    })
    .await;
    for open in ["/healthz/live", "/metrics", "/api/v1/status"] {
        assert!(ops.get(open).await.0.is_success(), "{open}");
    }
    for closed in ["/api/v1/failures", "/api/v1/failures/1"] {
        assert_eq!(ops.get(closed).await.0, 403, "{closed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_that_can_be_guessed_nothing_starts() {
    let daemon = idle()
        .with("Ops__Listen", "0.0.0.0:0")
        .with("Ops__ApiKey", "correct-horse");
    let mut command = daemon.command(&["run"]);
    let ended: Ended = tokio::task::spawn_blocking(move || ended(&mut command))
        .await
        .unwrap();
    assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    for text in ["Ops:ApiKey", "32 characters", "openssl rand -hex 32"] {
        assert!(ended.stderr.contains(text), "{text} in {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("correct-horse"), "{}", ended.stderr);
}
