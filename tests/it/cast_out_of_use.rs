//! Merged, retired and superseded resources: patients, endpoints, studies.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast_engine::failure::{Code, Failure};
use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Action, Change, Notice, Rules};
use serde_json::{Value, json};

use crate::cast_world::{World, create, dataset, delete, key, kinds, rules, text};

const PERSON: [(&str, &str); 3] = [
    ("00100010", r#"{"Value":["Wrong^Name"]}"#),
    ("00100030", r#"{"Value":["19800101"]}"#),
    ("00100040", r#"{"Value":["M"]}"#),
];

fn one() -> InstanceKey {
    key("1.2", "1.3", "1.4")
}

fn update(sequence: u64, key: InstanceKey, elements: &[(&str, &str)]) -> Change {
    let dataset = dataset(&key, elements);
    Change::read(sequence, key, Action::Update, Some(&dataset), &rules()).unwrap()
}

/// An identifier of the system of the rules; `more` are its other members.
fn id(value: &str, more: &str) -> String {
    format!(r#"{{"system":"urn:mrn","value":"{value}"{more}}}"#)
}

fn patient(id: &str, identifiers: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"{id}","meta":{{"versionId":"1"}},"identifier":[{identifiers}],
            "name":[{{"use":"usual","family":"Right"}}],"birthDate":"1980-02-02"{more}}}"#
    )
}

fn replaced_by(references: &[&str]) -> String {
    let link = |it: &&str| format!(r#"{{"other":{{"reference":"{it}"}},"type":"replaced-by"}}"#);
    let links: Vec<_> = references.iter().map(link).collect();
    format!(r#","active":false,"link":[{}]"#, links.join(","))
}

fn world(resources: &[String]) -> World {
    let mut world = World::default();
    for resource in resources {
        world.put(resource);
    }
    world
}

/// Whose the study is, and every patient as it was and is.
fn subject_of(world: &mut World, change: Change) -> Result<(String, bool), Failure> {
    let before = world.all("Patient");
    world.cast_by(&rules(), [change])?;
    let study = world.only("ImagingStudy");
    let subject = text(&study["subject"]["reference"]).to_owned();
    Ok((subject, world.all("Patient") == before))
}

const OLD: &str = r#","use":"old""#;
const OTHER: &str = r#","id":"OtherPatientIDsSequence""#;
const INACTIVE: &str = r#","active":false"#;

#[test]
#[expect(clippy::too_many_lines, reason = "a row for each state")]
fn the_patient_in_use_is_the_study_s_and_only_an_own_identifier_corrects_it() {
    let own = id("P1", "");
    let old = id("P1", OLD);
    let other = id("P1", OTHER);
    let merged = |into: &str| patient("a", &own, &replaced_by(&[into]));
    // The stored patients, whose the study is, and whether entries correct that one.
    let cases: [(&str, Vec<String>, &str, bool); 14] = [
        ("own", vec![patient("b", &own, "")], "b", true),
        ("other id", vec![patient("b", &other, "")], "b", true),
        ("old", vec![patient("b", &old, "")], "b", false),
        ("inactive", vec![patient("b", &own, INACTIVE)], "b", false),
        (
            "merged, and old on the survivor",
            vec![merged("Patient/b"), patient("b", &old, "")],
            "b",
            false,
        ),
        (
            "merged, and nothing on the survivor",
            vec![merged("Patient/b"), patient("b", &id("P2", ""), "")],
            "b",
            false,
        ),
        (
            "merged, and still own on the survivor",
            vec![merged("Patient/b"), patient("b", &own, "")],
            "b",
            false,
        ),
        (
            "merged by an absolute reference with a version",
            vec![
                merged("https://fhir.example/r4/Patient/b/_history/3"),
                patient("b", "", ""),
            ],
            "b",
            false,
        ),
        (
            "merged twice",
            vec![
                merged("Patient/c"),
                patient("c", "", &replaced_by(&["Patient/b"])),
                patient("b", "", ""),
            ],
            "b",
            false,
        ),
        (
            "merged, and another one has it by an entry's word",
            vec![
                merged("Patient/b"),
                patient("b", "", ""),
                patient("d", &other, ""),
            ],
            "b",
            false,
        ),
        (
            "inactive and active",
            vec![patient("a", &own, INACTIVE), patient("b", &own, "")],
            "b",
            true,
        ),
        (
            "inactive own and active old",
            vec![patient("a", &own, INACTIVE), patient("b", &old, "")],
            "b",
            false,
        ),
        (
            "own and old",
            vec![patient("a", &old, ""), patient("b", &own, "")],
            "b",
            true,
        ),
        (
            "inactive own and other id",
            vec![patient("b", &own, INACTIVE), patient("a", &other, "")],
            "b",
            false,
        ),
    ];
    for (case, resources, whose, is_corrected) in &cases {
        for change in [
            create(1, one(), &PERSON[..1]),
            update(1, one(), &PERSON[..1]),
        ] {
            let mut world = world(resources);
            let rules = based(rules());
            let before = world.all("Patient");
            world
                .cast_by(&rules, [change])
                .unwrap_or_else(|it| panic!("{case}: {it}"));
            let study = world.only("ImagingStudy");
            let subject = format!("Patient/{whose}");
            assert_eq!(text(&study["subject"]["reference"]), subject, "{case}");
            assert_eq!(world.all("Patient") != before, *is_corrected, "{case}");
            let merged = world.cast_by(&rules, [delete(2, one())]).unwrap();
            assert_eq!(merged.writes.len(), 1, "{case}");
            assert_eq!(world.all("ImagingStudy"), [Value::Null; 0], "{case}");
        }
    }
}

fn based(rules: Rules) -> Rules {
    Rules {
        fhir_base: Some("https://fhir.example/r4/".into()),
        ..rules
    }
}

#[test]
fn a_merge_that_leads_to_no_one_patient_fails_with_its_cure() {
    let own = id("P1", "");
    let a = |references: &[&str]| patient("a", &own, &replaced_by(references));
    let chain = |n: usize| {
        patient(
            &format!("c{n}"),
            "",
            &replaced_by(&[&format!("Patient/c{}", n + 1)]),
        )
    };
    let mut long = vec![a(&["Patient/c1"])];
    long.extend((1..=12).map(chain));
    let cases = [
        vec![a(&["Patient/gone"])],
        vec![a(&["Patient/a"])],
        vec![
            a(&["Patient/b"]),
            patient("b", "", &replaced_by(&["Patient/a"])),
        ],
        vec![
            a(&["Patient/b", "Patient/c"]),
            patient("b", "", ""),
            patient("c", "", ""),
        ],
        vec![
            a(&["https://elsewhere.example/Patient/b"]),
            patient("b", "", ""),
        ],
        vec![a(&["Organization/b"])],
        vec![a(&["#b"])],
        vec![a(&[""])],
        long,
    ];
    for resources in cases {
        let mut world = world(&resources);
        let before = world.resources.clone();
        let failure = subject_of(&mut world, create(1, one(), &[])).unwrap_err();
        assert_eq!(failure.code, Code::FhirBrokenMerge, "{failure}");
        assert_eq!(world.resources, before, "{failure}");
    }
}

#[test]
fn several_patients_in_use_are_several_matches() {
    let own = id("P1", "");
    for (a, b) in [
        (patient("a", &own, ""), patient("b", &own, "")),
        (patient("a", &own, INACTIVE), patient("b", &own, INACTIVE)),
        (
            patient("a", &id("P1", OLD), ""),
            patient("b", &id("P1", OLD), ""),
        ),
        (
            patient("a", &own, &replaced_by(&["Patient/c"])),
            patient("b", &own, ""),
        ),
    ] {
        let mut world = world(&[a, b, patient("c", "", "")]);
        let failure = subject_of(&mut world, create(1, one(), &[])).unwrap_err();
        assert_eq!(failure.code, Code::FhirMultipleMatches, "{failure}");
    }
}

#[test]
fn an_inactive_patient_is_told_of() {
    let mut world = world(&[patient("b", &id("P1", ""), INACTIVE)]);
    let merged = world.cast([create(1, one(), &PERSON)]);
    let told = merged.notices.iter().any(
        |notice| matches!(notice, Notice::InactivePatient { patient, .. } if patient == "Patient/b"),
    );
    assert!(told, "{:?}", merged.notices);
}

fn endpoint(id: &str, status: &str) -> String {
    format!(
        r#"{{"resourceType":"Endpoint","id":"{id}","meta":{{"versionId":"1"}},"status":"{status}",
            "identifier":[{{"system":"urn:ietf:rfc:3986","value":"https://dicom.example/v2"}}],
            "address":"https://moved.example"}}"#
    )
}

#[test]
fn an_endpoint_out_of_use_is_not_changed_and_told_of() {
    for (status, reference) in [
        ("off", json!([{"reference": "Endpoint/e"}])),
        ("entered-in-error", Value::Null),
    ] {
        let mut world = world(&[endpoint("e", status)]);
        let before = world.all("Endpoint");
        let merged = world.cast([create(1, one(), &[])]);
        let study = world.only("ImagingStudy");
        assert_eq!(world.all("Endpoint"), before, "{status}");
        assert_eq!(study["endpoint"], reference, "{status}");
        assert_eq!(study["series"][0]["endpoint"], reference, "{status}");
        let expected = Notice::EndpointOutOfUse {
            endpoint: "Endpoint/e".into(),
            status: status.into(),
        };
        assert_eq!(merged.notices, [expected]);
        let merged = world.cast([delete(2, one())]);
        assert_eq!(world.all("ImagingStudy"), [Value::Null; 0]);
        assert_eq!(kinds(&merged).len(), 1);
    }
}

#[test]
fn an_endpoint_out_of_use_loses_against_one_in_use() {
    for status in ["off", "entered-in-error"] {
        let mut world = world(&[endpoint("d", status), endpoint("e", "test")]);
        world.cast([create(1, one(), &[])]);
        let study = world.only("ImagingStudy");
        assert_eq!(study["endpoint"], json!([{"reference": "Endpoint/e"}]));
        let corrected = &world.all("Endpoint")[1];
        assert_eq!(corrected["address"], json!("https://dicom.example/v2"));
        assert_eq!(corrected["status"], json!("test"));
    }
}

fn study(id: &str, status: &str) -> String {
    format!(
        r#"{{"resourceType":"ImagingStudy","id":"{id}","meta":{{"versionId":"1","source":"https://dicom.example/"}},
            "identifier":[{{"system":"urn:dicom:uid","value":"urn:oid:1.2"}}],"status":"{status}",
            "series":[{{"uid":"1.3","instance":[{{"uid":"1.4"}}]}}]}}"#
    )
}

