//! A service that asks to be left alone for a while: the status says which one and until when.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures_util::FutureExt;
use jiff::Timestamp;
use serde_json::Value;

use crate::support::daemon::{Daemon, until};
use crate::support::ops::Ops;
use crate::support::receiver::Receiver;
use crate::support::records::run;
use crate::support::services::Services;

/// Each form of the header, and how many seconds it asks for with `MaxRetryAfter` of two minutes.
const FORMS: [(&str, Option<i64>); 4] = [
    ("30", Some(30)),
    // By the clock of the answer.
    ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
    ("86400", Some(120)),
    ("-30", None),
];

/// A server that answers every request with 429 and this header.
async fn asking(wait: &'static str) -> Receiver {
    Receiver::answering(move |_| {
        let headers = [
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("retry-after", wait),
        ];
        async move { (StatusCode::TOO_MANY_REQUESTS, headers).into_response() }.boxed()
    })
    .await
}

/// The status of a daemon once this code is in it.
async fn status_with(ops: &Ops, code: &str) -> Value {
    until(code, async || {
        ops.json("/api/v1/status").await.1["code"] == code
    })
    .await;
    ops.json("/api/v1/status").await.1
}

/// Asserts that the status of a daemon shows a wait of so many seconds, asked for by this service.
async fn assert_shown(daemon: Daemon, code: &str, service: &str, seconds: Option<i64>) {
    let daemon = daemon
        .with("Ops__Listen", "127.0.0.1:0")
        .with("RetryConfiguration__MaxRetryAfter", "00:02:00")
        .with("RetryConfiguration__MaxDelay", "00:00:00.1");
    let now = radcast_engine::system_clock();
    let before = now().as_second();
    let _running = daemon.start();
    let ops = Ops::of(&daemon).await;
    let status = status_with(&ops, code).await;
    let wait = &status["requested_wait"];
    let Some(seconds) = seconds else {
        assert_eq!(wait, &Value::Null, "{status}");
        return;
    };
    assert_eq!(wait["service"], service, "{status}");
    let until_then = wait["until"].as_str().unwrap();
    let then = until_then.parse::<Timestamp>().unwrap().as_second();
    let latest = now().as_second() + seconds + 1;
    assert!((before + seconds..=latest).contains(&then), "{status}");
    assert_eq!(until_then.len(), "2024-06-04T12:00:30Z".len(), "{status}");
    let words = format!(
        "{code}: the {service} asked to wait until {}",
        until_then.replace('T', " ")
    );
    until("the report", async || {
        run(&daemon, &["status"]).stdout.contains(&words)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_shows_until_when_the_fhir_server_asked_to_wait() {
    let services = Services::start().await;
    for (wait, seconds) in FORMS {
        let server = asking(wait).await;
        let daemon = Daemon::between(&services.dicom_address(), &server.address());
        assert_shown(daemon, "fhir.too-busy", "FHIR server", seconds).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_shows_until_when_the_dicom_service_asked_to_wait() {
    let services = Services::start().await;
    for (wait, seconds) in FORMS {
        let server = asking(wait).await;
        let daemon = Daemon::between(&server.address(), &services.fhir_address());
        assert_shown(daemon, "dicom.too-busy", "DICOM service", seconds).await;
    }
}
