//! The daemon between a DICOMweb service and a FHIR store: what arrives, and at what cost.

use std::time::{Duration, Instant};

use radcast_engine::failure::Code;
use radcast_engine::store::{FailureTable, RecordFilter, Store, SyncState};
use radcast_sandbox::Fault;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::canary;
use crate::support::daemon::{Daemon, until};
use crate::support::instances::study;
use crate::support::services::Services;

fn only_study(services: &Services) -> Value {
    let mut studies = services.fhir.resources("ImagingStudy").unwrap();
    assert_eq!(studies.len(), 1);
    studies.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn w7_an_empty_service_is_followed_until_something_is_stored() {
    let services = Services::start().await;
    // In place of the 204 that follows.
    for body in ["null", ""] {
        services.dicom.faults().order(
            "dicom.latest",
            Fault::Reject {
                status: StatusCode::OK,
                body: body.to_owned(),
                retry_after: None,
            },
        );
    }
    let daemon = Daemon::of(&services);
    let running = daemon.start();
    until("five looks at the feed", async || {
        services.dicom.faults().count("dicom.latest") >= 5
    })
    .await;
    let last = services.store(&study(1, 1, 1, 1));
    daemon.until_settled(last).await;
    assert_eq!(running.terminate().await, Some(0));
    assert!(!daemon.log().contains("cannot be read"), "{}", daemon.log());
    assert_eq!(services.fhir.count("ImagingStudy").unwrap(), 1);
}

#[tokio::test]
async fn w2_a_position_beyond_the_feed_moves_nowhere() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 1, 3));
    let daemon = Daemon::of(&services)
        .with("RetryConfiguration__InitialDelay", "00:00:00.01")
        .with("RetryConfiguration__MaxDelay", "00:00:00.01");
    let state = SyncState::at(50, None);
    daemon.store().save_sync_state(state, None).await.unwrap();
    let running = daemon.start();
    until("ten looks at the feed", async || {
        services.dicom.faults().count("dicom.latest") >= 10
    })
    .await;
    assert_eq!(running.terminate().await, Some(0));
    assert!(daemon.log().contains(Code::DicomPositionAhead.as_str()));
    assert_eq!(daemon.position().await, 50);
    assert_eq!(services.dicom.faults().count("dicom.feed"), 0);
    assert_eq!(services.dicom.latest_sequence().unwrap(), last);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_arrives_with_its_patient_and_endpoint() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 2, 3));
    Daemon::of(&services).run_until_settled(last).await;
    let study = only_study(&services);
    assert_eq!(study["numberOfSeries"], 2);
    assert_eq!(study["numberOfInstances"], 6);
    assert_eq!(study["description"], "Chest CT");
    assert_eq!(study["started"], "2024-06-01T14:25:01+02:00");
    let patient = &services.fhir.resources("Patient").unwrap()[0];
    assert_eq!(patient["name"][0]["family"], "Doe");
    assert_eq!(patient["birthDate"], "1980-02-29");
    assert_eq!(
        study["subject"]["reference"],
        format!("Patient/{}", patient["id"].as_str().unwrap())
    );
    let endpoint = &services.fhir.resources("Endpoint").unwrap()[0];
    assert_eq!(
        endpoint["address"],
        format!("{}/v1", services.dicom_address())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ct_of_a_thousand_instances_costs_at_most_twenty_fhir_requests() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 4, 250));
    Daemon::of(&services).run_until_settled(last).await;
    let requests = services.fhir.faults().total();
    assert_eq!(only_study(&services)["numberOfInstances"], 1_000);
    assert!(requests <= 20, "{requests} FHIR requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_the_whole_feed_writes_nothing() {
    let services = Services::start().await;
    services.store(&study(1, 1, 2, 3));
    let last = services.store(&study(2, 2, 1, 4));
    Daemon::of(&services).run_until_settled(last).await;
    let versions = services.fhir.versions_written().unwrap();
    let fresh = Daemon::of(&services);
    fresh.run_until_settled(last).await;
    assert_eq!(services.fhir.versions_written().unwrap(), versions);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_of_the_feed_give_the_same() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 2, 30));
    Daemon::of(&services)
        .with("DicomWeb__ApiVersion", "v2")
        .run_until_settled(last)
        .await;
    let study = only_study(&services);
    assert_eq!(study["numberOfInstances"], 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_the_last_instance_deletes_the_study() {
    let services = Services::start().await;
    let places = study(1, 1, 1, 2);
    let last = services.store(&places);
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    services.delete(places[0]);
    daemon.run_until_settled(last + 1).await;
    assert_eq!(only_study(&services)["numberOfInstances"], 1);
    services.delete(places[1]);
    daemon.run_until_settled(last + 2).await;
    assert_eq!(services.fhir.count("ImagingStudy").unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_deleted_instance_said_last_is_said_by_one_that_remains() {
    let services = Services::start().await;
    let places = study(1, 1, 1, 2);
    let mut odd = places[1].ct();
    odd["00081030"]["Value"] = json!(["Neck"]);
    services.store_json(&places[0].ct().to_string());
    let last = services.store_json(&odd.to_string());
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    assert_eq!(only_study(&services)["description"], "Neck");
    services.delete(places[1]);
    daemon.run_until_settled(last + 1).await;
    let left = only_study(&services);
    assert_eq!(
        (&left["description"], &left["numberOfInstances"]),
        (&json!("Chest CT"), &json!(1))
    );
    assert_eq!(
        daemon.events("instance_read_again").len(),
        1,
        "{}",
        daemon.log()
    );
}

/// Four instances, of which the last says something else and is deleted, while the service answers
/// requests for metadata so. Returns what the study says then, and how often it was not read again.
async fn delete_what_was_said_last(
    answers: &[StatusCode],
    settings: &[(&str, &str)],
) -> (String, Vec<Value>) {
    let services = Services::start().await;
    let places = study(1, 1, 1, 4);
    services.store(&places[..3]);
    let mut odd = places[3].ct();
    odd["00081030"]["Value"] = json!(["Neck"]);
    let last = services.store_json(&odd.to_string());
    let mut daemon = Daemon::of(&services)
        .with("RetryConfiguration__InitialDelay", "00:00:00.01")
        .with("RetryConfiguration__MaxDelay", "00:00:00.01");
    for (name, value) in settings {
        daemon = daemon.with(name, value);
    }
    daemon.run_until_settled(last).await;
    for status in answers {
        services.dicom.faults().order(
            "dicom.metadata",
            Fault::Reject {
                status: *status,
                body: String::new(),
                retry_after: None,
            },
        );
    }
    services.delete(places[3]);
    daemon.run_until_settled(last + 1).await;
    let left = only_study(&services);
    assert_eq!(left["numberOfInstances"], 3);
    assert_eq!(daemon.records().await, [], "{}", daemon.log());
    let description = left["description"].as_str().unwrap().to_owned();
    (description, daemon.events("instance_not_read_again"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_remains_is_read_again_by_another_attempt_or_from_another_instance() {
    for answers in [
        &[
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::TOO_MANY_REQUESTS,
        ][..],
        &[StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST],
        &[StatusCode::FORBIDDEN],
    ] {
        let (description, unread) = delete_what_was_said_last(answers, &[]).await;
        assert_eq!(description, "Chest CT", "{answers:?}");
        assert_eq!(unread, [Value::Null; 0], "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_read_again_the_log_says_so() {
    let unserved = [StatusCode::NOT_IMPLEMENTED; 3];
    let unlisted = [("ImagingStudy__ListInstancesUpTo", "2")];
    for (answers, settings, tried) in [(&unserved[..], &[][..], 3), (&[], &unlisted, 0)] {
        let (description, unread) = delete_what_was_said_last(answers, settings).await;
        assert_eq!(description, "Neck", "{tried}");
        assert_eq!(unread.len(), 1, "{tried}");
        assert_eq!(unread[0]["tried"], tried, "{unread:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_deleted_before_it_was_read_leaves_nothing() {
    let services = Services::start().await;
    let places = study(1, 1, 1, 1);
    services.store(&places);
    services.delete(places[0]);
    Daemon::of(&services).run_until_settled(2).await;
    assert_eq!(services.fhir.versions_written().unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_update_reaches_patient_and_study() {
    let services = Services::start().await;
    let places = study(1, 1, 1, 3);
    let last = services.store(&places);
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    let changes = json!({
        "00081030": { "vr": "LO", "Value": ["Corrected"] },
        "00100020": { "vr": "LO", "Value": ["PID-77"] },
    });
    let uid = places[0].study_uid();
    services
        .dicom
        .update(None, &uid, changes.as_object().unwrap())
        .unwrap();
    daemon.run_until_settled(last + 3).await;
    let study = only_study(&services);
    assert_eq!(study["description"], "Corrected");
    let patients = services.fhir.resources("Patient").unwrap();
    let moved = patients
        .iter()
        .find(|patient| patient["identifier"][0]["value"] == "PID-77")
        .unwrap();
    assert_eq!(
        study["subject"]["reference"],
        format!("Patient/{}", moved["id"].as_str().unwrap())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_uids_in_two_partitions_stay_two_studies() {
    let services = Services::start().await;
    let place = study(1, 1, 1, 1)[0];
    let metadata = place.ct().to_string();
    for partition in [None, Some("clinic-b"), Some("clinic-c")] {
        services.dicom.store_metadata(partition, &metadata).unwrap();
    }
    Daemon::of(&services).run_until_settled(3).await;
    assert_eq!(services.fhir.count("ImagingStudy").unwrap(), 3);
    assert_eq!(services.fhir.count("Endpoint").unwrap(), 3);
    assert_eq!(services.fhir.count("Patient").unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_entry_is_recorded_with_its_cure_and_its_study_goes_on() {
    let services = Services::start().await;
    let places = study(1, 1, 1, 3);
    services.store(&places[..1]);
    let mut bad = places[1].ct();
    bad.as_object_mut().unwrap().remove("00100020");
    services.store_json(&bad.to_string());
    services.store(&places[2..]);
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(3).await;
    assert_eq!(only_study(&services)["numberOfInstances"], 2);
    let records = daemon.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].code, Code::DicomMissingAttribute.as_str());
    assert_eq!(
        records[0].key.table.name(),
        "DicomFailToStoreExceptionTable"
    );
    assert_eq!(records[0].subject.sequence, Some(2));
    assert_eq!(records[0].subject.instance, Some(places[1].instance_uid()));
    assert!(
        records[0].message.contains("PatientID"),
        "{}",
        records[0].message
    );
    assert!(!records[0].cure.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn r66_each_invalid_value_is_warned_of_and_has_a_row() {
    let services = Services::start().await;
    let mut metadata = study(1, 1, 1, 1)[0].ct();
    metadata["00100030"]["Value"] = json!(["19801399"]);
    metadata["00080020"]["Value"] = json!(["yesterday"]);
    let last = services.store_json(&metadata.to_string());
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    let study = only_study(&services);
    assert_eq!(
        (&study["started"], &study["numberOfInstances"]),
        (&Value::Null, &json!(1))
    );
    let log = daemon.log();
    let warnings: Vec<_> = log
        .lines()
        .filter(|line| line.contains("value_not_applied"))
        .collect();
    assert_eq!(warnings.len(), 2, "{log}");
    let omitted = RecordFilter {
        tables: vec![FailureTable::OmittedValue],
        ..RecordFilter::default()
    };
    let rows = daemon.store().records(&omitted, None, 10).await.unwrap();
    let attributes: Vec<_> = rows
        .iter()
        .filter_map(|row| row.attribute.as_deref())
        .collect();
    assert_eq!(
        attributes,
        ["(0008,0020) StudyDate", "(0010,0030) PatientBirthDate"]
    );
    for row in &rows {
        let told = |line: &&&str| line.contains(&row.message) && line.contains("WARN");
        assert_eq!(warnings.iter().filter(told).count(), 1, "{}", row.message);
        assert!(
            row.message.ends_with("not stored in FHIR"),
            "{}",
            row.message
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_is_asked_again_and_no_entry_is_lost() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 1, 2));
    for status in [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ] {
        services
            .fhir
            .faults()
            .order("fhir.transaction", Fault::reject(status));
    }
    services.fhir.faults().order(
        "fhir.transaction",
        Fault::FailAfterWrite(StatusCode::BAD_GATEWAY),
    );
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    assert_eq!(only_study(&services)["numberOfInstances"], 2);
    assert!(daemon.records().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_tells_what_it_can_do_and_does_nothing_is_down() {
    let services = Services::start().await;
    let daemon = Daemon::of(&services)
        .with("RetryConfiguration__MaxAttempts", "2")
        .with("RetryConfiguration__MaxDelay", "00:00:00.1");
    let running = daemon.start();
    let first = services.store(&study(1, 1, 1, 1));
    daemon.until_settled(first).await;
    for _ in 0..20 {
        let fault = Fault::reject(StatusCode::SERVICE_UNAVAILABLE);
        services.fhir.faults().order("fhir.search", fault);
    }
    let last = services.store(&study(1, 2, 1, 1));
    daemon.until_settled(last).await;
    assert_eq!(running.terminate().await, Some(0));
    assert_eq!(daemon.records().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_in_time_while_the_store_is_locked() {
    let services = Services::start().await;
    let daemon = Daemon::of(&services).with("DicomCastWorker__ShutdownGracePeriod", "00:00:01");
    let running = daemon.start();
    let first = services.store(&study(1, 1, 1, 1));
    daemon.until_settled(first).await;
    let written = services.fhir.versions_written().unwrap();
    let lock = rusqlite::Connection::open(daemon.store_path()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    services.store(&study(2, 2, 1, 1));
    until("the second study", async || {
        services.fhir.versions_written().unwrap() > written
    })
    .await;
    let begun = Instant::now();
    assert_eq!(running.terminate().await, Some(0));
    let taken = begun.elapsed();
    assert!(taken < Duration::from_secs(3), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_the_study_under_way_finish_and_saves_the_position() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 1, 2));
    let (held, release) = Fault::hold();
    services.fhir.faults().order("fhir.transaction", held);
    let daemon = Daemon::of(&services);
    let running = daemon.start();
    until("the transaction", async || {
        services.fhir.versions_written().unwrap() > 0
    })
    .await;
    let release = async {
        until("the word that it stops", async || {
            daemon.log().contains("stopping")
        })
        .await;
        release.send(()).unwrap();
    };
    let (code, ()) = tokio::join!(running.terminate(), release);
    assert_eq!(code, Some(0));
    assert_eq!(daemon.position().await, last);
}

#[tokio::test(flavor = "multi_thread")]
async fn rx9_sigterm_ends_a_long_wait_at_once_and_the_entry_is_applied_after_the_next_start() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 1, 2));
    let busy = Fault::reject(StatusCode::SERVICE_UNAVAILABLE);
    services.fhir.faults().order("fhir.transaction", busy);
    let daemon = Daemon::of(&services)
        .with("RetryConfiguration__MaxDelay", "00:10:00")
        .with("RetryConfiguration__InitialDelay", "00:05:00");
    let running = daemon.start();
    until("the failed attempt", async || {
        daemon.log().contains("attempt_failed")
    })
    .await;
    assert_eq!(running.terminate().await, Some(0));
    assert!(!daemon.log().contains("grace period"), "{}", daemon.log());
    assert_eq!(daemon.position().await, 0);
    daemon.run_until_settled(last).await;
    assert_eq!(only_study(&services)["numberOfInstances"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_line_names_a_patient() {
    for status in [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::BAD_REQUEST] {
        let services = Services::start().await;
        let mut metadata = canary::instance_of_canary(study(1, 1, 1, 1)[0]);
        metadata["00100040"]["Value"] = json!(["CANARY-QX7ZK"]);
        services.store_json(&metadata.to_string());
        services
            .fhir
            .faults()
            .order("fhir.transaction", canary::quoting(status));
        let daemon = Daemon::of(&services).with("RUST_LOG", "trace");
        daemon.run_until_settled(1).await;
        let records = daemon.records().await;
        assert_eq!(records[0].code, Code::FhirRejected.as_str());
        assert!(
            records[0]
                .message
                .contains("error value at Patient.birthDate"),
            "{records:?}"
        );
        canary::assert_discreet("the log", &daemon.log());
        canary::assert_discreet("the records", &format!("{records:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_the_server_are_shown_where_that_is_so_set_without_what_was_sent() {
    let services = Services::start().await;
    services.store_json(&canary::instance_of_canary(study(1, 1, 1, 1)[0]).to_string());
    let refusal = Fault::Reject {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        body: json!({ "issue": [{ "severity": "error", "code": "value",
                                  "diagnostics": "the wug of Canary is odd" }] })
        .to_string(),
        retry_after: None,
    };
    services.fhir.faults().order("fhir.transaction", refusal);
    let daemon = Daemon::of(&services).with("Fhir__ShowServerText", "true");
    daemon.run_until_settled(1).await;
    let message = &daemon.records().await[0].message;
    assert!(message.contains("the wug of [removed] is odd"), "{message}");
}
