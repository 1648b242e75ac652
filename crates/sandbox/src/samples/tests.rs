use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::part10;
use super::{Role, Sample, write};

fn written() -> (tempfile::TempDir, Vec<Sample>) {
    let folder = tempfile::tempdir().unwrap();
    let samples = write(folder.path()).unwrap();
    (folder, samples)
}

/// The metadata of the first instance in the folder of a study.
fn metadata(samples: &[Sample], study: &str) -> Value {
    let sample = samples
        .iter()
        .find(|sample| {
            sample
                .path
                .ancestors()
                .any(|folder| folder.ends_with(study))
        })
        .unwrap();
    serde_json::from_str(&part10::read(&sample.path).unwrap().metadata).unwrap()
}

#[test]
fn every_sample_is_an_instance_of_its_own() {
    let (_folder, samples) = written();
    let instances: Vec<_> = samples
        .iter()
        .map(|s| part10::read(&s.path).unwrap())
        .collect();
    let uids: BTreeSet<_> = instances.iter().map(|i| &i.instance).collect();
    assert_eq!(uids.len(), samples.len());
    assert!(instances.iter().all(|i| i.instance.len() <= 64));
    assert!(instances.iter().all(|i| !i.sop_class.is_empty()));
    let mut series: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for instance in &instances {
        series
            .entry(&instance.study)
            .or_default()
            .insert(&instance.series);
    }
    let mut counts: Vec<_> = series.values().map(BTreeSet::len).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 1, 2, 2, 2, 3, 3]);
}

#[test]
fn two_runs_write_the_same_files() {
    let (_first, first) = written();
    let (_second, second) = written();
    assert_eq!(first.len(), second.len());
    for (one, other) in first.iter().zip(&second) {
        assert_eq!(
            std::fs::read(&one.path).unwrap(),
            std::fs::read(&other.path).unwrap()
        );
    }
}

#[test]
fn names_in_every_script_come_back() {
    let (_folder, samples) = written();
    let name = |study| metadata(&samples, study)["00100010"]["Value"][0].clone();
    assert_eq!(
        name("xa-dose"),
        json!({
            "Alphabetic": "Yamada^Tarou",
            "Ideographic": "山田^太郎",
            "Phonetic": "やまだ^たろう",
        })
    );
    assert_eq!(
        name("dx-hand"),
        json!({ "Alphabetic": "Примерова^Анна^Ивановна" })
    );
    assert_eq!(name("mr-knee"), json!({ "Alphabetic": "Müller^Lucas" }));
}

#[test]
fn bad_values_are_written_as_they_are() {
    let (_folder, samples) = written();
    let metadata = metadata(&samples, "bad-values");
    let value = |tag: &str| metadata[tag]["Value"][0].clone();
    assert_eq!(value("00080020"), "2024-13-45");
    assert_eq!(value("00100030"), "31.02.70");
    assert_eq!(value("00100040"), "X");
    assert_eq!(value("00200013"), "one");
}

#[test]
fn the_dose_report_has_two_irradiation_events_with_uids() {
    let (_folder, samples) = written();
    let reports: Vec<Value> = samples
        .iter()
        .map(|sample| part10::read(&sample.path).unwrap())
        .filter(|instance| instance.sop_class == "1.2.840.10008.5.1.4.1.1.88.67")
        .map(|instance| serde_json::from_str(&instance.metadata).unwrap())
        .collect();
    assert_eq!(reports.len(), 1);
    let code = |item: &Value| item["0040A043"]["Value"][0]["00080100"]["Value"][0].clone();
    assert_eq!(code(&reports[0]), "113701");
    let content = reports[0]["0040A730"]["Value"].as_array().unwrap();
    let events: Vec<_> = content
        .iter()
        .filter(|item| code(item) == "113706")
        .collect();
    assert_eq!(events.len(), 2);
    let uids: BTreeSet<_> = events
        .iter()
        .flat_map(|event| event["0040A730"]["Value"].as_array().unwrap())
        .filter(|item| code(item) == "113769")
        .map(|item| item["0040A124"]["Value"][0].as_str().unwrap())
        .collect();
    assert_eq!(uids.len(), 2);
    let dose = events[0]["0040A730"]["Value"].as_array().unwrap();
    let dose = dose.iter().find(|item| code(item) == "113738").unwrap();
    assert_eq!(
        dose["0040A300"]["Value"][0]["0040A30A"]["Value"],
        json!([0.151])
    );
}

#[test]
fn one_sample_each_is_for_deletion_before_and_after() {
    let (_folder, samples) = written();
    let count = |role| samples.iter().filter(|sample| sample.role == role).count();
    assert_eq!(count(Role::DeleteBeforeRead), 1);
    assert_eq!(count(Role::DeleteAfterCast), 1);
    assert!(count(Role::Keep) > 25);
}
