//! Whose a patient id is, seen from the front door: a site whose feed states one issuer, and one
//! whose feed states two.

use radcast_engine::failure::Code;
use radcast_engine::store::{HomeIssuer, Store};
use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::instances::study;
use crate::support::services::Services;
use crate::support::trouble;

/// Stores the instance of a study of patient PID-1, whom this issuer gave the id.
fn store(services: &Services, number: u32, issuer: Option<&str>) -> u64 {
    let mut instance = study(1, number, 1, 1)[0].ct();
    if let Some(issuer) = issuer {
        instance["00100021"] = json!({ "vr": "LO", "Value": [issuer] });
    }
    services.store_json(&instance.to_string())
}

fn all(services: &Services, of_type: &str) -> Vec<Value> {
    services.fhir.resources(of_type).unwrap()
}

/// The identifier of the patient that a study is of.
fn patient_of(services: &Services, number: u32) -> Value {
    let uid = format!("urn:oid:{}", study(1, number, 1, 1)[0].study_uid());
    let studies = all(services, "ImagingStudy");
    let study = studies
        .iter()
        .find(|study| study["identifier"][0]["value"] == uid.as_str());
    let subject = study.unwrap()["subject"]["reference"]
        .as_str()
        .unwrap()
        .to_owned();
    let patients = all(services, "Patient");
    let id = |patient: &&Value| subject == format!("Patient/{}", patient["id"].as_str().unwrap());
    patients.iter().find(id).unwrap()["identifier"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_with_one_issuer_finds_the_patients_that_dicom_cast_wrote() {
    let services = Services::start().await;
    trouble::put(&services, &trouble::patient(study(1, 1, 1, 1)[0])).await;
    store(&services, 1, Some("HOSP-A"));
    store(&services, 2, None);
    let last = store(&services, 3, Some("hosp-a "));
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    assert_eq!(all(&services, "Patient").len(), 1, "{}", daemon.log());
    assert_eq!(all(&services, "ImagingStudy").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_issuer_is_home_for_good_and_a_second_one_is_told_apart_after_a_restart_too() {
    let services = Services::start().await;
    let last = store(&services, 1, Some("HOSP-A"));
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    store(&services, 2, Some("HOSP-B"));
    store(&services, 3, None);
    let last = store(&services, 4, Some("HOSP-A"));
    daemon.run_until_settled(last).await;
    let home = patient_of(&services, 1);
    assert_eq!(home["system"], "urn:oid:1.2.3");
    assert_eq!(
        [patient_of(&services, 3), patient_of(&services, 4)],
        [home.clone(), home]
    );
    let other = patient_of(&services, 2);
    assert_eq!(other["assigner"]["display"], "HOSP-B");
    assert_eq!(other["value"], "PID-1");
    assert_eq!(all(&services, "Patient").len(), 2);
    let notices = daemon.events("notice");
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(notices[0]["code"], Code::DicomHomeIssuerLearnt.as_str());
    let told = daemon.events("notification");
    assert_eq!(
        told.iter().filter(|line| line["kind"] == "notice").count(),
        1
    );
    let unknown = daemon.events("unknown_issuer");
    assert_eq!(unknown.len(), 1);
    assert_eq!(unknown[0]["system"], other["system"]);
    assert!(!daemon.log().contains("PID-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_before_a_crash_counts_although_nothing_else_was_written() {
    let services = Services::start().await;
    store(&services, 1, Some("HOSP-B"));
    let last = store(&services, 2, Some("HOSP-A"));
    let daemon = Daemon::of(&services);
    let home = HomeIssuer {
        name: Some("HOSP-A".to_owned()),
        universal_id: None,
    };
    daemon.store().keep_home_issuer(home).await.unwrap();
    daemon.run_until_settled(last).await;
    assert_eq!(patient_of(&services, 2)["system"], "urn:oid:1.2.3");
    assert_eq!(patient_of(&services, 1)["assigner"]["display"], "HOSP-B");
    assert_eq!(daemon.events("notice").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_decide_who_is_home_and_what_becomes_of_the_others() {
    let services = Services::start().await;
    store(&services, 1, Some("HOSP-A"));
    store(&services, 2, Some("HOSP-B"));
    let last = store(&services, 3, Some("HOSP-C"));
    let daemon = Daemon::of(&services)
        .with("Patient__HomeIssuers__0", "HOSP-B")
        .with("Issuers__HOSP-A", "urn:oid:1.9")
        .with("Patient__OnUnknownIssuer", "Fail");
    daemon.run_until_settled(last).await;
    assert_eq!(patient_of(&services, 1)["system"], "urn:oid:1.9");
    assert_eq!(patient_of(&services, 2)["system"], "urn:oid:1.2.3");
    let records = daemon.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].code, Code::DicomUnknownIssuer.as_str());
    assert_eq!(records[0].subject.sequence, Some(last));
    assert_eq!(daemon.events("home_issuer").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_learns_who_is_home_like_everybody_else() {
    let services = Services::start().await;
    let mut instance = study(1, 1, 1, 1)[0].ct();
    instance["00100021"] = json!({ "vr": "LO", "Value": ["HOSP-A"] });
    let last = services.store_json(&instance.to_string());
    let strict = Daemon::of(&services)
        .with("Patient__PatientSystemId", "")
        .with("Patient__OnUnknownIssuer", "Fail");
    strict.run_until_settled(last).await;
    let asked = strict
        .command(&["failures", "retry", "--all", "--yes"])
        .output()
        .unwrap();
    assert_eq!(asked.status.code(), Some(0), "{asked:?}");
    let lenient = strict
        .with("Patient__PatientSystemId", "urn:oid:1.2.3")
        .with("RetryConfiguration__SignalInterval", "00:00:00.1");
    let running = lenient.start();
    crate::support::daemon::until("the retry", async || lenient.records().await.is_empty()).await;
    assert_eq!(running.terminate().await, Some(0));
    assert_eq!(patient_of(&services, 1)["system"], "urn:oid:1.2.3");
    assert_eq!(lenient.events("notice").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placeholder_fails_or_gives_the_study_a_patient_of_its_own() {
    let services = Services::start().await;
    let mut last = 0;
    for number in 1..=2 {
        let mut instance = study(1, number, 1, 1)[0].ct();
        instance["00100020"]["Value"] = json!(["NoID"]);
        last = services.store_json(&instance.to_string());
    }
    let strict = Daemon::of(&services);
    strict.run_until_settled(last).await;
    let records = strict.records().await;
    let codes: Vec<_> = records.iter().map(|record| record.code.as_str()).collect();
    assert_eq!(codes, [Code::DicomPlaceholderId.as_str(); 2]);
    assert_eq!(services.fhir.versions_written().unwrap(), 0);
    let lenient = Daemon::of(&services).with("Patient__MissingId", "PerStudy");
    lenient.run_until_settled(last).await;
    assert_eq!(all(&services, "Patient").len(), 2);
    assert_ne!(patient_of(&services, 1), patient_of(&services, 2));
}
