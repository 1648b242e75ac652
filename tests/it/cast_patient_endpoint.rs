//! Merging into stored patients and endpoints.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast_engine::failure::Code;
use radcast_fhir::cast::{Found, Resource, StudyDelta, merge};
use serde_json::json;

use crate::cast_world::{World, create, key, kinds, rules, text};

fn one() -> radcast_engine::feed::InstanceKey {
    key("1.2", "1.3", "1.4")
}

fn with_patient(members: &str) -> World {
    let mut world = World::default();
    world.put(&format!(
        r#"{{"resourceType":"Patient","id":"p","meta":{{"versionId":"1"}},
            "identifier":[{{"system":"urn:mrn","value":"P1"}}]{members}}}"#
    ));
    world
}

#[test]
fn an_endpoint_of_dicom_cast_is_reused_and_healed() {
    let mut world = World::default();
    let endpoint = |id: &str, name: &str| {
        format!(
            r#"{{"resourceType":"Endpoint","id":"{id}","meta":{{"versionId":"1"}},"name":"{name}","address":"https://dicom.example/",
            "connectionType":{{"system":"http://terminology.hl7.org/CodeSystem/endpoint-connection-type","code":"dicom-wado-rs"}}}}"#
        )
    };
    // A string search finds the longer name too.
    world.put(&endpoint(
        "e",
        "DICOM WADO-RS endpoint https://dicom.example/",
    ));
    world.put(&endpoint(
        "f",
        "DICOM WADO-RS endpoint https://dicom.example/other",
    ));
    world.cast([create(1, one(), &[])]);
    let healed = &world.all("Endpoint")[0];
    assert_eq!(healed["address"], json!("https://dicom.example/v2"));
    assert_eq!(
        healed["identifier"][0]["value"],
        json!("https://dicom.example/v2")
    );
    assert_eq!(
        world.only("ImagingStudy")["endpoint"],
        json!([{"reference": "Endpoint/e"}])
    );
}

#[test]
fn an_endpoint_of_another_version_moves_to_the_configured_one() {
    let mut world = World::default();
    let older = radcast_fhir::cast::Rules {
        wado_version: "v1".into(),
        ..rules()
    };
    world.cast_by(&older, [create(1, one(), &[])]).unwrap();
    world.cast([create(2, one(), &[])]);
    let endpoint = world.only("Endpoint");
    assert_eq!(text(&endpoint["address"]), "https://dicom.example/v2");
    assert_eq!(
        endpoint["identifier"],
        json!([{"system": "urn:ietf:rfc:3986", "value": "https://dicom.example/v2"}])
    );
}

#[test]
fn a_patient_is_synchronized_and_nothing_else_of_it_touched() {
    let name = r#"{"Value":["Rossi^Maria"]}"#;
    let mut world = with_patient(
        r#","gender":"male","birthDate":"1980","_birthDate":{"x":1.00},
        "name":[{"use":"official","family":"Other"},{"use":"usual","family":"Old","prefix":["Dr."],"period":{},"text":"Dr. Old"}]"#,
    );
    let sex = ("00100040", r#"{"Value":["F"]}"#);
    let born = ("00100030", r#"{"Value":["19800229"]}"#);
    world.cast([create(1, one(), &[("00100010", name), sex, born])]);
    let patient = world.only("Patient");
    assert_eq!(
        patient["name"],
        json!([
            {"use": "official", "family": "Other"},
            {"use": "usual", "family": "Rossi", "period": {}, "given": ["Maria"]},
        ])
    );
    assert_eq!(
        (text(&patient["gender"]), text(&patient["birthDate"])),
        ("female", "1980-02-29")
    );
    assert!(world.resources["Patient/p"].contains(r#""_birthDate":{"x":1.00}"#));
}

#[test]
fn an_empty_name_wipes_nothing() {
    for empty in [
        r#"{"Value":[""]}"#,
        r#"{"Value":["^^^"]}"#,
        r#"{"Value":[{}]}"#,
    ] {
        let mut world = with_patient(r#","name":[{"use":"usual","family":"Rossi"}]"#);
        let merged = world.cast([create(1, one(), &[("00100010", empty)])]);
        assert!(
            !kinds(&merged).contains(&"Update(Patient/p)".to_owned()),
            "{empty}"
        );
    }
}

#[test]
fn a_subject_in_another_writing_is_left_as_it_is() {
    for reference in ["http://fhir.example/r4/Patient/p", "Patient/p/_history/3"] {
        let mut world = with_patient("");
        world.cast([create(1, one(), &[])]);
        let name = world
            .resources
            .keys()
            .find(|name| name.starts_with("ImagingStudy"))
            .unwrap()
            .clone();
        let json = world.resources[&name].replace("Patient/p", reference);
        world.put(&json);
        assert_eq!(
            kinds(&world.cast([create(1, one(), &[])])),
            [""; 0],
            "{reference}"
        );
    }
}

#[test]
fn several_matches_are_named_by_id_and_not_by_patient() {
    let patient = |id: &str| {
        let json = format!(
            r#"{{"resourceType":"Patient","id":"{id}","identifier":[{{"system":"urn:mrn","value":"P1"}}]}}"#
        );
        Resource::parse(&json).unwrap()
    };
    let found = Found {
        patient: vec![patient("a"), patient("b")],
        ..Found::default()
    };
    let delta = StudyDelta::of(create(1, one(), &[]));
    let failure = merge(&delta, &found, &rules()).unwrap_err();
    assert_eq!(failure.code, Code::FhirMultipleMatches);
    assert_eq!(
        failure.message,
        "2 resources match the search of Patient by identifier: Patient/a, Patient/b"
    );
}

#[test]
fn a_patient_whose_identifier_differs_in_case_is_another() {
    let mut world = World::default();
    let delta = StudyDelta::of(create(1, one(), &[]));
    let json = r#"{"resourceType":"Patient","id":"a","meta":{"versionId":"1"},"identifier":[{"system":"urn:mrn","value":"p1"}]}"#;
    let found = Found {
        patient: vec![Resource::parse(json).unwrap()],
        ..world.found(&delta.lookups(&rules()))
    };
    let merged = merge(&delta, &found, &rules()).unwrap();
    assert!(kinds(&merged).contains(&"Create(Patient)".to_owned()));
    world.cast([create(1, one(), &[])]);
}
