//! Weight and height of the patient as Observations.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Action, Change, Rules, StudyDelta};
use serde_json::{Value, json};

use crate::cast_world::{World, dataset, delete, key, kinds, rules};

const WEIGHT: &str = "00101030";
const HEIGHT: &str = "00101020";

fn wanted() -> Rules {
    Rules {
        body_observations: true,
        ..rules()
    }
}

fn one() -> InstanceKey {
    key("1.2", "1.3", "1.4")
}

fn said(key: InstanceKey, sequence: u64, elements: &[(&str, &str)]) -> Change {
    let set = dataset(&key, elements);
    Change::read(sequence, key, Action::Update, Some(&set), &wanted()).unwrap()
}

fn cast(world: &mut World, changes: impl IntoIterator<Item = Change>) -> Vec<String> {
    kinds(&world.cast_by(&wanted(), changes).unwrap())
}

/// The value of the Observation of this code, in the server's text.
fn value(world: &World, code: &str) -> Option<Value> {
    let all = world.all("Observation");
    let one = all
        .iter()
        .find(|it| it["code"]["coding"][0]["code"] == code)?;
    Some(one["valueQuantity"].clone())
}

fn kg(number: &str) -> Value {
    let json = format!(
        r#"{{"value":{number},"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}"#
    );
    serde_json::from_str(&json).unwrap()
}

fn cm(number: &str) -> Value {
    let json = format!(
        r#"{{"value":{number},"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}}"#
    );
    serde_json::from_str(&json).unwrap()
}

#[test]
fn weight_and_height_are_vital_signs_of_the_study() {
    let mut world = World::default();
    let date = ("00080020", r#"{"Value":["20240601"]}"#);
    let elements = [
        (WEIGHT, r#"{"Value":["70.50"]}"#),
        (HEIGHT, r#"{"Value":[1.755]}"#),
        date,
    ];
    cast(&mut world, [said(one(), 1, &elements)]);
    assert_eq!(value(&world, "8302-2"), Some(cm("175.5")));
    let of = |resource: &Value| {
        format!(
            "{}/{}",
            resource["resourceType"].as_str().unwrap(),
            resource["id"].as_str().unwrap()
        )
    };
    let (patient, study) = (world.only("Patient"), world.only("ImagingStudy"));
    let mut all = world.all("Observation");
    all.retain(|it| it["code"]["text"] == "Body weight");
    let mut weight = all.remove(0);
    weight.as_object_mut().unwrap().remove("id");
    assert_eq!(
        weight,
        json!({
            "resourceType": "Observation",
            "meta": {"source": "https://dicom.example/", "versionId": "1"},
            "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2"}],
            "status": "final",
            "category": [{"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                "code": "vital-signs",
            }]}],
            "code": {
                "coding": [{"system": "http://loinc.org", "code": "29463-7", "display": "Body weight"}],
                "text": "Body weight",
            },
            "subject": {"reference": of(&patient)},
            "partOf": [{"reference": of(&study)}],
            "effectiveDateTime": "2024-06-01",
            "valueQuantity": kg("70.50"),
        })
    );
    assert!(
        world.resources.values().any(|json| json.contains("70.50")),
        "the digits stay"
    );
}

