//! Entries become changes or failures.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast::settings::Validation;
use radcast_engine::failure::{Class, Code, Failure};
use radcast_fhir::cast::{Action, Change, Rules};

use crate::cast_world::{World, create, dataset, delete, key, rules};

fn read(elements: &[(&str, &str)], rules: &Rules) -> Result<Change, Failure> {
    let key = key("1.2", "1.2.3", "1.2.3.4");
    let dataset = dataset(&key, elements);
    Change::read(7, key, Action::Create, Some(&dataset), rules)
}

fn full() -> Rules {
    Rules {
        validation: Validation::Full,
        ..rules()
    }
}

fn failure(elements: &[(&str, &str)]) -> Failure {
    read(elements, &rules()).unwrap_err()
}

#[test]
fn r57_r68_a_required_attribute_that_is_missing_or_invalid_fails_the_entry() {
    let cases = [
        (
            "0020000D",
            "null",
            "StudyInstanceUID (0020,000D) is missing",
        ),
        (
            "0020000E",
            r#"{"vr":"UI","Value":[]}"#,
            "SeriesInstanceUID (0020,000E) is missing",
        ),
        (
            "00080018",
            r#"{"vr":"UI","Value":["1.2.x"]}"#,
            "SOPInstanceUID (0008,0018) is not of the form UI (digits and dots)",
        ),
        (
            "00080018",
            r#"{"vr":"UI","Value":["1.2.3.5"]}"#,
            "SOPInstanceUID (0008,0018) is not the one that the feed tells",
        ),
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
            r#"{"vr":"CS","Value":["ct\u0007"]}"#,
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
        assert_eq!(failure.class(), Class::Dicom);
    }
}

/// A value that each attribute of the mapping must not have, and the reason.
const BAD_VALUES: &[[&str; 3]] = &[
    [
        "00080020",
        r#"["2024-06-01"]"#,
        "StudyDate (0008,0020) is not of the form DA (yyyyMMdd)",
    ],
    [
        "00080020",
        r#"["20240631"]"#,
        "StudyDate (0008,0020) is out of range",
    ],
    [
        "00080021",
        r#"["20240601","20240602"]"#,
        "SeriesDate (0008,0021) has several values where one is allowed",
    ],
    [
        "00080030",
        r#"["14:25 h"]"#,
        "StudyTime (0008,0030) is not of the form TM (HHmmss.ffffff)",
    ],
    [
        "00080031",
        r#"["250000"]"#,
        "SeriesTime (0008,0031) is out of range",
    ],
    [
        "00080050",
        r#"["12345678901234567"]"#,
        "AccessionNumber (0008,0050) is longer than 16 characters",
    ],
    [
        "00080050",
        r#"["A\\B"]"#,
        "AccessionNumber (0008,0050) has several values where one is allowed",
    ],
    [
        "00080201",
        r#"["+1500"]"#,
        "TimezoneOffsetFromUTC (0008,0201) is out of range",
    ],
    [
        "00081030",
        r#"["a\nb"]"#,
        "StudyDescription (0008,1030) has characters that LO does not allow",
    ],
    [
        "0008103E",
        r#"[{"Alphabetic":"x"}]"#,
        "SeriesDescription (0008,103E) cannot be read as DICOM JSON",
    ],
    [
        "00100010",
        r#"["a^b^c^d^e^f"]"#,
        "PatientName (0010,0010) is not of the form PN (five components)",
    ],
    [
        "00100030",
        r#"["19800230"]"#,
        "PatientBirthDate (0010,0030) is out of range",
    ],
    [
        "00100040",
        r#"["X"]"#,
        "PatientSex (0010,0040) is none of M, F, O",
    ],
    [
        "00100040",
        r#"["m"]"#,
        "PatientSex (0010,0040) has characters that CS does not allow",
    ],
    [
        "00200011",
        r#"["1.5"]"#,
        "SeriesNumber (0020,0011) is not of the form IS (an integer)",
    ],
    [
        "00200013",
        r#"["0000000000001"]"#,
        "InstanceNumber (0020,0013) is longer than 12 characters",
    ],
    [
        "00200013",
        "[4294967296]",
        "InstanceNumber (0020,0013) is out of range",
    ],
    [
        "00200013",
        "[NaN]",
        "InstanceNumber (0020,0013) cannot be read as DICOM JSON",
    ],
];

