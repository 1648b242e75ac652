//! Which `Patient` an entry is about, by issuer, policy, and where nobody is named.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast::settings::{Issuers, MissingId, PatientPolicy};
use radcast_engine::failure::Code;
use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Action, Change, Rules};
use serde_json::{Value, json};

use crate::cast_world::{World, dataset, delete, key, kinds, rules, text};

const ISSUER: (&str, &str) = ("00100021", r#"{"Value":["HOSP"]}"#);
const NO_ID: (&str, &str) = ("00100020", "{}");
const STUDY: &str = "ImagingStudy";

fn qualifiers(id: &str, kind: &str) -> String {
    format!(
        r#"{{"Value":[{{"00400032":{{"Value":["{id}"]}},"00400033":{{"Value":["{kind}"]}}}}]}}"#
    )
}

fn read(key: &InstanceKey, sequence: u64, elements: &[(&str, &str)], rules: &Rules) -> Change {
    let set = dataset(key, elements);
    Change::read(sequence, key.clone(), Action::Update, Some(&set), rules).unwrap()
}

fn one() -> InstanceKey {
    key("1.2", "1.3", "1.4")
}

/// The identifiers of the patient that an instance with these elements makes.
fn identifiers(elements: &[(&str, &str)], rules: &Rules) -> Value {
    let mut world = World::default();
    world
        .cast_by(rules, [read(&one(), 1, elements, rules)])
        .unwrap();
    world.only("Patient")["identifier"].clone()
}

fn system(elements: &[(&str, &str)], rules: &Rules) -> Option<String> {
    let identifiers = identifiers(elements, rules);
    let types = identifiers[0].pointer("/type/coding/0/code");
    assert_eq!(types, Some(&json!("MR")));
    identifiers[0]["system"].as_str().map(str::to_owned)
}

fn by_issuer() -> Rules {
    Rules {
        issuer_as_system: true,
        ..rules()
    }
}

fn hosp(rules: Rules) -> Rules {
    Rules {
        issuers: Issuers::default()
            .with("hosp", "urn:hosp")
            .with("1.2.9", "urn:nine"),
        ..rules
    }
}

#[test]
fn the_type_of_the_id_does_not_change_it() {
    for term in ["TEXT", "RFID", "BARCODE"] {
        let kind = format!(r#"{{"Value":["{term}"]}}"#);
        assert_eq!(
            system(&[("00100022", &kind)], &rules()).as_deref(),
            Some("urn:mrn")
        );
    }
}

#[test]
fn an_item_of_other_ids_that_is_invalid_is_one_bad_item() {
    let others = r#"{"Value":[{"00100020":{"Value":["A","B"]}},{"00100020":{"Value":["C"]}},
        {"00100020":{"Value":["D"]},"00100021":{"Value":["x","y"]}}]}"#;
    let change = read(&one(), 1, &[("00101002", others)], &rules());
    let told: Vec<_> = change.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    let mut world = World::default();
    world.cast([change]);
    assert_eq!(world.only("Patient")["identifier"][1]["value"], json!("C"));
    assert_eq!(
        world.only("Patient")["identifier"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_patients_own_id_goes_before_the_same_id_among_anothers_others() {
    let other = format!(
        r#"{{"Value":[{{"00100020":{{"Value":["P2"]}},"00100024":{}}}]}}"#,
        qualifiers("1.2.3", "ISO")
    );
    let rules = by_issuer();
    let iso = qualifiers("1.2.3", "ISO");
    let mine = [
        ("00100020", r#"{"Value":["P2"]}"#),
        ("00100024", iso.as_str()),
    ];
    let mut world = World::default();
    world
        .cast_by(&rules, [read(&one(), 1, &mine, &rules)])
        .unwrap();
    let second = key("1.5", "1.6", "1.7");
    world
        .cast_by(
            &rules,
            [read(&second, 2, &[("00101002", &other), ISSUER], &rules)],
        )
        .unwrap();
    assert_eq!(world.all("Patient").len(), 2);
    let third = key("1.8", "1.9", "1.10");
    world
        .cast_by(&rules, [read(&third, 3, &mine, &rules)])
        .unwrap();
    let subjects: Vec<_> = world
        .all(STUDY)
        .iter()
        .map(|study| {
            (
                text(&study["series"][0]["uid"]).to_owned(),
                text(&study["subject"]["reference"]).to_owned(),
            )
        })
        .collect();
    let of = |uid: &str| {
        subjects
            .iter()
            .find(|(series, _)| series == uid)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(of("1.3"), of("1.9"));
    assert_ne!(of("1.3"), of("1.6"));
}

const SEX: (&str, &str) = ("00100040", r#"{"Value":["F"]}"#);

fn policy(policy: PatientPolicy) -> Rules {
    Rules {
        patient_policy: policy,
        ..rules()
    }
}

#[test]
fn create_if_missing_creates_with_all_rows_and_changes_nobody() {
    let rules = policy(PatientPolicy::CreateIfMissing);
    let mut world = World::default();
    let phone = ("00102154", r#"{"Value":["1"]}"#);
    world
        .cast_by(&rules, [read(&one(), 1, &[SEX, phone], &rules)])
        .unwrap();
    let patient = world.only("Patient");
    assert_eq!(
        (
            text(&patient["gender"]),
            text(&patient["telecom"][0]["value"])
        ),
        ("female", "1")
    );
    let male = ("00100040", r#"{"Value":["M"]}"#);
    let merged = world
        .cast_by(&rules, [read(&one(), 2, &[male], &rules)])
        .unwrap();
    assert_eq!(kinds(&merged), [""; 0]);
    // The study goes on being kept in step.
    let described = ("00081030", r#"{"Value":["CT"]}"#);
    let merged = world
        .cast_by(&rules, [read(&one(), 3, &[male, described], &rules)])
        .unwrap();
    assert_eq!(kinds(&merged).len(), 1);
    assert_eq!(world.only("Patient"), patient);
}

#[test]
fn link_only_links_and_never_writes_a_patient() {
    let rules = policy(PatientPolicy::LinkOnly);
    let mut world = World::default();
    let missing = world
        .cast_by(&rules, [read(&one(), 1, &[SEX], &rules)])
        .unwrap_err();
    assert_eq!(missing.code, Code::FhirPatientMissing);
    assert_eq!(
        missing.message,
        "no Patient matches the search by identifier"
    );
    assert!(world.resources.is_empty());
    let stored = r#"{"resourceType":"Patient","id":"p","meta":{"versionId":"1"},"identifier":[{"system":"urn:mrn","value":"P1"}]}"#;
    world.put(stored);
    world
        .cast_by(&rules, [read(&one(), 1, &[SEX], &rules)])
        .unwrap();
    assert_eq!(world.resources["Patient/p"], stored);
    assert_eq!(
        text(&world.only(STUDY)["subject"]["reference"]),
        "Patient/p"
    );
    // A delete needs no patient.
    world.resources.remove("Patient/p");
    world.cast_by(&rules, [delete(2, one())]).unwrap();
    assert_eq!(world.all(STUDY).len(), 0);
}

#[test]
fn a_late_change_needs_no_patient_where_the_study_has_one() {
    let rules = policy(PatientPolicy::LinkOnly);
    let mut world = World::default();
    world.cast([read(&one(), 1, &[], &rules)]);
    let patient = text(&world.only(STUDY)["subject"]["reference"]).to_owned();
    let other = [("00100020", r#"{"Value":["P2"]}"#)];
    let late = read(&key("1.2", "1.3", "1.5"), 2, &other, &rules).into_late();
    world.cast_by(&rules, [late]).unwrap();
    let study = world.only(STUDY);
    assert_eq!(text(&study["subject"]["reference"]), patient);
    assert_eq!(study["numberOfInstances"], json!(2));
}

fn per_study() -> Rules {
    Rules {
        missing_id: MissingId::PerStudy,
        ..rules()
    }
}

#[test]
fn a_study_without_patient_id_has_a_patient_of_its_own() {
    let rules = per_study();
    let mut world = World::default();
    world
        .cast_by(&rules, [read(&one(), 1, &[NO_ID, SEX], &rules)])
        .unwrap();
    let patient = world.only("Patient");
    assert_eq!(
        patient["identifier"],
        json!([{"system": "urn:dicom:uid", "value": "urn:oid:1.2"}])
    );
    assert_eq!(patient["gender"], json!("female"));
    let again = world
        .cast_by(&rules, [read(&one(), 2, &[NO_ID, SEX], &rules)])
        .unwrap();
    assert_eq!(kinds(&again), [""; 0]);
    let of_partition = InstanceKey {
        partition: Some("a".into()),
        ..one()
    };
    world
        .cast_by(&rules, [read(&of_partition, 3, &[NO_ID], &rules)])
        .unwrap();
    let patients = world.all("Patient");
    let scoped =
        json!([{"system": "https://dicom.example/v2/partitions/a/studies", "value": "1.2"}]);
    assert!(
        patients
            .iter()
            .any(|patient| patient["identifier"] == scoped),
        "{patients:?}"
    );
    assert_eq!(patients.len(), 2);
}

#[test]
fn an_update_that_brings_the_id_links_the_study_to_the_patient() {
    let rules = per_study();
    let mut world = World::default();
    world
        .cast_by(&rules, [read(&one(), 1, &[NO_ID], &rules)])
        .unwrap();
    let unnamed = world.only(STUDY)["subject"].clone();
    world
        .cast_by(&rules, [read(&one(), 2, &[], &rules)])
        .unwrap();
    let named = world.only(STUDY)["subject"].clone();
    assert_ne!(unnamed, named);
    // An instance without id says nothing about whose the study is.
    let second = key("1.2", "1.3", "1.5");
    world
        .cast_by(&rules, [read(&second, 3, &[NO_ID, SEX], &rules)])
        .unwrap();
    assert_eq!(world.only(STUDY)["subject"], named);
    assert_eq!(world.only(STUDY)["numberOfInstances"], json!(2));
    assert!(
        world
            .all("Patient")
            .iter()
            .all(|patient| patient.get("gender").is_none())
    );
}

#[test]
fn within_one_delta_a_named_patient_goes_before_an_unnamed_one_and_nobody_disagrees() {
    let rules = per_study();
    let mut world = World::default();
    let second = key("1.2", "1.3", "1.5");
    let changes = [
        read(&one(), 1, &[], &rules),
        read(&second, 2, &[NO_ID], &rules),
    ];
    let merged = world.cast_by(&rules, changes).unwrap();
    assert_eq!(merged.disagreements, []);
    assert_eq!(world.only("Patient")["identifier"][0]["value"], json!("P1"));
}

#[test]
fn an_id_that_is_invalid_or_missing_by_the_rules_fails() {
    let invalid = ("00100020", r#"{"Value":["A","B"]}"#);
    for (rules, element, fails) in [
        (per_study(), invalid, true),
        (rules(), invalid, true),
        (rules(), NO_ID, true),
        (per_study(), NO_ID, false),
    ] {
        let set = dataset(&one(), &[element]);
        let read = Change::read(1, one(), Action::Create, Some(&set), &rules);
        let code = read.err().map(|failure| failure.code);
        assert_eq!(code, fails.then_some(Code::DicomMissingAttribute));
    }
}

#[test]
fn a_study_of_nobody_finds_its_own_patient_missing_too_when_none_may_be_made() {
    let rules = Rules {
        patient_policy: PatientPolicy::LinkOnly,
        ..per_study()
    };
    let mut world = World::default();
    let failed = world
        .cast_by(&rules, [read(&one(), 1, &[NO_ID], &rules)])
        .unwrap_err();
    assert_eq!(failed.code, Code::FhirPatientMissing);
}

#[test]
fn two_ids_of_one_patient_stay_with_one_patient() {
    let rules = hosp(rules());
    let says = |study: &str, id: &str, other: &str| {
        let id = format!(r#"{{"Value":["{id}"]}}"#);
        let others = format!(
            r#"{{"Value":[{{"00100020":{{"Value":["{other}"]}},"00100021":{{"Value":["HOSP"]}}}}]}}"#
        );
        let elements = [("00100020", id.as_str()), ISSUER, ("00101002", &others)];
        read(&key(study, "1", "1"), 1, &elements, &rules)
    };
    let mut world = World::default();
    let both = [("1.2", "A", "B"), ("1.3", "B", "A")];
    for (study, id, other) in both {
        world.cast_by(&rules, [says(study, id, other)]).unwrap();
    }
    for (study, id, other) in both {
        let again = world.cast_by(&rules, [says(study, id, other)]).unwrap();
        assert_eq!(kinds(&again), [""; 0]);
    }
    let identifiers = world.only("Patient")["identifier"].clone();
    let ids: Vec<_> = identifiers.as_array().unwrap().iter().collect();
    let told: Vec<_> = ids
        .iter()
        .map(|it| (&it["id"], text(&it["value"])))
        .collect();
    assert_eq!(told, [(&Value::Null, "A"), (&Value::Null, "B")]);
    assert_eq!(ids[1].pointer("/type/coding/0/code"), Some(&json!("MR")));
}
