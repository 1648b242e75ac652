//! Telemetry leaves the daemon: for Application Insights and for an OpenTelemetry collector.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use radcast_sandbox::Fault;
use reqwest::StatusCode;
use serde_json::Value;

use crate::support::canary;
use crate::support::collector::Collector;
use crate::support::daemon::{Daemon, until};
use crate::support::instances::study;
use crate::support::proxy::contains;
use crate::support::services::Services;

const CONNECTION_STRING: &str = "APPLICATIONINSIGHTS_CONNECTION_STRING";

/// Services whose FHIR store refuses the first of two studies; and the last sequence.
async fn one_of_two_refused() -> (Services, u64) {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 1));
    let refused = Fault::reject(StatusCode::UNPROCESSABLE_ENTITY);
    services.fhir.faults().order("fhir.transaction", refused);
    let last = services.store(&study(2, 2, 1, 1));
    (services, last)
}

fn one_at_a_time(daemon: Daemon) -> Daemon {
    daemon.with("DicomCastWorker__MaxConcurrency", "1")
}

#[tokio::test(flavor = "multi_thread")]
async fn r74_a_failure_reaches_application_insights_with_uids_and_operation() {
    let collector = Collector::start().await;
    let (services, last) = one_of_two_refused().await;
    let daemon = one_at_a_time(Daemon::of(&services));
    let daemon = daemon.with(CONNECTION_STRING, &collector.connection_string());
    daemon.run_until_settled(last).await;
    let place = study(1, 1, 1, 1)[0];
    let exceptions = collector.items("ExceptionData").await;
    assert_eq!(exceptions.len(), 1, "{exceptions:?}");
    let exception = &exceptions[0];
    assert_eq!(exception["iKey"], "canary-key");
    let data = &exception["data"]["baseData"];
    assert_eq!(data["exceptions"][0]["typeName"], "fhir.rejected");
    let properties = &data["properties"];
    assert_eq!(properties["event"], "entry_failed");
    assert_eq!(properties["study"], place.study_uid());
    assert_eq!(properties["series"], place.series_uid());
    assert_eq!(properties["instance"], place.instance_uid());
    let tags = &exception["tags"];
    assert_eq!(tags["ai.cloud.role"], "radcast");
    assert_eq!(tags["ai.application.ver"], env!("CARGO_PKG_VERSION"));
    let operation = tags["ai.operation.id"].as_str().unwrap();
    let requests = collector.items("RequestData").await;
    assert_eq!(requests.len(), 2, "a span a study: {requests:?}");
    let of_operation = |request: &&Value| request["tags"]["ai.operation.id"] == operation;
    let request = requests.iter().find(of_operation).unwrap();
    let request = &request["data"]["baseData"];
    assert_eq!(request["success"], false);
    assert_eq!(request["properties"]["study"], place.study_uid());
    let messages = collector.items("MessageData").await;
    let attempt =
        |message: &&Value| message["data"]["baseData"]["properties"]["event"] == "attempt_failed";
    let attempt = messages.iter().find(attempt).unwrap();
    assert_eq!(attempt["tags"]["ai.operation.id"], operation);
}

#[tokio::test(flavor = "multi_thread")]
async fn r74_without_a_connection_string_the_line_is_in_the_log() {
    let (services, last) = one_of_two_refused().await;
    let daemon = one_at_a_time(Daemon::of(&services));
    daemon.run_until_settled(last).await;
    let failed = daemon.events("entry_failed");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["study"], study(1, 1, 1, 1)[0].study_uid());
}

#[tokio::test(flavor = "multi_thread")]
async fn w35_metrics_are_sent_before_the_end_however_short_the_run() {
    let collector = Collector::start().await;
    let (services, last) = one_of_two_refused().await;
    let daemon = one_at_a_time(Daemon::of(&services));
    let daemon = daemon.with(CONNECTION_STRING, &collector.connection_string());
    daemon.run_until_settled(last).await;
    let items = collector.items("MetricData").await;
    let value = |name: &str, result: Option<&str>| {
        let items = items.iter().map(|item| &item["data"]["baseData"]);
        let mut found = items.filter(|data| {
            let wanted = result.map_or(Value::Null, Value::from);
            data["metrics"][0]["name"] == name && data["properties"]["result"] == wanted
        });
        found.next_back().unwrap()["metrics"][0]["value"].as_f64()
    };
    assert_eq!(value("cast.entries", Some("applied")), Some(1.0));
    assert_eq!(value("CastToFhirForbidden", None), Some(0.0));
    assert_eq!(value("cast.feed.lag", None), Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_of_open_telemetry_gets_logs_metrics_and_traces() {
    let collector = Collector::start().await;
    let (services, last) = one_of_two_refused().await;
    let daemon = one_at_a_time(Daemon::of(&services))
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address())
        .with("OTEL_SERVICE_NAME", "cast-of-site");
    daemon.run_until_settled(last).await;
    let uid = study(1, 1, 1, 1)[0].study_uid();
    for (path, texts) in [
        ("/v1/logs", ["entry_failed", &uid, "cast-of-site"]),
        ("/v1/metrics", ["cast.entries", "applied", "cast-of-site"]),
        ("/v1/traces", ["apply", &uid, "cast-of-site"]),
    ] {
        let bodies = collector.bodies(path);
        for text in texts {
            let found = bodies.iter().any(|body| contains(body, text));
            assert!(found, "{text} at {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_names_no_patient() {
    let collector = Collector::start().await;
    let services = Services::start().await;
    services.store_json(&canary::instance_of_canary(study(1, 1, 1, 1)[0]).to_string());
    let refusal = canary::quoting(StatusCode::UNPROCESSABLE_ENTITY);
    services.fhir.faults().order("fhir.transaction", refusal);
    let daemon = Daemon::of(&services)
        .with("RUST_LOG", "trace")
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address());
    daemon.run_until_settled(1).await;
    let paths = ["/v1/logs", "/v1/metrics", "/v1/traces"];
    let bodies: Vec<_> = paths
        .iter()
        .flat_map(|path| collector.bodies(path))
        .collect();
    assert!(bodies.iter().any(|body| contains(body, "entry_failed")));
    for body in &bodies {
        canary::assert_discreet("an export", &String::from_utf8_lossy(body));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w8_a_blank_key_and_dicom_casts_placeholder_start_without_telemetry() {
    let services = Services::start().await;
    for (number, key, notices) in [(1, "", 0), (2, "12345", 1)] {
        let last = services.store(&study(number, number, 1, 1));
        let daemon = Daemon::of(&services).with("ApplicationInsights__InstrumentationKey", key);
        daemon.run_until_settled(last).await;
        assert_eq!(daemon.events("setting_ignored").len(), notices);
    }
}

/// A service that takes connections and never answers.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    (listener, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_backend_delays_neither_the_feed_nor_the_end() {
    let (_listener, address) = silent();
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 1, 50));
    let daemon = Daemon::of(&services)
        .with("DicomCastWorker__ShutdownGracePeriod", "00:00:01")
        .with(
            CONNECTION_STRING,
            &format!("InstrumentationKey=k;IngestionEndpoint={address}"),
        )
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", &address)
        .with("OTEL_BLRP_SCHEDULE_DELAY", "10");
    let running = daemon.start();
    daemon.until_settled(last).await;
    let begun = Instant::now();
    assert_eq!(running.terminate().await, Some(0));
    let taken = begun.elapsed();
    assert!(taken < Duration::from_secs(3), "{taken:?}");
    until("the word of it", async || {
        !daemon.events("telemetry_not_flushed").is_empty()
    })
    .await;
}
