//! The daemon's log, line by line, as collectors and people search it.

use axum::Router;
use axum::extract::Query;
use axum::routing::get;
use jiff::Timestamp;
use radcast_sandbox::{Fault, Server};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::daemon::{Daemon, until};
use crate::support::instances::study;
use crate::support::proxy::Proxy;
use crate::support::services::Services;

/// Events of one entry of the feed.
const OF_AN_ENTRY: [&str; 7] = [
    "entry_applied",
    "entry_skipped",
    "entry_failed",
    "gave_up",
    "attempt_failed",
    "value_not_applied",
    "value_not_valid",
];

fn brief(daemon: Daemon) -> Daemon {
    daemon
        .with("RetryConfiguration__MaxDelay", "00:00:00.1")
        .with("RetryConfiguration__MaxAttempts", "3")
}

/// Services with every kind of entry, and the proxy that refuses the first study.
async fn trouble() -> (Services, Proxy, u64) {
    let services = Services::start().await;
    let [first, second, third] = [1, 2, 3].map(|number| study(number, number, 1, 2));
    services.store(&first[..1]);
    let mut odd = second[0].ct();
    odd["00100040"]["Value"] = json!(["X"]);
    odd["00080050"]["Value"] = json!(["ACCESSION-IS-TOO-LONG"]);
    services.store_json(&odd.to_string());
    let mut bad = second[1].ct();
    bad.as_object_mut().unwrap().remove("00100020");
    services.store_json(&bad.to_string());
    services.store(&third);
    services.delete(third[1]);
    let last = services.dicom.latest_sequence().unwrap();
    let proxy = Proxy::refusing(&services, first[0], StatusCode::SERVICE_UNAVAILABLE).await;
    (services, proxy, last)
}

fn assert_schema(line: &Value) {
    let timestamp = line["timestamp"].as_str().unwrap();
    assert!(timestamp.parse::<Timestamp>().is_ok(), "{line}");
    let level = line["level"].as_str().unwrap();
    let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];
    assert!(levels.contains(&level), "{line}");
    let event = line["event"].as_str().unwrap();
    assert!(!event.is_empty(), "{line}");
    if line["target"].as_str().unwrap().starts_with("radcast") {
        assert_ne!(event, "message", "{line}");
    }
    if OF_AN_ENTRY.contains(&event) {
        assert!(line["sequence"].is_u64(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r70_every_line_of_a_whole_run_has_time_level_and_event_and_an_entrys_its_sequence() {
    let (services, proxy, last) = trouble().await;
    let daemon = brief(Daemon::between(&services.dicom_address(), &proxy.address()))
        .with("RUST_LOG", "trace")
        .with("Fhir__Unknown", "x");
    daemon.run_until_settled(last).await;
    let lines = daemon.lines();
    assert!(daemon.log().ends_with('\n'));
    lines.iter().for_each(assert_schema);
    let seen = |event: &str| lines.iter().any(|line| line["event"] == event);
    for event in OF_AN_ENTRY {
        assert!(seen(event), "{event} in {}", daemon.log());
    }
    for event in ["setting_ignored", "starting", "stopping", "stopped"] {
        assert!(seen(event), "{event} in {}", daemon.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r71_each_line_of_a_failure_names_study_series_and_instance() {
    let (services, proxy, last) = trouble().await;
    let daemon = brief(Daemon::between(&services.dicom_address(), &proxy.address()));
    daemon.run_until_settled(last).await;
    for (event, count) in [("attempt_failed", 3), ("gave_up", 1), ("entry_failed", 2)] {
        let lines = daemon.events(event);
        assert_eq!(lines.len(), count, "{event}: {}", daemon.log());
        for line in lines {
            for uid in ["study", "series", "instance"] {
                let text = line[uid].as_str().unwrap();
                assert!(text.starts_with("1.2.826."), "{line}");
            }
        }
    }
}

#[derive(Deserialize)]
struct Window {
    offset: u64,
}

/// A feed of one entry that names its study alone.
async fn nameless_feed() -> Server {
    let entry = r#"{"sequence":1,"studyInstanceUid":"1.2.3","action":"create","state":"current",
        "timestamp":"2024-06-01T12:00:00Z"}"#;
    let page = async move |Query(window): Query<Window>| match window.offset {
        0 => format!("[{entry}]"),
        _ => "[]".to_owned(),
    };
    let router = Router::new()
        .route("/v1/changefeed", get(page))
        .route("/v1/changefeed/latest", get(async move || entry));
    Server::start(router, 0).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn r71_a_uid_that_the_feed_does_not_give_is_null_with_the_reason() {
    let services = Services::start().await;
    let feed = nameless_feed().await;
    let daemon = brief(Daemon::between(&feed.base_url(), &services.fhir_address()));
    daemon.run_until_settled(1).await;
    let failed = daemon.events("entry_failed");
    assert_eq!(failed.len(), 1, "{}", daemon.log());
    let line = failed[0].as_object().unwrap();
    assert_eq!(line["study"], "1.2.3");
    for uid in ["series", "instance"] {
        assert_eq!(line.get(uid), Some(&Value::Null));
    }
    let reason = line["uid_missing_because"].as_str().unwrap();
    assert!(reason.contains("feed"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r13_each_failed_attempt_is_a_line_with_its_number_and_the_next_delay() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 1, 1));
    for _ in 0..5 {
        let busy = Fault::reject(StatusCode::SERVICE_UNAVAILABLE);
        services.fhir.faults().order("fhir.transaction", busy);
    }
    let daemon = Daemon::of(&services)
        .with("RetryConfiguration__MaxDelay", "00:00:00.1")
        .with("RetryConfiguration__MaxAttemptsWhenHealthy", "6");
    daemon.run_until_settled(last).await;
    let lines = daemon.events("attempt_failed");
    assert_eq!(lines.len(), 5, "{}", daemon.log());
    for (line, number) in lines.iter().zip(1_u64..) {
        assert_eq!(line["sequence"], 1);
        assert_eq!(line["attempt"], number);
        assert_eq!(line["class"], "transient");
        assert_eq!(line["code"], "fhir.server-error");
        assert!(line["message"].as_str().unwrap().contains("503"), "{line}");
        assert!(line["next_attempt_in_ms"].is_u64(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_giving_up_is_one_error_line_and_only_after_the_retries() {
    let (services, proxy, last) = trouble().await;
    let daemon = brief(Daemon::between(&services.dicom_address(), &proxy.address()));
    let running = daemon.start();
    until("the position", async || daemon.position().await == last).await;
    assert_eq!(running.terminate().await, Some(0));
    let lines = daemon.events("gave_up");
    assert_eq!(lines.len(), 1, "{}", daemon.log());
    assert_eq!(lines[0]["level"], "ERROR");
    assert_eq!(lines[0]["sequence"], 1);
    assert_eq!(lines[0]["class"], "transient");
    assert!(!lines[0]["cure"].as_str().unwrap().is_empty());
    assert_eq!(proxy.refused(), 3, "attempts");
}
