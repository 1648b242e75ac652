//! What no device sends, and anybody could: sequences without end, texts that no FHIR string may
//! hold.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast_fhir::cast::{Action, Change};
use serde_json::Value;

use crate::cast_world::{World, dataset, items, key, kinds, rules};

/// The most items of a list that come from one attribute.
const MOST: usize = 1_000;

fn read(elements: &[(&str, &str)]) -> Change {
    let key = key("1.2", "1.3", "1.4");
    let set = dataset(&key, elements);
    Change::read(1, key, Action::Create, Some(&set), &rules()).unwrap()
}

fn sequence(count: usize, item: impl Fn(usize) -> String) -> String {
    let items: Vec<_> = (0..count).map(item).collect();
    format!(r#"{{"vr":"SQ","Value":[{}]}}"#, items.join(","))
}

fn count(of: &Value) -> usize {
    items(of).count()
}

#[test]
fn a_sequence_without_end_is_cut_and_told_of() {
    let requests = sequence(20_000, |n| {
        format!(
            r#"{{"00080050":{{"Value":["A{n}"]}},"00401002":{{"Value":["R{n}"]}},
            "00321064":{{"Value":[{{"00080100":{{"Value":["C{n}"]}},"00080102":{{"Value":["L"]}}}}]}}}}"#
        )
    });
    let others = sequence(20_000, |n| {
        format!(r#"{{"00100020":{{"Value":["O{n}"]}}}}"#)
    });
    let names: Vec<_> = (0..20_000).map(|n| format!(r#""N{n}""#)).collect();
    let names = format!(r#"{{"Value":[{}]}}"#, names.join(","));
    let elements = [
        ("00400275", requests.as_str()),
        ("00101002", &others),
        ("00102154", &names),
        ("00101001", &names),
        ("00081060", &names),
        ("00081070", &names),
    ];
    let change = read(&elements);
    let told: Vec<_> = change.warnings().iter().map(ToString::to_string).collect();
    assert!(
        told.iter()
            .all(|it| it.ends_with("has more than 1000 items")),
        "{told:?}"
    );
    for keyword in [
        "RequestAttributesSequence",
        "OtherPatientIDsSequence",
        "PatientTelephoneNumbers",
        "OtherPatientNames",
        "NameOfPhysiciansReadingStudy",
        "OperatorsName",
    ] {
        assert!(told.iter().any(|it| it.starts_with(keyword)), "{keyword}");
    }
    let mut world = World::default();
    world.cast([change.clone()]);
    let (study, patient) = (world.only("ImagingStudy"), world.only("Patient"));
    for list in [
        &study["basedOn"],
        &study["procedureCode"],
        &study["reasonCode"],
        &study["interpreter"],
        &study["series"][0]["performer"],
        &patient["telecom"],
        &patient["name"],
    ] {
        assert_eq!(count(list), MOST);
    }
    assert_eq!(kinds(&world.cast([change])), [""; 0]);
}

#[test]
fn a_title_is_a_string_of_fhir() {
    let title = |value: &str| {
        let element = format!(r#"{{"vr":"ST","Value":["{value}"]}}"#);
        let mut world = World::default();
        world.cast([read(&[("00420010", &element)])]);
        let study = world.only("ImagingStudy");
        study["series"][0]["instance"][0]["title"].clone()
    };
    assert_eq!(title(r" Report\fof\r\ntoday\n"), "Report\nof\r\ntoday");
    for nothing in [r"\n", r"\f", r" \t \n"] {
        assert_eq!(title(nothing), Value::Null, "{nothing}");
    }
}

#[test]
fn what_is_no_uri_is_no_system() {
    let system = |id: &str| {
        let issuer = format!(
            r#"{{"Value":[{{"00400032":{{"Value":["{id}"]}},"00400033":{{"Value":["URI"]}}}}]}}"#
        );
        let mut world = World::default();
        let number = ("00380010", r#"{"Value":["V1"]}"#);
        world.cast([read(&[number, ("00380014", &issuer)])]);
        let study = world.only("ImagingStudy");
        study["encounter"]["identifier"]["system"].clone()
    };
    assert_eq!(system("urn:a:b"), "urn:a:b");
    assert_eq!(system("https://a.example/b"), "https://a.example/b");
    for other in ["http://a/b c", "two words", "a", r"urn:a\nb", "urn:ä"] {
        assert_eq!(system(other), Value::Null, "{other}");
    }
}
