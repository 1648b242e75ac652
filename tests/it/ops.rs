//! Probes, metrics and the status, asked of the running daemon.

use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};

use radcast_sandbox::Fault;
use reqwest::StatusCode;
use serde_json::json;

use crate::support::daemon::{Daemon, Ended, ended, until};
use crate::support::instances::{Place, study};
use crate::support::ops::Ops;
use crate::support::proxy::Proxy;
use crate::support::services::Services;

const NOBODY: &str = "http://127.0.0.1:1";

fn serving(daemon: Daemon) -> Daemon {
    daemon
        .with("Ops__Listen", "127.0.0.1:0")
        .with("RetryConfiguration__MaxDelay", "00:00:00.1")
}

/// Stores an instance that lacks what is required.
fn store_bad(services: &Services, place: Place) -> u64 {
    let mut bad = place.ct();
    bad.as_object_mut().unwrap().remove("00100020");
    services.store_json(&bad.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn r01_a_study_that_fails_neither_stops_the_process_nor_the_feed() {
    let services = Services::start().await;
    let studies = [1, 2, 3].map(|number| study(number, number, 1, 1)[0]);
    let last = services.store(&studies);
    let refusing = Proxy::refusing(&services, studies[1], StatusCode::BAD_REQUEST).await;
    let daemon = serving(Daemon::between(
        &services.dicom_address(),
        &refusing.address(),
    ));
    let mut running = daemon.start();
    let pid = running.pid();
    daemon.until_settled(last).await;
    assert!(pid.is_some());
    assert_eq!(running.pid(), pid, "the same process");
    let ops = Ops::of(&daemon).await;
    assert_eq!(ops.get("/healthz/live").await.0, StatusCode::OK);
    assert_eq!(services.fhir.count("ImagingStudy").unwrap(), 2);
    assert_eq!(daemon.position().await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_without_its_fhir_server_lives_and_is_not_ready() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 1, 100));
    let daemon = serving(Daemon::between(&services.dicom_address(), NOBODY));
    let _running = daemon.start();
    let ops = Ops::of(&daemon).await;
    until("the pause", async || {
        ops.json("/healthz/ready").await.1["code"] == "fhir.unreachable"
    })
    .await;
    let (status, ready) = ops.json("/healthz/ready").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready["state"], "paused");
    assert!(ready["reason"].as_str().unwrap().contains("Fhir:Endpoint"));
    for probe in ["/healthz/live", "/healthz/startup"] {
        assert_eq!(ops.get(probe).await.0, StatusCode::OK, "{probe}");
    }
    assert_eq!(ops.sample(r#"cast_state{state="paused"}"#).await, Some(1.0));
    ops.until_sample("cast_feed_lag_entries", last as f64).await;
    ops.until_sample("CastingFailedForOtherReasons_total", 1.0)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forbidden_fhir_server_is_counted_as_dicom_cast_counted_it() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 1, 1));
    let (held, release) = Fault::hold();
    let forbidden = Fault::reject(StatusCode::FORBIDDEN);
    services.fhir.faults().order("fhir.transaction", forbidden);
    services.fhir.faults().order("fhir.transaction", held);
    let daemon = serving(Daemon::of(&services));
    let _running = daemon.start();
    let ops = Ops::of(&daemon).await;
    ops.until_sample("CastToFhirForbidden_total", 1.0).await;
    until("the pause to be shown", async || {
        ops.json("/healthz/ready").await.1["code"] == "fhir.forbidden"
    })
    .await;
    release.send(()).unwrap();
    daemon.until_settled(last).await;
    until("readiness", async || {
        ops.get("/healthz/ready").await.0 == StatusCode::OK
    })
    .await;
    let pauses = ops.sample(r#"cast_pauses_total{code="fhir.forbidden"}"#);
    assert_eq!(pauses.await, Some(1.0));
    let attempts = ops.sample(r#"cast_attempts_failed_total{code="fhir.forbidden"}"#);
    assert_eq!(attempts.await, Some(1.0));
    assert_eq!(ops.sample("DicomToCastForbidden_total").await, Some(0.0));
    assert_eq!(ops.sample("cast_leader").await, Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn r78_entries_are_counted_by_result_and_the_status_tells_the_rate_of_failure() {
    let services = Services::start().await;
    let places = study(1, 1, 1, 10);
    services.store(&places[..8]);
    store_bad(&services, places[8]);
    let last = store_bad(&services, places[9]);
    let daemon = serving(Daemon::of(&services)).with("DicomCast__Validation", "full");
    let _running = daemon.start();
    daemon.until_settled(last).await;
    let ops = Ops::of(&daemon).await;
    ops.until_sample(r#"cast_entries_total{result="applied"}"#, 8.0)
        .await;
    let failed = ops.sample(r#"cast_entries_total{class="dicom",result="failed"}"#);
    assert_eq!(failed.await, Some(2.0));
    let status = ops.json("/api/v1/status").await.1;
    assert_eq!(
        status["entries"],
        json!({ "applied": 8, "skipped": 0, "failed": 2 })
    );
    assert_eq!(status["failure_rate"], 0.2);
    assert_eq!(status["validation"], "full");
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    until("the position to be shown", async || {
        let status = ops.json("/api/v1/status").await.1;
        status["position"] == 10 && status["state"] == "following"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r79_the_time_of_the_last_success_changes_only_when_something_is_written() {
    const LAST: &str = "cast_last_success_timestamp_seconds";
    let services = Services::start().await;
    let daemon = serving(Daemon::of(&services));
    let _running = daemon.start();
    let ops = Ops::of(&daemon).await;
    assert_eq!(ops.sample(LAST).await, None, "none yet");
    let before = seconds();
    let first = services.store(&study(1, 1, 1, 1));
    daemon.until_settled(first).await;
    until("the time", async || ops.sample(LAST).await.is_some()).await;
    let written = ops.sample(LAST).await.unwrap();
    assert!(written >= before - 1.0 && written <= seconds() + 1.0);
    let bad = store_bad(&services, study(1, 2, 1, 1)[0]);
    daemon.until_settled(bad).await;
    let failed = r#"cast_entries_total{class="dicom",result="failed"}"#;
    ops.until_sample(failed, 1.0).await;
    assert_eq!(ops.sample(LAST).await, Some(written));
    let second = services.store(&study(1, 3, 1, 1));
    daemon.until_settled(second).await;
    until("the next time", async || {
        ops.sample(LAST).await > Some(written)
    })
    .await;
}

fn seconds() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn r80_the_lag_grows_while_nothing_gets_through_and_is_nothing_once_caught_up() {
    const LAG: &str = "cast_feed_lag_seconds";
    let services = Services::start().await;
    let daemon = serving(Daemon::of(&services));
    let _running = daemon.start();
    let ops = Ops::of(&daemon).await;
    ops.until_sample(LAG, 0.0).await;
    let (held, release) = Fault::hold();
    services.fhir.faults().order("fhir.transaction", held);
    services.store(&study(1, 1, 1, 100));
    ops.until_sample("cast_feed_lag_entries", 100.0).await;
    let lag = ops.sample(LAG).await.unwrap();
    until("a longer lag", async || {
        ops.sample(LAG).await.unwrap() > lag
    })
    .await;
    assert_eq!(ops.sample("cast_feed_latest").await, Some(100.0));
    assert_eq!(ops.sample("cast_feed_position").await, Some(0.0));
    release.send(()).unwrap();
    ops.until_sample("cast_feed_lag_entries", 0.0).await;
    assert_eq!(ops.sample(LAG).await, Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn r81_what_was_given_up_after_the_retries_is_counted_apart() {
    const GAVE_UP: &str = r#"cast_gave_up_total{class="transient"}"#;
    let services = Services::start().await;
    let studies = [1, 2, 3].map(|number| study(number, number, 1, 1)[0]);
    services.store(&studies[..2]);
    let last = store_bad(&services, studies[2]);
    let refusing = Proxy::refusing(&services, studies[0], StatusCode::SERVICE_UNAVAILABLE).await;
    let daemon = serving(Daemon::between(
        &services.dicom_address(),
        &refusing.address(),
    ))
    .with("RetryConfiguration__MaxAttempts", "3");
    let _running = daemon.start();
    let ops = Ops::of(&daemon).await;
    assert_eq!(ops.sample(GAVE_UP).await, Some(0.0));
    daemon.until_settled(last).await;
    ops.until_sample(GAVE_UP, 1.0).await;
    let conflicts = ops.sample(r#"cast_gave_up_total{class="conflict"}"#);
    assert_eq!(conflicts.await, Some(0.0));
    let attempts = ops.sample(r#"cast_attempts_failed_total{code="fhir.server-error"}"#);
    assert_eq!(attempts.await, Some(3.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_cannot_be_had_is_named_with_its_cure() {
    let services = Services::start().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let daemon = Daemon::of(&services).with("Ops__Listen", &address);
    let mut command = daemon.command(&["run"]);
    let ended: Ended = tokio::task::spawn_blocking(move || ended(&mut command))
        .await
        .unwrap();
    assert_eq!(ended.code, Some(1));
    for text in ["Ops:Listen", &address, "free the port"] {
        assert!(ended.stderr.contains(text), "{text} in {}", ended.stderr);
    }
}
