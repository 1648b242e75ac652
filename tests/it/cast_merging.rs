//! Merging into what is stored.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast_engine::failure::{Code, Failure};
use radcast_fhir::cast::{Action, Change, Found, Notice, Resource, StudyDelta, Write, merge};
use serde_json::{Value, json};

use crate::cast_world::{World, create, dataset, delete, key, kinds, rules, text};

const DESCRIPTION: &str = "00081030";
const PATIENT_ID: &str = "00100020";

fn one() -> radcast_engine::feed::InstanceKey {
    key("1.2", "1.3", "1.4")
}

fn value(value: &str) -> String {
    format!(r#"{{"Value":["{value}"]}}"#)
}

/// A world with one study that somebody else wrote.
fn with_study(members: &str) -> World {
    let mut world = World::default();
    world.put(&format!(
        r#"{{"resourceType":"ImagingStudy","id":"s","meta":{{"versionId":"1"}},
            "identifier":[{{"system":"urn:dicom:uid","value":"urn:oid:1.2"}}]{members}}}"#
    ));
    world
}

#[test]
fn nothing_changed_writes_nothing() {
    let mut world = World::default();
    let change = create(1, one(), &[(DESCRIPTION, &value("x"))]);
    assert_eq!(world.cast([change.clone()]).writes.len(), 3);
    assert_eq!(kinds(&world.cast([change])), [""; 0]);
}

#[test]
fn a_later_instance_updates_the_study_alone() {
    let mut world = World::default();
    world.cast([create(1, one(), &[])]);
    let merged = world.cast([create(2, key("1.2", "1.3", "1.5"), &[])]);
    let id = text(&world.only("ImagingStudy")["id"]).to_owned();
    assert_eq!(kinds(&merged), [format!("Update(ImagingStudy/{id})")]);
    assert_eq!(world.only("ImagingStudy")["numberOfInstances"], json!(2));
}

#[test]
fn an_absent_value_erases_nothing_and_a_given_one_overwrites() {
    let mut world = World::default();
    world.cast([create(1, one(), &[(DESCRIPTION, &value("x"))])]);
    world.cast([create(2, one(), &[])]);
    assert_eq!(world.only("ImagingStudy")["description"], json!("x"));
    world.cast([create(3, one(), &[(DESCRIPTION, &value("y"))])]);
    assert_eq!(world.only("ImagingStudy")["description"], json!("y"));
}

#[test]
fn instances_that_disagree_are_told_once_and_the_later_counts() {
    let said = |sequence, instance, text: &str| {
        create(
            sequence,
            key("1.2", "1.3", instance),
            &[(DESCRIPTION, &value(text))],
        )
    };
    let mut world = World::default();
    let merged = world.cast([
        said(1, "1.1", "CANARY"),
        said(2, "1.2", "y"),
        said(3, "1.3", "y"),
    ]);
    assert_eq!(world.only("ImagingStudy")["description"], json!("y"));
    let told: Vec<_> = merged
        .disagreements
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "the instances 1.3 and 1.1 of study 1.2 disagree on StudyDescription; 1.3 is the later and counts"
        ]
    );
}

#[test]
fn an_instance_that_changed_its_mind_disagrees_with_nobody() {
    let said = |sequence, instance, text: &str| {
        create(
            sequence,
            key("1.2", "1.3", instance),
            &[(DESCRIPTION, &value(text))],
        )
    };
    let old_then_new = [
        said(1, "1.1", "x"),
        said(2, "1.2", "x"),
        said(3, "1.1", "y"),
        said(4, "1.2", "y"),
    ];
    let merged = World::default().cast(old_then_new);
    assert_eq!(merged.disagreements, []);
}

#[test]
fn the_subject_follows_the_patient_of_the_only_instance() {
    let mut world = World::default();
    world.cast([create(1, one(), &[])]);
    let first = text(&world.only("Patient")["id"]).to_owned();
    world.cast([create(2, one(), &[(PATIENT_ID, &value("P2"))])]);
    let subject = world.only("ImagingStudy")["subject"]["reference"].clone();
    assert!(text(&subject).starts_with("Patient/") && text(&subject) != format!("Patient/{first}"));
    assert_eq!(world.all("Patient").len(), 2);
}