#[test]
fn r57_a_value_that_its_representation_does_not_allow_is_told_by_tag_and_reason() {
    for [tag, value, reason] in BAD_VALUES {
        let element = format!(r#"{{"Value":{value}}}"#);
        let elements = [(*tag, element.as_str())];
        let change = read(&elements, &rules()).unwrap();
        let told: Vec<_> = change.warnings().iter().map(ToString::to_string).collect();
        assert_eq!(told, [*reason], "{value}");
        let refused = read(&elements, &full()).unwrap_err();
        assert_eq!(
            (refused.code, refused.message.as_str()),
            (Code::DicomInvalidValue, *reason)
        );
    }
}

#[test]
fn r62_everything_that_fails_is_named_at_once_the_required_first() {
    let elements = [
        ("00100020", "null"),
        ("00080060", "null"),
        ("00100040", r#"{"Value":["?"]}"#),
    ];
    for rules in [rules(), full()] {
        let message = read(&elements, &rules).unwrap_err().message;
        assert_eq!(
            message,
            "PatientID (0010,0020) is missing; Modality (0008,0060) is missing; \
             PatientSex (0010,0040) has characters that CS does not allow"
        );
    }
}

#[test]
fn w6_an_entry_without_metadata_fails_unless_it_is_a_delete() {
    let key = key("1.2", "1.3", "1.4");
    for action in [Action::Create, Action::Update] {
        let failure = Change::read(1, key.clone(), action, None, &rules()).unwrap_err();
        assert_eq!(failure.code, Code::DicomMissingAttribute);
    }
    let change = delete(1, key);
    assert!(change.patient().is_none() && change.patient_facts().is_none());
}

#[test]
fn r68_the_uids_of_the_entry_have_to_be_uids() {
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
fn r66_an_invalid_optional_value_is_a_warning_each() {
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
fn r61_full_validation_fails_the_entry_and_names_every_invalid_attribute() {
    let failure = read(&INVALID, &full()).unwrap_err();
    assert_eq!(failure.code, Code::DicomInvalidValue);
    for keyword in ["PatientSex", "PatientBirthDate", "TimezoneOffsetFromUTC"] {
        assert!(failure.message.contains(keyword), "{failure}");
    }
    assert!(!failure.message.contains("CANARY"));
}

#[test]
fn r60_full_validation_lets_valid_values_pass() {
    let name = r#"{"vr":"PN","Value":[{"Alphabetic":"Rossi^Maria"}]}"#;
    let change = read(&[("00100010", name)], &full()).unwrap();
    assert!(change.patient_facts().is_some() && change.warnings().is_empty());
}

#[test]
fn w6_a_study_in_the_first_year_with_an_offset_to_utc_is_read() {
    let elements = [
        ("00080020", r#"{"Value":["00010101"]}"#),
        ("00080030", r#"{"Value":["000000"]}"#),
        ("00080201", r#"{"Value":["+1400"]}"#),
    ];
    let mut world = World::default();
    world.cast([create(1, key("1.2", "1.2.3", "1.2.3.4"), &elements)]);
    let study = world.only("ImagingStudy");
    assert_eq!(study["started"], "0001-01-01T00:00:00+14:00");
}

#[test]
fn w6_a_private_number_that_is_none_harms_nothing() {
    let private = r#"{"vr":"FL","Value":[-Infinity, NaN]}"#;
    let change = read(&[("00091002", private)], &full()).unwrap();
    assert!(change.warnings().is_empty());
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
    let mut world = World::default();
    let delta = radcast_fhir::cast::StudyDelta::of(change.clone());
    let lookups = delta.lookups(&rules());
    let patient = (change.patient(), change.patient_facts());
    let printed = format!("{change:?} {patient:?} {delta:?} {lookups:?}");
    let merged = format!("{:?}", world.cast([change.clone()]));
    assert!(
        !printed.contains("CANARY") && !merged.contains("CANARY"),
        "{printed} {merged}"
    );
}
