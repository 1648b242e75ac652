//! What is recorded of an entry that FHIR does not take, and what the operator sees of it.

use std::path::Path;

use radcast_engine::failure::Code;
use radcast_engine::store::FailureRecord;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::instances::{Place, study};
use crate::support::records::{json as printed, records, run};
use crate::support::services::Services;
use crate::support::trouble::{
    FIRST, Trouble, faulty_answers, invalid_study, one_of_each, patient, put, refused,
    several_patients,
};

/// A daemon between services of which one is in trouble, and what it recorded of one entry.
struct Recorded {
    services: Services,
    daemon: Daemon,
    record: FailureRecord,
}

async fn recorded(trouble: &Trouble) -> Recorded {
    let services = Services::start().await;
    trouble.befall(&services).await;
    let last = services.store(&[FIRST]);
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    let mut records = records(&daemon).await;
    assert_eq!(
        records.len(),
        1,
        "{}: {records:?}\n{}",
        trouble.name,
        daemon.log()
    );
    let record = records.remove(0);
    assert_eq!(
        record.code,
        trouble.code.as_str(),
        "{}: {record:?}",
        trouble.name
    );
    Recorded {
        services,
        daemon,
        record,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r31_several_matches_are_named_and_nothing_is_sent() {
    let trouble = recorded(&several_patients()).await;
    let patients = trouble.services.fhir.resources("Patient").unwrap();
    assert_eq!(patients.len(), 2);
    for patient in patients {
        let name = format!("Patient/{}", patient["id"].as_str().unwrap());
        assert!(
            trouble.record.message.contains(&name),
            "{}",
            trouble.record.message
        );
    }
    assert!(
        trouble.record.message.contains("identifier"),
        "{}",
        trouble.record.message
    );
    assert_eq!(trouble.services.fhir.faults().count("fhir.transaction"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_an_invalid_resource_is_named_with_its_element() {
    let trouble = recorded(&invalid_study()).await;
    let message = &trouble.record.message;
    assert!(
        message.contains("ImagingStudy/crooked") && message.contains("series"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r33_the_issues_of_a_refusal_are_recorded() {
    let trouble = recorded(&refused()).await;
    let message = &trouble.record.message;
    assert!(message.contains("400"), "{message}");
    assert!(
        message.contains("error business-rule; error value"),
        "{message}"
    );
    assert!(
        !message.contains("welcome"),
        "the server's own words: {message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r34_an_answer_that_is_none_is_recorded_as_such() {
    for trouble in faulty_answers() {
        recorded(&trouble).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r37_a_good_entry_after_a_failed_one_is_applied() {
    for trouble in one_of_each() {
        let failed = recorded(&trouble).await;
        failed.services.fhir.faults().clear();
        let last = failed.services.store(&study(2, 2, 1, 2));
        failed.daemon.run_until_settled(last).await;
        let studies = failed.services.fhir.resources("ImagingStudy").unwrap();
        let arrived = studies.iter().any(|study| study["numberOfInstances"] == 2);
        assert!(arrived, "{}: {studies:?}", trouble.name);
        assert_eq!(
            records(&failed.daemon).await,
            [failed.record],
            "{}",
            trouble.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r72_the_recorded_and_logged_cure_is_the_documented_one() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/failures.md");
    let page = std::fs::read_to_string(page).unwrap();
    for trouble in one_of_each() {
        let failed = recorded(&trouble).await;
        let cure = failed.record.cure.clone();
        let documented = format!("| {cure} |");
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| `{}`", trouble.code)));
        assert!(row.unwrap().contains(&documented), "{cure}");
        assert_eq!(failed_line(&failed.daemon)["cure"], cure);
    }
}

/// The line in the log that tells of a failed entry.
fn failed_line(daemon: &Daemon) -> Value {
    let log = daemon.log();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut lines = lines.filter(|line| line["event"] == "entry_failed");
    lines
        .next()
        .unwrap_or_else(|| panic!("no failed entry in {log}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn r02_line_and_record_of_a_failed_entry_lead_to_its_instance() {
    let mut troubles = one_of_each();
    let mut without_patient = FIRST.ct();
    without_patient.as_object_mut().unwrap().remove("00100020");
    troubles.push(Trouble::stored(
        "none",
        Code::DicomMissingAttribute,
        Vec::new(),
    ));
    for trouble in troubles {
        let services = Services::start().await;
        trouble.befall(&services).await;
        let bad_instance = trouble.code == Code::DicomMissingAttribute;
        let metadata = if bad_instance {
            without_patient.clone()
        } else {
            FIRST.ct()
        };
        let last = services.store_json(&metadata.to_string());
        let daemon = Daemon::of(&services);
        daemon.run_until_settled(last).await;
        let line = failed_line(&daemon);
        let shown = printed(&daemon, &["failures", "show", "1", "-o", "json"]);
        for told in [&line, &shown] {
            assert_eq!(told["code"], trouble.code.as_str());
            let found = instance(&services, told).await;
            assert_eq!(
                found["00080018"]["Value"][0],
                FIRST.instance_uid(),
                "{told}"
            );
        }
    }
}

/// What the DICOMweb service has at the UIDs that somebody was told.
async fn instance(services: &Services, told: &Value) -> Value {
    let uid = |level: &str| {
        told[level]
            .as_str()
            .unwrap_or_else(|| panic!("{level} in {told}"))
    };
    let url = format!(
        "{}/v1/studies/{}/series/{}/instances/{}/metadata",
        services.dicom_address(),
        uid("study"),
        uid("series"),
        uid("instance")
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.get(url).header("accept", "application/dicom+json");
    let found: Value = request.send().await.unwrap().json().await.unwrap();
    found[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn r04_the_feed_goes_on_and_the_one_failed_entry_is_listed() {
    let services = Services::start().await;
    put(&services, &patient(FIRST)).await;
    put(&services, &patient(FIRST)).await;
    let last = services
        .store(&[FIRST])
        .max(services.store(&study(2, 2, 1, 1)));
    let last = last.max(services.store(&study(3, 3, 1, 1)));
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    let list = printed(&daemon, &["failures", "list", "-o", "json"]);
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list[0]["study"], FIRST.study_uid());
    let state = printed(&daemon, &["state", "show", "-o", "json"]);
    assert_eq!(state["sequence"], last);
    assert_eq!(services.fhir.count("ImagingStudy").unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_what_was_given_up_after_its_retries_counts_as_intransient() {
    let services = Services::start().await;
    let busy = Trouble::answered(
        "a busy server",
        Code::FhirServerError,
        StatusCode::SERVICE_UNAVAILABLE,
        &json!(""),
    );
    busy.befall(&services).await;
    let last = services.store(&[FIRST]);
    let daemon = Daemon::of(&services)
        .with("RetryConfiguration__MaxAttempts", "3")
        .with("RetryConfiguration__OnOutage", "Record");
    daemon.run_until_settled(last).await;
    let list = printed(
        &daemon,
        &["failures", "list", "-o", "json", "--class", "intransient"],
    );
    assert_eq!(list[0]["category"], "transient-exhausted", "{list}");
    assert_eq!(list[0]["intransient"], true);
    let shown = run(&daemon, &["failures", "show", "1"]);
    assert!(
        shown.stdout.contains("radcast failures retry 1"),
        "{}",
        shown.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r24_a_bad_instance_and_several_matches_are_of_different_categories() {
    let services = Services::start().await;
    several_patients().befall(&services).await;
    services.store(&[FIRST]);
    let mut bad = Place { study: 2, ..FIRST }.ct();
    bad.as_object_mut().unwrap().remove("00100020");
    let last = services.store_json(&bad.to_string());
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    let category = |id: &str| {
        let shown = printed(&daemon, &["failures", "show", id, "-o", "json"]);
        shown["category"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (category("1").as_str(), category("2").as_str()),
        ("fhir", "dicom")
    );
}