#[test]
fn a_relinked_subject_loses_what_described_the_other_patient() {
    let mut world =
        with_study(r#","subject":{"reference":"Patient/x","display":"X","extension":[1.0]}"#);
    let dataset = dataset(&one(), &[]);
    let update = Change::read(1, one(), Action::Update, Some(&dataset), &rules());
    world.cast([update.unwrap()]);
    let subject = world.only("ImagingStudy")["subject"].clone();
    assert_eq!(subject["display"], Value::Null);
    assert_eq!(subject["extension"], json!([1.0]));
}

#[test]
fn deleting_the_last_instance_deletes_a_study_of_ours() {
    let mut world = World::default();
    world.cast([
        create(1, one(), &[]),
        create(2, key("1.2", "1.5", "1.6"), &[]),
    ]);
    world.cast([delete(3, one())]);
    let study = world.only("ImagingStudy");
    assert_eq!(
        (&study["numberOfSeries"], &study["numberOfInstances"]),
        (&json!(1), &json!(1))
    );
    let merged = world.cast([delete(4, key("1.2", "1.5", "1.6"))]);
    assert!(matches!(merged.writes.as_slice(), [Write::Delete { version, .. }] if version == "2"));
    assert_eq!(world.all("ImagingStudy"), [Value::Null; 0]);
}

#[test]
fn ours_is_recognised_by_a_decorated_source() {
    let instance = r#""series":[{"uid":"1.3","instance":[{"uid":"1.4"}]}]"#;
    for source in ["https://dicom.example/#aB3", "https://dicom.example"] {
        let mut world = World::default();
        world.put(&format!(
            r#"{{"resourceType":"ImagingStudy","id":"s","meta":{{"versionId":"1","source":"{source}"}},
                "identifier":[{{"system":"urn:dicom:uid","value":"urn:oid:1.2"}}],{instance}}}"#
        ));
        let merged = world.cast([delete(1, one())]);
        assert_eq!(kinds(&merged), ["Delete(ImagingStudy/s)"], "{source}");
    }
}

#[test]
fn a_foreign_study_is_emptied_and_said_so() {
    let series = r#","modality":[{"system":"DCM","code":"CT"},{"code":"other"}],
        "series":[{"uid":"1.3","instance":[{"uid":"1.4"}]}]"#;
    let mut world = with_study(series);
    let merged = world.cast([delete(1, one())]);
    assert!(
        matches!(merged.notices.as_slice(), [Notice::ForeignStudyEmptied { id, .. }] if id == "s")
    );
    let study = world.only("ImagingStudy");
    assert_eq!(study["series"], Value::Null);
    assert_eq!(study["modality"], json!([{"code": "other"}]));
    assert_eq!(
        (&study["numberOfSeries"], &study["numberOfInstances"]),
        (&json!(0), &json!(0))
    );
}

#[test]
fn deleting_the_unknown_writes_nothing() {
    let merged = World::default().cast([delete(1, one())]);
    assert_eq!(kinds(&merged), [""; 0]);
    let mut other = World::default();
    other.cast([create(1, one(), &[])]);
    let unknown = [key("1.2", "1.3", "1.9"), key("1.2", "1.9", "1.4")];
    for key in unknown {
        assert_eq!(kinds(&other.cast([delete(2, key)])), [""; 0]);
    }
}

#[test]
fn deleting_the_unknown_touches_no_study_that_could_be_healed_or_is_empty() {
    let ours = r#"{"resourceType":"ImagingStudy","id":"s","meta":{"versionId":"1","source":"https://dicom.example/"},
        "identifier":[{"system":"urn:dicom:uid","value":"urn:oid:1.2"}]"#;
    for series in [
        "",
        r#","series":[{"uid":"1.3","modality":{"system":"DCM","code":"CT"}}]"#,
    ] {
        let mut world = World::default();
        world.put(&format!("{ours}{series}}}"));
        assert_eq!(kinds(&world.cast([delete(1, one())])), [""; 0]);
    }
}

#[test]
fn series_and_instances_that_nobody_speaks_of_keep_their_bytes() {
    let series = r#"{ "uid" : "1.8", "numberOfInstances" : 5.0 }"#;
    let instance = r#"{ "uid" : "1.9", "number":1e0 }"#;
    let mut world = with_study(&format!(
        r#","series":[{series},{{"uid":"1.3","instance":[{instance}]}}]"#
    ));
    world.cast([create(1, one(), &[])]);
    let study = &world.resources["ImagingStudy/s"];
    assert!(
        study.contains(series) && study.contains(instance),
        "{study}"
    );
}

