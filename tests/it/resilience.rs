//! The retry policy, seen from outside: what is asked again, what is not, and what goes on.

use std::time::{Duration, Instant};

use radcast_engine::failure::Code;
use radcast_sandbox::Fault;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::daemon::{Daemon, until};
use crate::support::instances::{Place, study};
use crate::support::services::Services;

/// Stores a resource at the FHIR server as somebody else would.
async fn post(services: &Services, resource: &Value) -> Value {
    let url = format!(
        "{}/{}",
        services.fhir_address(),
        resource["resourceType"].as_str().unwrap()
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.post(url).json(resource).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json().await.unwrap()
}

/// A patient as radcast identifies patient 1.
fn same_patient() -> Value {
    json!({ "resourceType": "Patient",
            "identifier": [{ "system": "urn:oid:1.2.3", "value": "PID-1" }] })
}

/// Waits until the feed was polled this often more.
async fn polls(services: &Services, more: u64) {
    let before = services.dicom.faults().count("dicom.latest");
    until("polls", async || {
        services.dicom.faults().count("dicom.latest") >= before + more
    })
    .await;
}

fn reject(services: &Services, operation: &'static str, status: StatusCode, times: u32) {
    for _ in 0..times {
        services
            .fhir
            .faults()
            .order(operation, Fault::reject(status));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_r36_r53_what_needs_a_person_is_not_asked_again_and_the_feed_goes_on() {
    let services = Services::start().await;
    for _ in 0..2 {
        post(&services, &same_patient()).await;
    }
    services.store(&study(1, 1, 1, 1));
    let last = services.store(&study(2, 2, 1, 1));
    let daemon = Daemon::of(&services);
    let running = daemon.start();
    daemon.until_settled(last).await;
    let asked = services.fhir.faults().total();
    polls(&services, 10).await;
    assert_eq!(services.fhir.faults().total(), asked);
    assert_eq!(running.terminate().await, Some(0));
    let records = daemon.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].code, Code::FhirMultipleMatches.as_str());
    assert_eq!(services.fhir.count("ImagingStudy").unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_w4_a_server_too_busy_is_asked_again_and_nothing_is_recorded() {
    for status in [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ] {
        let services = Services::start().await;
        reject(&services, "fhir.transaction", status, 2);
        let last = services.store(&study(1, 1, 1, 1));
        let daemon = Daemon::of(&services);
        daemon.run_until_settled(last).await;
        // The patient's, refused twice, and the study's.
        assert_eq!(services.fhir.faults().count("fhir.transaction"), 4);
        assert_eq!(daemon.records().await, []);
        let log = daemon.log();
        let attempts: Vec<_> = log
            .lines()
            .filter(|line| line.contains("attempt_failed"))
            .collect();
        assert_eq!(attempts.len(), 2);
        assert!(
            attempts
                .iter()
                .all(|line| line.contains(r#""class":"transient""#))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_an_answer_that_does_not_come_in_time_ends_the_attempt_and_the_next_succeeds() {
    let services = Services::start().await;
    let (held, _release) = Fault::hold();
    services.fhir.faults().order("fhir.search", held);
    let last = services.store(&study(1, 1, 1, 1));
    let daemon = Daemon::of(&services).with("Fhir__Timeout", "00:00:00.2");
    let begun = Instant::now();
    daemon.run_until_settled(last).await;
    assert!(begun.elapsed() >= Duration::from_millis(200));
    assert!(daemon.log().contains("fhir.timeout"), "{}", daemon.log());
    assert_eq!(daemon.records().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn r26_a_lookup_and_a_transaction_that_are_refused_are_both_the_fhir_sides() {
    for operation in ["fhir.search", "fhir.transaction"] {
        let services = Services::start().await;
        let daemon = Daemon::of(&services);
        let running = daemon.start();
        let first = services.store(&study(1, 1, 1, 1));
        daemon.until_settled(first).await;
        // What is remembered is read anew before the entry is to blame.
        reject(&services, operation, StatusCode::BAD_REQUEST, 10);
        let last = services.store(&study(2, 2, 1, 1));
        daemon.until_settled(last).await;
        assert_eq!(running.terminate().await, Some(0));
        let records = daemon.records().await;
        assert_eq!(records.len(), 1, "{operation}");
        assert_eq!(records[0].class, "fhir", "{operation}");
        assert_eq!(records[0].key.table.name(), "FhirFailToStoreExceptionTable");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_a_lost_race_is_read_and_merged_again_and_recorded_only_when_it_never_ends() {
    for status in [StatusCode::CONFLICT, StatusCode::PRECONDITION_FAILED] {
        let services = Services::start().await;
        reject(&services, "fhir.transaction", status, 1);
        let last = services.store(&study(1, 1, 1, 1));
        let daemon = Daemon::of(&services);
        daemon.run_until_settled(last).await;
        assert_eq!(daemon.records().await, [], "{status}");
        assert_eq!(services.fhir.faults().count("fhir.transaction"), 3);

        reject(&services, "fhir.transaction", status, 100);
        let last = services.store(&study(2, 2, 1, 1));
        let daemon = daemon
            .with("RetryConfiguration__MaxAttempts", "2")
            .with("RetryConfiguration__OnOutage", "Record");
        daemon.run_until_settled(last).await;
        let records = daemon.records().await;
        assert_eq!(records.len(), 1, "{status}");
        assert_eq!(records[0].code, Code::FhirConflict.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r08_r69_the_level_of_validation_is_a_setting_and_anything_else_is_refused() {
    let mut untidy = Place {
        patient: 1,
        study: 1,
        series: 1,
        instance: 1,
    }
    .ct();
    untidy["00100040"]["Value"] = json!(["female"]);
    for (level, studies, failures) in [("full", 0, 1), ("partial", 1, 0)] {
        let services = Services::start().await;
        let last = services.store_json(&untidy.to_string());
        let daemon = Daemon::of(&services).with("DicomCast__Validation", level);
        daemon.run_until_settled(last).await;
        assert_eq!(
            services.fhir.count("ImagingStudy").unwrap(),
            studies,
            "{level}"
        );
        assert_eq!(daemon.records().await.len(), failures, "{level}");
    }
    let services = Services::start().await;
    let refused = Daemon::of(&services)
        .with("DicomCast__Validation", "some")
        .command(&["check"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(78));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("DicomCast:Validation") && said.contains("full, partial"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rx11_a_server_of_another_version_or_without_transactions_is_told_of_and_the_feed_is_left()
{
    let without = json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1" });
    let other = json!({ "resourceType": "CapabilityStatement", "fhirVersion": "5.0.0" });
    for (statement, code) in [
        (without, Code::FhirNoTransactions),
        (other, Code::FhirWrongVersion),
    ] {
        let services = Services::start().await;
        services.store(&study(1, 1, 1, 1));
        let statement = statement.to_string();
        let router = axum::Router::new().fallback(move || {
            let statement = statement.clone();
            async move { ([("content-type", "application/fhir+json")], statement) }
        });
        let server = radcast_sandbox::Server::start(router, 0).await.unwrap();
        let daemon = Daemon::between(&services.dicom_address(), &server.base_url());
        let running = daemon.start();
        until("the word", async || daemon.log().contains(code.as_str())).await;
        assert!(
            daemon.log().contains(&code.cure()[..20]),
            "{}",
            daemon.log()
        );
        assert_eq!(running.terminate().await, Some(0));
        assert_eq!(services.dicom.faults().count("dicom.feed"), 0);
        assert_eq!(daemon.position().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w13_deleting_an_instance_leaves_what_others_say_of_its_study() {
    let services = Services::start().await;
    let places = study(1, 1, 1, 2);
    services.store(&places);
    let observation = json!({ "resourceType": "Observation", "status": "final",
        "code": { "text": "dose" },
        "identifier": [{ "system": "urn:dicom:uid",
                         "value": format!("urn:oid:{}", places[0].study_uid()) }] });
    post(&services, &observation).await;
    services.delete(places[0]);
    services.delete(places[1]);
    let last = services.dicom.latest_sequence().unwrap();
    Daemon::of(&services).run_until_settled(last).await;
    assert_eq!(services.fhir.count("ImagingStudy").unwrap(), 0);
    assert_eq!(services.fhir.count("Observation").unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn w14_a_commit_that_found_its_resource_is_not_repeated_with_its_side_effects() {
    let services = Services::start().await;
    let lost = Fault::FailAfterWrite(StatusCode::GATEWAY_TIMEOUT);
    services.fhir.faults().order("fhir.transaction", lost);
    let last = services.store(&study(1, 1, 1, 2));
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    // Patient, Endpoint and ImagingStudy, each in one version.
    assert_eq!(services.fhir.versions_written().unwrap(), 3);
    assert_eq!(daemon.records().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_r27_after_a_repair_at_the_fhir_server_a_signal_is_enough() {
    let services = Services::start().await;
    let surplus = post(&services, &same_patient()).await;
    post(&services, &same_patient()).await;
    let last = services.store(&study(1, 1, 1, 2));
    let daemon = Daemon::of(&services).with("RetryConfiguration__SignalInterval", "00:00:00.1");
    let running = daemon.start();
    daemon.until_settled(last).await;
    assert_eq!(daemon.records().await.len(), 2);
    let id = surplus["id"].as_str().unwrap();
    let url = format!("{}/Patient/{id}", services.fhir_address());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(
        client
            .delete(url)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    let asked = daemon
        .command(&["failures", "retry", "--all", "--yes"])
        .output()
        .unwrap();
    assert_eq!(asked.status.code(), Some(0), "{asked:?}");
    until("the retries", async || daemon.records().await.is_empty()).await;
    assert_eq!(running.terminate().await, Some(0));
    let study = &services.fhir.resources("ImagingStudy").unwrap()[0];
    assert_eq!(study["numberOfInstances"], 2);
    assert_eq!(services.dicom.latest_sequence().unwrap(), last);
    assert_eq!(daemon.position().await, last);
}

#[tokio::test(flavor = "multi_thread")]
async fn rx6_a_refusal_of_permission_pauses_the_feed_and_records_nothing() {
    let services = Services::start().await;
    let daemon = Daemon::of(&services).with("RetryConfiguration__MaxDelay", "00:00:00.1");
    let running = daemon.start();
    let first = services.store(&study(1, 1, 1, 1));
    daemon.until_settled(first).await;
    reject(&services, "fhir.search", StatusCode::FORBIDDEN, 40);
    let last = services.store(&study(2, 2, 1, 2));
    until("the pause", async || {
        !daemon.events("notification").is_empty()
    })
    .await;
    assert_eq!(daemon.position().await, first);
    daemon.until_settled(last).await;
    assert_eq!(running.terminate().await, Some(0));
    assert_eq!(daemon.records().await, []);
    let told = daemon.events("notification");
    let paused = told.iter().filter(|told| told["kind"] == "feedPaused");
    assert_eq!(paused.count(), 1, "{told:?}");
    assert!(daemon.log().contains(Code::FhirForbidden.cure()));
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_are_answered_with_a_web_page_while_reads_work_pause_the_feed() {
    let services = Services::start().await;
    let daemon = Daemon::of(&services)
        .with("RetryConfiguration__MaxAttempts", "2")
        .with("RetryConfiguration__MaxDelay", "00:00:00.1");
    let running = daemon.start();
    let first = services.store(&study(1, 1, 1, 1));
    daemon.until_settled(first).await;
    for operation in ["fhir.transaction", "fhir.test"] {
        for _ in 0..1_000 {
            let page = Fault::Reject {
                status: StatusCode::OK,
                body: "<html>down for maintenance</html>".to_owned(),
                retry_after: None,
            };
            services.fhir.faults().order(operation, page);
        }
    }
    services.store(&study(2, 2, 1, 1));
    let last = services.store(&study(3, 3, 1, 1));
    until("the pause", async || {
        let told = daemon.events("notification");
        told.iter().any(|told| told["kind"] == "feedPaused")
    })
    .await;
    let checked = daemon.command(&["check"]).output().unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(said.contains("FHIR      FAILED"), "{said}");
    assert_eq!(daemon.records().await, []);
    services.fhir.faults().clear();
    daemon.until_settled(last).await;
    assert_eq!(running.terminate().await, Some(0));
    assert_eq!(daemon.records().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn w9_what_ends_the_daemon_ends_it_with_a_code_and_services_that_are_down_do_not() {
    let nobody = "http://127.0.0.1:9";
    let alone = Daemon::between(nobody, nobody);
    let waiting = alone.start();
    until("its word", async || {
        alone.log().contains("fhir.unreachable")
    })
    .await;
    assert_eq!(waiting.terminate().await, Some(0));

    let services = Services::start().await;
    let daemon = Daemon::of(&services);
    let mut command = daemon.command(&["run"]);
    let mut process = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let first = services.store(&study(1, 1, 1, 1));
    daemon.until_settled(first).await;
    let rival = rusqlite::Connection::open(daemon.store_path()).unwrap();
    let moved = "UPDATE SyncStateTable SET ETag = ETag + 1, SyncedSequence = SyncedSequence + 7";
    rival.execute(moved, []).unwrap();
    services.store(&study(2, 2, 1, 1));
    let ended = tokio::task::spawn_blocking(move || process.wait().unwrap().code());
    assert_eq!(ended.await.unwrap(), Some(1));
}
