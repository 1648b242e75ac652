//! What becomes of patients, by settings, seen from the front door.

use radcast_engine::failure::Code;
use serde_json::{Value, json};

use crate::support::daemon::{Daemon, until};
use crate::support::instances::study;
use crate::support::services::Services;
use crate::support::trouble;

fn without_id(services: &Services) -> u64 {
    let mut instance = study(1, 1, 1, 1)[0].ct();
    instance.as_object_mut().unwrap().remove("00100020");
    services.store_json(&instance.to_string())
}

fn all(services: &Services, of_type: &str) -> Vec<Value> {
    services.fhir.resources(of_type).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_patient_that_nobody_may_make_is_recorded_and_retried_once_it_is_there() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 1, 2));
    let daemon = Daemon::of(&services)
        .with("Patient__Policy", "LinkOnly")
        .with("RetryConfiguration__SignalInterval", "00:00:00.1");
    let running = daemon.start();
    daemon.until_settled(last).await;
    let records = daemon.records().await;
    assert_eq!(records.len(), 2);
    assert!(
        records
            .iter()
            .all(|record| record.code == Code::FhirPatientMissing.as_str())
    );
    assert!(!format!("{records:?}").contains("PID-1") && !daemon.log().contains("PID-1"));
    assert_eq!(services.fhir.versions_written().unwrap(), 0);
    let stored = trouble::patient(study(1, 1, 1, 1)[0]);
    trouble::put(&services, &stored).await;
    let patient = all(&services, "Patient").remove(0);
    let asked = daemon
        .command(&["failures", "retry", "--all", "--yes"])
        .output()
        .unwrap();
    assert_eq!(asked.status.code(), Some(0), "{asked:?}");
    until("the retries", async || daemon.records().await.is_empty()).await;
    assert_eq!(running.terminate().await, Some(0));
    assert_eq!(all(&services, "Patient"), [patient]);
    assert_eq!(all(&services, "ImagingStudy")[0]["numberOfInstances"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_without_patient_id_fails_or_has_a_patient_of_its_study() {
    let services = Services::start().await;
    let last = without_id(&services);
    let strict = Daemon::of(&services);
    strict.run_until_settled(last).await;
    assert_eq!(
        strict.records().await[0].code,
        Code::DicomMissingAttribute.as_str()
    );
    let lenient = Daemon::of(&services).with("Patient__MissingId", "PerStudy");
    lenient.run_until_settled(last).await;
    assert_eq!(lenient.records().await, []);
    let uid = study(1, 1, 1, 1)[0].study_uid();
    let expected = json!([{"system": "urn:dicom:uid", "value": format!("urn:oid:{uid}")}]);
    assert_eq!(all(&services, "Patient")[0]["identifier"], expected);
    let id = json!({ "00100020": { "vr": "LO", "Value": ["PID-1"] } });
    let changes = id.as_object().unwrap();
    services.dicom.update(None, &uid, changes).unwrap();
    let last = services.dicom.latest_sequence().unwrap();
    lenient.run_until_settled(last).await;
    let named = all(&services, "Patient")
        .into_iter()
        .find(|p| p["identifier"] != expected)
        .unwrap();
    let subject = format!("Patient/{}", named["id"].as_str().unwrap());
    assert_eq!(
        all(&services, "ImagingStudy")[0]["subject"]["reference"],
        json!(subject)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn weight_and_height_come_and_go_with_the_study() {
    let services = Services::start().await;
    let place = study(1, 1, 1, 1)[0];
    let mut instance = place.ct();
    instance["00101030"] = json!({ "vr": "DS", "Value": [70.5] });
    instance["00101020"] = json!({ "vr": "DS", "Value": ["1.75"] });
    let last = services.store_json(&instance.to_string());
    let daemon = Daemon::of(&services).with("Patient__GenerateObservations", "true");
    daemon.run_until_settled(last).await;
    assert_eq!(daemon.records().await, []);
    let values = |all: Vec<Value>| {
        let mut values: Vec<_> = all
            .iter()
            .map(|it| it["valueQuantity"]["value"].to_string())
            .collect();
        values.sort();
        values
    };
    assert_eq!(values(all(&services, "Observation")), ["175", "70.5"]);
    services
        .dicom
        .delete(None, &place.study_uid(), None, None)
        .unwrap();
    daemon
        .run_until_settled(services.dicom.latest_sequence().unwrap())
        .await;
    assert_eq!(daemon.records().await, []);
    assert_eq!(
        all(&services, "Observation").len() + all(&services, "ImagingStudy").len(),
        0
    );
}
