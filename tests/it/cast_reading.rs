//! Entries become changes or failures.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast::cast::{Action, Change, Rules};
use radcast::failure::{Code, Failure};
use radcast::settings::Validation;

use crate::cast_world::{create, dataset, delete, key, rules};

fn read(elements: &[(&str, &str)], rules: &Rules) -> Result<Change, Failure> {
    let dataset = dataset(elements);
    Change::read(
        7,
        key("1.2", "1.2.3", "1.2.3.4"),
        Action::Create,
        Some(&dataset),
        rules,
    )
}

fn failure(elements: &[(&str, &str)]) -> Failure {
    read(elements, &rules()).unwrap_err()
}

#[test]
fn a_required_attribute_that_is_missing_or_invalid_fails_the_entry() {
    let cases = [
        ("00100020", "null", "PatientID (0010,0020) is missing"),
        (
            "00100020",
            r#"{"vr":"LO","Value":[""]}"#,
            "PatientID (0010,0020) is missing",
        ),
        (
            "00100020",
            r#"{"vr":"LO","Value":["CANARY","B"]}"#,
            "PatientID (0010,0020) has several values where one is allowed",
        ),
        ("00080060", "{}", "Modality (0008,0060) is missing"),
        (
            "00080060",
            r#"{"vr":"CS","Value":["ct"]}"#,
            "Modality (0008,0060) has characters that CS does not allow",
        ),
        (
            "00080016",
            r#"{"vr":"UI","Value":["x"]}"#,
            "SOPClassUID (0008,0016) is not of the form UI (digits and dots)",
        ),
    ];
    for (tag, element, message) in cases {
        let failure = failure(&[(tag, element)]);
        assert_eq!(failure.code, Code::DicomMissingAttribute);
        assert_eq!(failure.message, message);
    }
}

#[test]
fn all_required_attributes_that_fail_are_named_at_once() {
    let message = failure(&[("00100020", "null"), ("00080060", "null")]).message;
    assert_eq!(
        message,
        "PatientID (0010,0020) is missing; Modality (0008,0060) is missing"
    );
}

#[test]
fn an_entry_without_metadata_fails_unless_it_is_a_delete() {
    let key = key("1.2", "1.3", "1.4");
    for action in [Action::Create, Action::Update] {
        let failure = Change::read(1, key.clone(), action, None, &rules()).unwrap_err();
        assert_eq!(failure.code, Code::DicomMissingAttribute);
    }
    let change = delete(1, key);
    assert!(change.patient().is_none() && change.patient_facts().is_none());
}

#[test]
fn the_uids_of_the_entry_have_to_be_uids() {
    for bad in [
        key("", "1", "1"),
        key("1", "x", "1"),
        key("1", "1", &"1".repeat(65)),
    ] {
        let failure = Change::read(1, bad, Action::Delete, None, &rules()).unwrap_err();
        assert_eq!(failure.code, Code::DicomMissingAttribute);
        assert!(failure.message.contains("InstanceUID"), "{failure}");
    }
}

const INVALID: [(&str, &str); 3] = [
    ("00100040", r#"{"vr":"CS","Value":["U"]}"#),
    ("00100030", r#"{"vr":"DA","Value":["CANARY"]}"#),
    ("00080201", r#"{"vr":"SH","Value":["CANARY"]}"#),
];

#[test]
fn an_invalid_optional_value_is_a_warning_each() {
    let change = read(&INVALID, &rules()).unwrap();
    let told: Vec<_> = change.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "PatientSex (0010,0040) is none of M, F, O",
            "PatientBirthDate (0010,0030) is not of the form DA (yyyyMMdd)",
            "TimezoneOffsetFromUTC (0008,0201) is not of the form ±HHmm",
        ]
    );
}

#[test]
fn full_validation_fails_the_entry_and_names_every_invalid_attribute() {
    let rules = Rules {
        validation: Validation::Full,
        ..rules()
    };
    let failure = read(&INVALID, &rules).unwrap_err();
    assert_eq!(failure.code, Code::DicomInvalidValue);
    for keyword in ["PatientSex", "PatientBirthDate", "TimezoneOffsetFromUTC"] {
        assert!(failure.message.contains(keyword), "{failure}");
    }
    assert!(!failure.message.contains("CANARY"));
}

#[test]
fn equal_facts_about_the_patient_are_equal() {
    let key = || key("1.2", "1.2.3", "1.2.3.4");
    let one = create(1, key(), &[]);
    let other = create(2, key(), &[("00200013", r#"{"Value":[7]}"#)]);
    let named = create(3, key(), &[("00100010", r#"{"Value":["Rossi"]}"#)]);
    assert_eq!(one.patient_facts(), other.patient_facts());
    assert_ne!(one.patient_facts(), named.patient_facts());
    assert_eq!(one.patient(), named.patient());
}

#[test]
fn the_issuer_is_the_system_when_the_rules_say_so() {
    let rules = Rules {
        issuer_as_system: true,
        ..rules()
    };
    let issuer = |value| [("00100021", value)];
    let one = read(&issuer(r#"{"Value":["A"]}"#), &rules).unwrap();
    let other = read(&issuer(r#"{"Value":["B"]}"#), &rules).unwrap();
    let absent = read(&[], &rules).unwrap();
    assert_ne!(one.patient(), other.patient());
    assert_ne!(one.patient(), absent.patient());
    // The identity would be another one without it.
    let failure = read(&issuer(r#"{"Value":["A","B"]}"#), &rules).unwrap_err();
    assert_eq!(failure.code, Code::DicomMissingAttribute);
}

#[test]
fn nothing_that_is_printed_shows_a_patient() {
    let elements = [
        ("00100020", r#"{"Value":["CANARY"]}"#),
        ("00100010", r#"{"Value":["CANARY^CANARY"]}"#),
        ("00081030", r#"{"Value":["CANARY"]}"#),
    ];
    let change = create(1, key("1.2", "1.3", "1.4"), &elements);
    let mut world = crate::cast_world::World::default();
    let delta = radcast::cast::StudyDelta::of(change.clone());
    let lookups = delta.lookups(&rules());
    let patient = (change.patient(), change.patient_facts());
    let printed = format!("{change:?} {patient:?} {delta:?} {lookups:?}");
    let merged = format!("{:?}", world.cast([change.clone()]));
    assert!(
        !printed.contains("CANARY") && !merged.contains("CANARY"),
        "{printed} {merged}"
    );
}
