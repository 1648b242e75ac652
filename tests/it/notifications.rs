//! Who is told, when, and of what.

use std::path::Path;
use std::time::{Duration, Instant};

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use futures_util::FutureExt;
use radcast_engine::failure::Code;
use radcast_sandbox::Fault;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::daemon::{Daemon, until};
use crate::support::instances::{Place, study};
use crate::support::ops::Ops;
use crate::support::python;
use crate::support::receiver::{Received, Receiver};
use crate::support::services::Services;

#[path = "../../examples/notify_file.rs"]
#[expect(dead_code, reason = "its main is for those who run it alone")]
mod notify_file;

const SECRET: &str = "a secret of this test";

fn daemon(services: &Services, receiver: &Receiver) -> Daemon {
    Daemon::of(services)
        .with("Notify__Webhook__Url", &receiver.address())
        .with("Notify__Webhook__Secret", SECRET)
}

/// The server refuses the next transaction.
fn refuse(services: &Services, text: &str) {
    let outcome = json!({
        "resourceType": "OperationOutcome",
        "issue": [{ "severity": "error", "code": "value", "diagnostics": text }],
    });
    let fault = Fault::Reject {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        body: outcome.to_string(),
        retry_after: None,
    };
    services.fhir.faults().order("fhir.transaction", fault);
}

/// Stores an instance without a patient's id, and gives its sequence.
fn store_bad(services: &Services, place: Place) -> u64 {
    let mut metadata = place.ct();
    metadata.as_object_mut().unwrap().remove("00100020");
    services.store_json(&metadata.to_string())
}

/// The log lines of an event.
fn events(daemon: &Daemon, event: &str) -> Vec<Value> {
    let log = daemon.log();
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &Value| line["event"] == event)
        .collect()
}

async fn until_received(receiver: &Receiver, count: usize) -> Vec<Received> {
    until("the notifications", async || {
        receiver.received().len() >= count
    })
    .await;
    receiver.received()
}

