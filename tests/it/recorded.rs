//! Failed entries of the daemon: what later entries and retries make of their records.

use radcast_engine::failure::Code;
use radcast_engine::store::{FailureRecord, RecordState, Store};
use radcast_sandbox::Fault;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::daemon::{Daemon, Running, until};
use crate::support::instances::{Place, study};
use crate::support::records::records;
use crate::support::services::Services;

async fn only_record(daemon: &Daemon) -> FailureRecord {
    let mut records = records(daemon).await;
    assert_eq!(records.len(), 1, "{records:?}");
    records.remove(0)
}

/// A daemon that looks for signals all the time.
fn daemon(services: &Services) -> Daemon {
    Daemon::of(services).with("RetryConfiguration__SignalInterval", "00:00:00.05")
}

/// Lets the server refuse the next transaction.
fn refuse(services: &Services) {
    let refusal = Fault::reject(StatusCode::UNPROCESSABLE_ENTITY);
    services.fhir.faults().order("fhir.transaction", refusal);
}

/// The first instance of a study is refused, by a running daemon.
async fn with_a_refused_instance(services: &Services) -> (Daemon, Running, Vec<Place>) {
    let daemon = daemon(services);
    let running = daemon.start();
    let places = study(1, 1, 1, 3);
    refuse(services);
    let last = services.store(&places[..1]);
    daemon.until_settled(last).await;
    assert_eq!(only_record(&daemon).await.code, Code::FhirRejected.as_str());
    (daemon, running, places)
}

async fn ask_for_retry(daemon: &Daemon) {
    let key = only_record(daemon).await.key;
    assert!(daemon.store().request_retry(&key).await.unwrap());
}

async fn until_logged(daemon: &Daemon, event: &str) -> Value {
    let logged = || {
        let log = daemon.log();
        let line = log.lines().find(|line| line.contains(event))?;
        serde_json::from_str(line).ok()
    };
    until(event, async || logged().is_some()).await;
    logged().unwrap()
}

fn only_study(services: &Services) -> Value {
    let mut studies = services.fhir.resources("ImagingStudy").unwrap();
    assert_eq!(studies.len(), 1);
    studies.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn r47_a_signal_brings_the_entry_in_without_a_new_feed_entry() {
    let services = Services::start().await;
    let (daemon, running, places) = with_a_refused_instance(&services).await;
    let position = daemon.position().await;
    ask_for_retry(&daemon).await;
    let line = until_logged(&daemon, "retry_committed").await;
    assert_eq!(line["instance"], places[0].instance_uid());
    assert_eq!(only_study(&services)["numberOfInstances"], 1);
    assert_eq!(records(&daemon).await, []);
    assert_eq!(daemon.position().await, position);
    assert_eq!(running.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn r47_both_versions_of_the_feed_are_asked_alike() {
    let services = Services::start().await;
    let daemon = daemon(&services).with("DicomWeb__ApiVersion", "v2");
    refuse(&services);
    let last = services.store(&study(1, 1, 1, 1));
    daemon.run_until_settled(last).await;
    ask_for_retry(&daemon).await;
    let running = daemon.start();
    until_logged(&daemon, "retry_committed").await;
    assert_eq!(only_study(&services)["numberOfInstances"], 1);
    assert_eq!(running.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn r48_a_deleted_instance_needs_no_retry_and_the_feed_goes_on() {
    let services = Services::start().await;
    let (daemon, running, places) = with_a_refused_instance(&services).await;
    // The entry that tells of the delete fails as well, so that the record waits.
    let delete_fails = Fault::reject(StatusCode::UNPROCESSABLE_ENTITY);
    services.fhir.faults().order("fhir.search", delete_fails);
    services.delete(places[0]);
    daemon.until_settled(2).await;
    let all = records(&daemon).await;
    let key = &all
        .iter()
        .find(|record| record.subject.sequence == Some(1))
        .unwrap()
        .key;
    let written = services.fhir.versions_written().unwrap();
    assert!(daemon.store().request_retry(key).await.unwrap());
    let line = until_logged(&daemon, "retry_obsolete").await;
    assert_eq!(line["reason"], "the instance was deleted");
    until("the end of the record", async || {
        records(&daemon).await.len() == 1
    })
    .await;
    assert_eq!(services.fhir.versions_written().unwrap(), written);
    let last = services.store(&places[1..]);
    daemon.until_settled(last).await;
    assert_eq!(running.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn r49_a_retry_that_fails_is_an_error_with_its_number_and_r50_brings_the_record_up_to_date() {
    let services = Services::start().await;
    let (daemon, running, _) = with_a_refused_instance(&services).await;
    let before = only_record(&daemon).await;
    let refusal = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error",
        "code":"value","diagnostics":"still not good: unknown code"}]}"#;
    let fault = Fault::Reject {
        status: StatusCode::BAD_REQUEST,
        body: refusal.to_owned(),
        retry_after: None,
    };
    services.fhir.faults().order("fhir.transaction", fault);
    ask_for_retry(&daemon).await;
    let line = until_logged(&daemon, "retry_failed").await;
    assert_eq!(
        (&line["level"], &line["attempt"]),
        (&json!("ERROR"), &json!(2))
    );
    assert_eq!(running.terminate().await, Some(0));
    let after = only_record(&daemon).await;
    assert_eq!((after.attempts, after.retry), (2, false));
    assert_eq!(after.first_failed, before.first_failed);
    assert!(after.last_failed > before.last_failed);
    assert!(
        after.message.ends_with("error value (unknown)"),
        "{}",
        after.message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rx8_an_old_entry_retried_overwrites_nothing_newer() {
    let services = Services::start().await;
    let (daemon, running, places) = with_a_refused_instance(&services).await;
    let mut newer = places[1].ct();
    newer["00081030"]["Value"] = json!(["Chest CT, corrected"]);
    newer["0008103E"]["Value"] = json!(["Series 1, corrected"]);
    newer["00100010"]["Value"] = json!([{ "Alphabetic": "Doe^Janet" }]);
    let last = services.store_json(&newer.to_string());
    daemon.until_settled(last).await;
    ask_for_retry(&daemon).await;
    until_logged(&daemon, "retry_committed").await;
    let study = only_study(&services);
    assert_eq!(study["numberOfInstances"], 2);
    assert_eq!(study["description"], "Chest CT, corrected");
    assert_eq!(study["series"][0]["description"], "Series 1, corrected");
    let patient = &services.fhir.resources("Patient").unwrap()[0];
    assert_eq!(patient["name"][0]["given"], json!(["Janet"]));
    assert_eq!(running.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn r63_an_instance_that_is_stored_again_supersedes_the_record_of_its_failure() {
    let services = Services::start().await;
    let daemon = daemon(&services).with("DicomCast__Validation", "full");
    let running = daemon.start();
    let place = study(1, 1, 1, 1)[0];
    let mut bad = place.ct();
    bad["00100030"]["Value"] = json!(["19801399"]);
    let last = services.store_json(&bad.to_string());
    daemon.until_settled(last).await;
    assert_eq!(
        only_record(&daemon).await.code,
        Code::DicomInvalidValue.as_str()
    );
    services.delete(place);
    let last = services.store(&[place]);
    daemon.until_settled(last).await;
    assert_eq!(only_study(&services)["numberOfInstances"], 1);
    assert_eq!(only_record(&daemon).await.state, RecordState::Superseded);
    assert_eq!(running.terminate().await, Some(0));
}
