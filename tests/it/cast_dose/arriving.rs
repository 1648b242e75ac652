//! Reports of one UID, and reports that state the same events, from the feed to the FHIR store.

use serde_json::{Map, Value, json};

use super::report::{components, elements, event, number};
use crate::cast_world::{items, text};
use crate::support::daemon::Daemon;
use crate::support::services::Services;

/// A report as the DICOMweb service stores it: its UIDs, its patient, the value of each event.
fn report([study, series, instance]: [&str; 3], patient: &str, events: &[(&str, i32)]) -> String {
    let uid = |uid: &str| json!({ "vr": "UI", "Value": [uid] });
    let beside = [
        ("0020000D", uid(study)),
        ("0020000E", uid(series)),
        ("00080018", uid(instance)),
        ("00100020", json!({ "vr": "LO", "Value": [patient] })),
    ];
    let events: Vec<_> = events
        .iter()
        .map(|(uid, value)| event(uid, &[number("122130", json!(value), "Gy.m2")]))
        .collect();
    let all = elements("113701", &events, &beside).into_iter();
    let all = all.map(|(tag, json)| (tag, serde_json::from_str(&json).unwrap()));
    Value::Object(all.collect::<Map<_, _>>()).to_string()
}

/// Subject and study of each Observation.
fn places(services: &Services) -> Vec<(String, String)> {
    let all = services.fhir.resources("Observation").unwrap();
    let place = |it: &Value| {
        let studies: Vec<_> = items(&it["partOf"]).collect();
        assert_eq!(studies.len(), 1, "{it}");
        let subject = text(&it["subject"]["reference"]).to_owned();
        (subject, text(&studies[0]["reference"]).to_owned())
    };
    let mut places: Vec<_> = all.iter().map(place).collect();
    places.sort();
    places.dedup();
    assert_eq!(all.len(), 3 * places.len());
    places
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_stored_anew_for_another_patient_is_there_for_both() {
    let services = Services::start().await;
    let daemon = Daemon::of(&services);
    let events = [("1.9.1", 1), ("1.9.2", 2)];
    let mut last = services.store_json(&report(["1.2", "1.3", "1.4"], "ONE", &events));
    daemon.run_until_settled(last).await;
    last = services.store_json(&report(["1.22", "1.33", "1.4"], "TWO", &events));
    daemon.run_until_settled(last).await;
    let both = places(&services);
    assert_eq!(both.len(), 2);
    assert_ne!(both[0].0, both[1].0);
    let gone = services.dicom.delete(None, "1.2", Some("1.3"), Some("1.4"));
    assert_eq!(gone.unwrap(), 1);
    daemon.run_until_settled(last + 1).await;
    let left = places(&services);
    assert!(left.len() == 1 && both.contains(&left[0]), "{left:?}");
    assert!(daemon.records().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn cumulative_reports_sum_up_to_what_was_irradiated() {
    let services = Services::start().await;
    let daemon = Daemon::of(&services);
    let all = [("1.9.1", 5), ("1.9.2", 7), ("1.9.3", 11)];
    let mut last = 0;
    for count in 1..=3 {
        let instance = format!("1.4.{count}");
        last = services.store_json(&report(["1.2", "1.3", &instance], "ONE", &all[..count]));
        daemon.run_until_settled(last).await;
    }
    let sum = || -> i64 {
        let all = services.fhir.resources("Observation").unwrap();
        let doses = all.iter().flat_map(|it| components(it, "122130"));
        let values = doses.map(|it| it["valueQuantity"]["value"].as_i64().unwrap());
        values.sum()
    };
    assert_eq!(
        (sum(), services.fhir.count("Observation").unwrap()),
        (23, 6)
    );
    for (instance, left) in [("1.4.3", 12), ("1.4.1", 12), ("1.4.2", 0)] {
        let gone = services
            .dicom
            .delete(None, "1.2", Some("1.3"), Some(instance));
        assert_eq!(gone.unwrap(), 1);
        last += 1;
        daemon.run_until_settled(last).await;
        assert_eq!(sum(), left, "{instance}");
    }
    assert_eq!(services.fhir.count("Observation").unwrap(), 0);
    assert!(daemon.records().await.is_empty());
}