#[test]
fn an_instance_stored_again_keeps_nothing_of_before() {
    let mut world = World::default();
    world.cast([create(1, one(), &[("00200013", r#"{"Value":[7]}"#)])]);
    world.cast([delete(2, one()), create(3, one(), &[])]);
    let study = world.only("ImagingStudy");
    assert_eq!(study["series"][0]["instance"][0]["number"], Value::Null);
    assert_eq!(study["numberOfInstances"], json!(1));
}

#[test]
fn computed_elements_follow_what_the_resource_holds() {
    let series = r#","modality":[{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"US","display":"x"}],
        "series":[{"uid":"1.8","numberOfInstances":5,"modality":{"system":"urn:x","code":"Q"}}]"#;
    let mut world = with_study(series);
    world.cast([create(1, one(), &[])]);
    let study = world.only("ImagingStudy");
    assert_eq!(
        (&study["numberOfSeries"], &study["numberOfInstances"]),
        (&json!(2), &json!(6))
    );
    let codes: Vec<_> = study["modality"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| text(&m["code"]))
        .collect();
    assert_eq!(codes, ["Q", "CT"]);
}

#[test]
fn a_registered_study_becomes_available_and_no_other() {
    for (stored, expected) in [("registered", "available"), ("cancelled", "cancelled")] {
        let mut world = with_study(&format!(r#","status":"{stored}""#));
        world.cast([create(1, one(), &[])]);
        assert_eq!(world.only("ImagingStudy")["status"], json!(expected));
    }
}

#[test]
fn what_dicom_cast_wrote_is_healed_when_it_is_touched() {
    let members = r#","modality":[{"system":"DCM","code":"CT"}],
        "note":[{"text":"Chest"},{"text":"Chest","time":"2020"},{"text":"other"}],
        "series":[{"uid":"1.3","modality":{"system":"DCM","code":"CT"},
            "instance":[{"uid":"1.4","sopClass":{"code":"1.2.840.1"}},{"uid":"1.5","sopClass":{"code":"1.2.840.2"}}]}]"#;
    let mut world = with_study(members);
    world.cast([create(1, one(), &[(DESCRIPTION, &value("Chest"))])]);
    let study = world.only("ImagingStudy");
    let dcm = json!({"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CT"});
    assert_eq!(study["modality"], json!([dcm]));
    assert_eq!(study["series"][0]["modality"], dcm);
    assert_eq!(
        study["series"][0]["instance"][1]["sopClass"],
        json!({"code": "urn:oid:1.2.840.2", "system": "urn:ietf:rfc:3986"})
    );
    assert_eq!(study["description"], json!("Chest"));
    assert_eq!(
        study["note"],
        json!([{"text": "Chest", "time": "2020"}, {"text": "other"}])
    );
}

#[test]
fn accession_numbers_that_were_heaped_up_become_one_and_foreign_ones_stay() {
    let acsn = |members: &str| {
        format!(
            r#"{{"type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"ACSN"}}]}},{members}}}"#
        )
    };
    let identifiers = [
        acsn(r#""value":"A""#),
        acsn(r#""system":"urn:ris","value":"C""#),
        acsn(r#""value":"B""#),
    ];
    let mut world = World::default();
    world.put(&format!(
        r#"{{"resourceType":"ImagingStudy","id":"s","meta":{{"versionId":"1"}},
            "identifier":[{{"system":"urn:dicom:uid","value":"urn:oid:1.2"}},{}]}}"#,
        identifiers.join(",")
    ));
    for (said, left) in [("B", ["C", "B"]), ("D", ["C", "D"])] {
        world.cast([create(1, one(), &[("00080050", &value(said))])]);
        let study = world.only("ImagingStudy");
        let values = study["identifier"].as_array().unwrap().iter().skip(1);
        assert!(values.map(|i| text(&i["value"])).eq(left), "{said}");
    }
}

fn refused(found: Found) -> Failure {
    let delta = StudyDelta::of(create(1, one(), &[]));
    merge(&delta, &found, &rules()).unwrap_err()
}

#[test]
fn a_stored_resource_that_cannot_be_edited_is_named_with_the_element() {
    let identity = r#""identifier":[{"system":"urn:dicom:uid","value":"urn:oid:1.2"}]"#;
    let whole = format!(r#""id":"s","meta":{{"versionId":"1"}},{identity}"#);
    let cases = [
        (format!(r#""id":"s",{identity}"#), "meta.versionId"),
        (format!(r#""meta":{{"versionId":"1"}},{identity}"#), "id"),
        (format!(r#"{whole},"series":{{}}"#), "series"),
        (format!(r#"{whole},"series":[{{"uid":5}}]"#), "series"),
        (
            format!(r#"{whole},"series":[{{"uid":"1.3","instance":[5]}}]"#),
            "series.instance",
        ),
        (
            format!(r#"{whole},"series":[{{"uid":"1.3","modality":"CT"}}]"#),
            "series.modality",
        ),
        (format!(r#"{whole},"status":["available"]"#), "status"),
        (format!(r#"{whole},"numberOfSeries":"1""#), "numberOfSeries"),
    ];
    for (members, element) in cases {
        let json = format!(r#"{{"resourceType":"ImagingStudy",{members}}}"#);
        let failure = refused(Found {
            study: vec![Resource::parse(&json).unwrap()],
            ..Found::default()
        });
        assert_eq!(failure.code, Code::FhirInvalidResource, "{json}");
        assert!(
            failure.message.contains(&format!("`{element}`")),
            "{failure}"
        );
    }
}