#[test]
fn nothing_becomes_part_of_a_study_that_is_entered_in_error() {
    let added = key("1.2", "1.3", "1.5");
    for change in [
        create(1, added.clone(), &[]),
        update(1, added, &[]),
        create(1, one(), &[]),
    ] {
        let mut world = world(&[study("s", "entered-in-error")]);
        let before = world.resources.clone();
        let failure = world.cast_by(&rules(), [change]).unwrap_err();
        assert_eq!(failure.code, Code::FhirStudyRetracted);
        assert!(failure.message.contains("ImagingStudy/s"), "{failure}");
        assert_eq!(world.resources, before);
    }
}

#[test]
fn a_deleted_instance_goes_out_of_a_study_out_of_use_which_keeps_its_status() {
    let expected = |status: &str| Notice::StudyOutOfUse {
        study: create(1, one(), &[]).study(),
        id: "s".into(),
        status: status.into(),
    };
    let mut retracted = world(&[study("s", "entered-in-error")]);
    let merged = retracted.cast([delete(1, one())]);
    let left = retracted.only("ImagingStudy");
    assert_eq!(
        (&left["series"], &left["status"]),
        (&Value::Null, &json!("entered-in-error"))
    );
    assert!(merged.notices.contains(&expected("entered-in-error")));
    let mut cancelled = world(&[study("s", "cancelled")]);
    let merged = cancelled.cast([create(1, key("1.2", "1.3", "1.5"), &[])]);
    let left = cancelled.only("ImagingStudy");
    assert_eq!(
        (&left["numberOfInstances"], &left["status"]),
        (&json!(2), &json!("cancelled"))
    );
    assert_eq!(merged.notices, [expected("cancelled")]);
}

#[test]
fn a_study_entered_in_error_loses_against_one_that_is_not() {
    let mut world = world(&[study("s", "entered-in-error"), study("t", "available")]);
    let before = world.resources["ImagingStudy/s"].clone();
    world.cast([create(1, key("1.2", "1.3", "1.5"), &[])]);
    assert_eq!(world.resources["ImagingStudy/s"], before);
    assert_eq!(world.all("ImagingStudy")[1]["numberOfInstances"], json!(2));
}