#[test]
fn said_again_they_are_not_written_and_an_update_corrects_the_one_that_there_is() {
    let mut world = World::default();
    let weight = |number: &'static str| [(WEIGHT, number)];
    cast(&mut world, [said(one(), 1, &weight(r#"{"Value":[70]}"#))]);
    let again = cast(
        &mut world,
        [said(one(), 2, &weight(r#"{"Value":["70.0"]}"#))],
    );
    assert_eq!(again, [""; 0]);
    let changed = cast(&mut world, [said(one(), 3, &weight(r#"{"Value":[71]}"#))]);
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(value(&world, "29463-7"), Some(kg("71")));
    assert_eq!(world.all("Observation").len(), 1);
    let absent = cast(&mut world, [said(one(), 4, &[])]);
    assert_eq!(absent, [""; 0]);
    let late = said(key("1.2", "1.3", "1.9"), 5, &weight(r#"{"Value":[50]}"#)).into_late();
    cast(&mut world, [late]);
    assert_eq!(value(&world, "29463-7"), Some(kg("71")));
}

#[test]
fn what_is_absent_empty_zero_or_invalid_gives_none() {
    let cases = [
        (WEIGHT, "{}", 0),
        (WEIGHT, r#"{"Value":[""]}"#, 0),
        (WEIGHT, r#"{"Value":["0.00"]}"#, 0),
        (WEIGHT, r#"{"Value":["-1"]}"#, 1),
        (WEIGHT, r#"{"Value":["NaN"]}"#, 1),
        (WEIGHT, r#"{"Value":[NaN]}"#, 1),
        (WEIGHT, r#"{"Value":["70","71"]}"#, 1),
        (WEIGHT, r#"{"Value":["70,5"]}"#, 1),
        (HEIGHT, r#"{"Value":["0"]}"#, 0),
        (HEIGHT, r#"{"Value":["175"]}"#, 1),
        (HEIGHT, r#"{"Value":[true]}"#, 1),
    ];
    for (tag, json, warnings) in cases {
        let change = said(one(), 1, &[(tag, json)]);
        assert_eq!(change.warnings().len(), warnings, "{tag} {json}");
        let mut world = World::default();
        cast(&mut world, [change]);
        assert_eq!(world.all("Observation").len(), 0, "{tag} {json}");
    }
}

#[test]
fn disagreeing_instances_give_one_observation_and_one_warning() {
    let mut world = World::default();
    let changes = [
        said(one(), 1, &[(WEIGHT, r#"{"Value":[70]}"#)]),
        said(
            key("1.2", "1.3", "1.5"),
            2,
            &[(WEIGHT, r#"{"Value":[71]}"#)],
        ),
        said(key("1.2", "1.3", "1.6"), 3, &[]),
    ];
    let merged = world.cast_by(&wanted(), changes).unwrap();
    assert_eq!(merged.disagreements.len(), 1);
    assert_eq!(merged.disagreements[0].keyword, "PatientWeight");
    assert_eq!(value(&world, "29463-7"), Some(kg("71")));
}

#[test]
fn they_go_with_the_studys_last_instance_and_not_before() {
    let mut world = World::default();
    let second = key("1.2", "1.3", "1.5");
    let weight = [(WEIGHT, r#"{"Value":[70]}"#)];
    cast(
        &mut world,
        [said(one(), 1, &weight), said(second.clone(), 2, &weight)],
    );
    cast(&mut world, [delete(3, one())]);
    assert_eq!(world.all("Observation").len(), 1);
    let gone = cast(&mut world, [delete(4, second)]);
    assert_eq!(gone.len(), 2, "one transaction: {gone:?}");
    assert_eq!(
        world.all("Observation").len() + world.all("ImagingStudy").len(),
        0
    );
}

#[test]
fn those_of_somebody_else_stay_when_the_study_goes() {
    let mut world = World::default();
    cast(&mut world, [said(one(), 1, &[])]);
    world.put(
        r#"{"resourceType":"Observation","id":"o","meta":{"versionId":"1"},
        "identifier":[{"system":"urn:dicom:uid","value":"urn:oid:1.2"}],
        "code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]}}"#,
    );
    cast(&mut world, [delete(2, one())]);
    assert_eq!(world.all("Observation").len(), 1);
}

#[test]
fn what_others_added_stays_and_a_moved_study_takes_them_along() {
    let mut world = World::default();
    let weight = (WEIGHT, r#"{"Value":[70]}"#);
    cast(&mut world, [said(one(), 1, &[weight])]);
    let name = world
        .resources
        .keys()
        .find(|name| name.starts_with("Obs"))
        .unwrap()
        .clone();
    let json = world.resources[&name].replacen('{', r#"{"note":[{"text":"x","_y":1.0}],"#, 1);
    world.put(&json);
    let other = ("00100020", r#"{"Value":["P2"]}"#);
    cast(&mut world, [said(one(), 2, &[weight, other])]);
    assert!(world.resources[&name].contains(r#""note":[{"text":"x","_y":1.0}]"#));
    let observation = world.only("Observation");
    assert_eq!(
        observation["subject"],
        world.only("ImagingStudy")["subject"]
    );
}

#[test]
fn equal_studies_of_partitions_have_their_own() {
    let mut world = World::default();
    let of_partition = |name: &str| InstanceKey {
        partition: Some(name.into()),
        ..one()
    };
    for (key, at) in [(one(), 1), (of_partition("a"), 2), (of_partition("b"), 3)] {
        let json = format!(r#"{{"Value":[7{at}]}}"#);
        cast(&mut world, [said(key, at, &[(WEIGHT, &json)])]);
    }
    assert_eq!(world.all("Observation").len(), 3);
    cast(&mut world, [delete(4, of_partition("a"))]);
    let mut left: Vec<_> = world
        .all("Observation")
        .iter()
        .map(|it| it["valueQuantity"]["value"].to_string())
        .collect();
    left.sort();
    assert_eq!(left, ["71", "73"]);
}

#[test]
fn they_are_looked_for_only_when_they_are_wanted_and_may_matter() {
    let searches = |changes: Vec<Change>, rules: &Rules| {
        let delta = StudyDelta::fold(changes).unwrap();
        let searches = delta.observation_searches(&[], rules);
        searches
            .iter()
            .map(|query| query.encoded())
            .collect::<Vec<_>>()
    };
    let weight = said(one(), 1, &[(WEIGHT, r#"{"Value":[70]}"#)]);
    assert_eq!(
        searches(vec![weight], &wanted()),
        ["identifier=urn:dicom:uid%7Curn:oid:1.2&code=http://loinc.org%7C29463-7"]
    );
    assert_eq!(searches(vec![said(one(), 1, &[])], &wanted()), [""; 0]);
    assert_eq!(searches(vec![delete(1, one())], &rules()), [""; 0]);
    let both = "code=http://loinc.org%7C29463-7%2Chttp://loinc.org%7C8302-2";
    assert!(searches(vec![delete(1, one())], &wanted())[0].ends_with(both));
}

#[test]
fn without_the_setting_there_are_none() {
    let mut world = World::default();
    let key = one();
    let set = dataset(&key, &[(WEIGHT, r#"{"Value":["x"]}"#)]);
    let change = Change::read(1, key, Action::Create, Some(&set), &rules()).unwrap();
    assert_eq!(change.warnings(), []);
    world.cast([change]);
    assert_eq!(world.all("Observation").len(), 0);
}