#[tokio::test(flavor = "multi_thread")]
async fn r28_a_fhir_side_failure_reaches_the_webhook_with_code_uids_and_cure() {
    let services = Services::start().await;
    let receiver = Receiver::start().await;
    let place = study(1, 1, 1, 1)[0];
    refuse(&services, "the value is odd");
    let daemon = daemon(&services, &receiver);
    let running = daemon.start();
    let begun = Instant::now();
    let last = services.store(&[place]);
    let received = until_received(&receiver, 1).await;
    let taken = begun.elapsed();
    assert!(taken < Duration::from_secs(10), "{taken:?}");
    daemon.until_settled(last).await;
    assert_eq!(running.terminate().await, Some(0));
    assert_eq!(receiver.received().len(), 1, "once");
    let request = &received[0];
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-type"), "application/json");
    let told = request.json();
    assert_eq!(told["kind"], "entryFailed");
    assert_eq!(told["severity"], "error");
    assert_eq!(told["class"], "fhir");
    assert_eq!(told["code"], Code::FhirRejected.as_str());
    assert_eq!(told["cure"], Code::FhirRejected.cure());
    assert_eq!(told["count"], 1);
    let sample = json!({
        "sequence": last,
        "studyInstanceUid": place.study_uid(),
        "seriesInstanceUid": place.series_uid(),
        "sopInstanceUid": place.instance_uid(),
    });
    assert_eq!(told["samples"], json!([sample]));
    assert_eq!(told["id"], request.header("x-radcast-id"));
    assert!(daemon.log().contains(r#""event":"notification""#));
}

/// The function of the documentation, and what it says of a request.
fn is_genuine(request: &Received, body: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/notifications.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("```python\n").unwrap();
    let (function, _) = rest.split_once("```").unwrap();
    let headers =
        ["X-Radcast-Timestamp", "X-Radcast-Signature"].map(|name| (name, request.header(name)));
    let headers: serde_json::Map<_, _> = headers
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .into_iter()
        .collect();
    let call = "import json, sys\n\
                print(is_genuine(sys.argv[1], json.loads(sys.argv[2]), sys.stdin.buffer.read()))";
    let headers = Value::from(headers).to_string();
    let program = format!("{function}\n{call}");
    let ended = python::program(&program, &[SECRET, &headers], body.as_bytes());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.stdout.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signature_is_what_the_documentation_verifies() {
    let services = Services::start().await;
    let receiver = Receiver::start().await;
    let last = store_bad(&services, study(1, 1, 1, 1)[0]);
    daemon(&services, &receiver).run_until_settled(last).await;
    let request = receiver.received().remove(0);
    let body = String::from_utf8(request.body.to_vec()).unwrap();
    assert_eq!(is_genuine(&request, &body), "True");
    let forged = body.replace("\"count\":1", "\"count\":2");
    assert_ne!(forged, body);
    assert_eq!(is_genuine(&request, &forged), "False");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_receiver_has_no_time_for_is_sent_again_with_the_same_id() {
    let services = Services::start().await;
    let receiver = Receiver::answering(|number| {
        let answer = match number {
            0 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            1 => (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")]).into_response(),
            _ => StatusCode::OK.into_response(),
        };
        async { answer }.boxed()
    })
    .await;
    let daemon = daemon(&services, &receiver);
    let running = daemon.start();
    store_bad(&services, study(1, 1, 1, 1)[0]);
    let received = until_received(&receiver, 3).await;
    assert_eq!(running.terminate().await, Some(0));
    assert_eq!(receiver.received().len(), 3);
    for request in &received {
        assert_eq!(request.header("x-radcast-id"), received[0].json()["id"]);
        assert_eq!(request.body, received[0].body);
    }
    let put_off: Vec<_> = events(&daemon, "notification_attempt_failed")
        .iter()
        .map(|line| line["next_attempt_in_ms"].as_u64().unwrap())
        .collect();
    assert!(put_off[0] < 1_000 && put_off[1] == 1_000, "{put_off:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let services = Services::start().await;
    let elsewhere = Receiver::start().await;
    let address = elsewhere.address();
    let receiver = Receiver::answering(move |_| {
        let redirect = [(header::LOCATION, address.clone())];
        async { (StatusCode::TEMPORARY_REDIRECT, redirect).into_response() }.boxed()
    })
    .await;
    let daemon = daemon(&services, &receiver);
    let last = store_bad(&services, study(1, 1, 1, 1)[0]);
    daemon.run_until_settled(last).await;
    assert_eq!(receiver.received().len(), 1, "it is not repeated either");
    assert!(elsewhere.received().is_empty());
    let log = daemon.log();
    assert!(
        log.contains("Notify:Webhook:Url has to be the final address"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_line_shows_the_address_or_the_secret_of_the_webhook() {
    let services = Services::start().await;
    let last = store_bad(&services, study(1, 1, 1, 1)[0]);
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hangs_up = format!("http://{}", silent.local_addr().unwrap());
    tokio::spawn(async move { while silent.accept().await.is_ok() {} });
    let refusing =
        Receiver::answering(|_| async { StatusCode::BAD_REQUEST.into_response() }.boxed()).await;
    for address in [hangs_up, refusing.address()] {
        let daemon = Daemon::of(&services)
            .with(
                "Notify__Webhook__Url",
                &format!("{address}/canary?sig=canary"),
            )
            .with("Notify__Webhook__Secret", "canary")
            .with("RetryConfiguration__MaxAttempts", "2")
            .with("RUST_LOG", "trace");
        let running = daemon.start();
        until("the failed notification", async || {
            daemon.log().contains("notification_undelivered")
        })
        .await;
        daemon.until_settled(last).await;
        assert_eq!(running.terminate().await, Some(0));
        assert!(!daemon.log().contains("canary"), "{}", daemon.log());
    }
    assert_eq!(refusing.received()[0].uri, "/canary?sig=canary");
}

#[tokio::test(flavor = "multi_thread")]
async fn r75_the_example_and_the_webhook_are_told_of_an_event_once_each() {
    let services = Services::start().await;
    let receiver = Receiver::start().await;
    let daemon = daemon(&services, &receiver);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notifications.jsonl");
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    let running = tokio::spawn(notify_file::run(daemon.settings(), file.clone(), stopped));
    let last = store_bad(&services, study(1, 1, 1, 1)[0]);
    daemon.until_settled(last).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    let lines = std::fs::read_to_string(file).unwrap();
    let written: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let posted: Vec<_> = receiver.received().iter().map(Received::json).collect();
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0]["code"], Code::DicomMissingAttribute.as_str());
    assert_eq!(written, posted);
}

#[tokio::test(flavor = "multi_thread")]
async fn r75_a_receiver_that_never_answers_delays_neither_the_feed_nor_its_end() {
    let services = Services::start().await;
    let receiver = Receiver::answering(|_| std::future::pending().boxed()).await;
    let daemon = daemon(&services, &receiver)
        .with("Notify__GroupingInterval", "00:00:00")
        .with("Notify__QueueLength", "1")
        .with("Notify__Webhook__Timeout", "01:00:00")
        .with("Ops__Listen", "127.0.0.1:0")
        .with("DicomCastWorker__ShutdownGracePeriod", "00:00:01");
    for place in study(1, 1, 1, 5) {
        store_bad(&services, place);
    }
    let last = services.store(&study(2, 2, 1, 1));
    let running = daemon.start();
    daemon.until_settled(last).await;
    until_received(&receiver, 1).await;
    assert_eq!(services.fhir.count("ImagingStudy").unwrap(), 1);
    let ops = Ops::of(&daemon).await;
    let counted = ops.sample("cast_notifications_dropped_total").await;
    let begun = Instant::now();
    assert_eq!(running.terminate().await, Some(0));
    let taken = begun.elapsed();
    assert!(taken < Duration::from_secs(3), "{taken:?}");
    let dropped = events(&daemon, "notification_dropped");
    assert_eq!(counted, Some(dropped.len() as f64), "of all notifiers");
    let dropped = dropped.iter().filter(|line| line["notifier"] == "webhook");
    let dropped = dropped.count();
    assert!(
        (3..=4).contains(&dropped),
        "{dropped}: one is under way and one waits"
    );
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_and_its_end_are_told_once_each_and_no_entry_fails() {
    let services = Services::start().await;
    let receiver = Receiver::start().await;
    let daemon = daemon(&services, &receiver).with("RetryConfiguration__MaxDelay", "00:00:00.1");
    let running = daemon.start();
    let first = services.store(&study(1, 1, 1, 1));
    daemon.until_settled(first).await;
    for _ in 0..5 {
        let fault = Fault::reject(StatusCode::FORBIDDEN);
        services.fhir.faults().order("fhir.search", fault);
    }
    let last = services.store(&study(2, 2, 1, 1));
    daemon.until_settled(last).await;
    until_received(&receiver, 2).await;
    assert_eq!(running.terminate().await, Some(0));
    let told: Vec<_> = receiver.received().iter().map(Received::json).collect();
    let told = told
        .iter()
        .map(|told| (&told["kind"], &told["severity"], &told["code"]));
    let code = json!(Code::FhirForbidden.as_str());
    let expected = [("feedPaused", "critical"), ("feedResumed", "information")];
    let expected = expected.map(|(kind, severity)| (json!(kind), json!(severity)));
    let expected = expected
        .each_ref()
        .map(|(kind, severity)| (kind, severity, &code));
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn r85_entries_that_fail_alike_are_told_together_and_escalate_once() {
    let services = Services::start().await;
    let receiver = Receiver::start().await;
    let daemon = daemon(&services, &receiver).with("Escalation__Count", "3");
    let places = study(1, 1, 1, 5);
    let last = places
        .iter()
        .fold(0, |_, place| store_bad(&services, *place));
    daemon.run_until_settled(last).await;
    let counts: Vec<_> = receiver
        .of_kind("entryFailed")
        .iter()
        .map(|told| told["count"].clone())
        .collect();
    assert_eq!(counts, [1, 5], "the rest is told when it ends");
    let group = &receiver.of_kind("entryFailed")[1];
    let uids: Vec<_> = group["samples"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sample| sample["sopInstanceUid"].clone())
        .collect();
    let expected: Vec<_> = places.iter().map(|place| place.instance_uid()).collect();
    assert_eq!(json!(uids), json!(expected));
    let escalations = receiver.of_kind("escalation");
    assert_eq!(escalations.len(), 1);
    assert_eq!(escalations[0]["count"], 3);
    assert_eq!(escalations[0]["severity"], "critical");
    assert_eq!(escalations[0]["samples"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn rx10_no_notification_names_a_patient() {
    let services = Services::start().await;
    let receiver = Receiver::start().await;
    let canaries = ["CANARY", "Canary", "Yellow", "1966-06-06", "19660606"];
    let places = study(1, 1, 1, 2);
    let mut metadata = places[0].ct();
    metadata["00100010"]["Value"] = json!([{ "Alphabetic": "Canary^Yellow" }]);
    metadata["00100020"]["Value"] = json!(["CANARY-4711"]);
    metadata["00100030"]["Value"] = json!(["19660606"]);
    refuse(
        &services,
        "Patient CANARY-4711 (Canary, Yellow, 1966-06-06) is odd",
    );
    services.store_json(&metadata.to_string());
    // Another way to fail, with the same patient in it.
    metadata["00080018"]["Value"] = json!([places[1].instance_uid()]);
    metadata["00100030"]["Value"] = json!(["CANARY"]);
    let last = services.store_json(&metadata.to_string());
    let daemon = daemon(&services, &receiver)
        .with("DicomCast__Validation", "full")
        .with("RUST_LOG", "trace");
    daemon.run_until_settled(last).await;
    let received = receiver.received();
    let codes: std::collections::BTreeSet<_> = received
        .iter()
        .map(|request| request.json()["code"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        codes,
        ["dicom.invalid-value", "fhir.rejected"]
            .map(str::to_owned)
            .into()
    );
    for request in &received {
        for canary in canaries {
            let told = format!("{:?} {:?}", request.headers, request.body);
            assert!(!told.contains(canary), "{canary} in {told}");
        }
    }
    for canary in canaries {
        assert!(
            !daemon.log().contains(canary),
            "{canary} in {}",
            daemon.log()
        );
    }
}
