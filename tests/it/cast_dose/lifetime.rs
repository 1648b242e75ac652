//! From the first report to the last: replayed, changed, deleted, in partitions.

use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Action, Change, Rules};
use serde_json::{Value, json};

use super::report::{
    cast, components, elements, event, number, observations, only_event, place, sid, stored,
    summary, words, x_ray,
};
use crate::cast_world::{World, create, delete, items, key, kinds, rules, text};

fn dose(value: i32) -> Value {
    number("122130", json!(value), "Gy.m2")
}

fn total(value: i32) -> Value {
    number("113722", json!(value), "Gy.m2")
}

fn count(world: &World) -> (usize, usize) {
    let (summaries, events) = observations(world);
    (summaries.len(), events.len())
}

/// Adds members to a stored Observation, as somebody else would.
fn edit(world: &mut World, observation: &Value, change: impl FnOnce(&mut Value)) {
    let mut observation = observation.clone();
    change(&mut observation);
    world.put(&observation.to_string());
}

#[test]
fn a_replay_writes_nothing() {
    let content = [
        total(1),
        event("1.8", &[dose(1), words("125203", "x")]),
        event("1.9", &[dose(0)]),
    ];
    let mut world = cast(&content);
    let before = world.resources.clone();
    let merged = world.cast([x_ray(1, place(), &content)]);
    assert_eq!(kinds(&merged), Vec::<String>::new());
    assert_eq!(world.resources, before);
    assert_eq!(count(&world), (1, 2));
}

#[test]
fn a_changed_report_updates_and_removes_what_it_says_no_more() {
    let mut world = cast(&[total(1), event("1.8", &[dose(1)]), event("1.9", &[dose(2)])]);
    let kept = summary(&world);
    let merged = world.cast([x_ray(2, place(), &[total(5), event("1.8", &[dose(1)])])]);
    let mut said = kinds(&merged);
    said.retain(|kind| kind.contains("Observation"));
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(count(&world), (1, 1));
    let changed = summary(&world);
    assert_eq!(changed["id"], kept["id"]);
    assert_eq!(
        components(&changed, "113722")[0]["valueQuantity"]["value"],
        5
    );
    let event = format!("Observation/{}", text(&only_event(&world)["id"]));
    assert_eq!(changed["hasMember"], json!([{ "reference": event }]));
    // Back again, and one total less.
    world.cast([x_ray(3, place(), &[super::report::event("1.9", &[])])]);
    assert_eq!(components(&summary(&world), "113722").len(), 0);
    assert_eq!(count(&world), (1, 1));
}

#[test]
fn what_others_added_stays() {
    let content = [total(1), event("1.9", &[dose(1)])];
    let mut world = cast(&content);
    let stored_summary = summary(&world);
    edit(&mut world, &stored_summary, |it| {
        it["note"] = json!([{ "text": "checked" }]);
        it["_status"] = json!({ "id": "s" });
        it["identifier"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "value": "theirs" }));
        it["code"]["coding"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "code": "theirs" }));
        it["component"]
            .as_array_mut()
            .unwrap()
            .insert(0, json!({ "code": { "text": "theirs" } }));
        it["hasMember"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "reference": "Observation/theirs" }));
        it["bodySite"] = json!({ "text": "theirs" });
        it["device"]["reference"] = json!("Device/1");
    });
    let before = summary(&world);
    world.cast([x_ray(2, place(), &content)]);
    assert_eq!(summary(&world), before);
    world.cast([x_ray(3, place(), &[total(2), event("1.9", &[dose(1)])])]);
    let after = summary(&world);
    for element in [
        "note",
        "_status",
        "identifier",
        "code",
        "hasMember",
        "bodySite",
    ] {
        assert_eq!(after[element], before[element], "{element}");
    }
    assert_eq!(
        after["component"][0],
        json!({ "code": { "text": "theirs" } })
    );
    assert_eq!(components(&after, "113722").len(), 1);
}

#[test]
fn deleting_a_report_deletes_its_observations_alone() {
    let mut world = cast(&[event("1.8", &[])]);
    let other = key("1.2", "1.3", "1.5");
    world.cast([
        x_ray(2, other.clone(), &[event("1.8", &[])]),
        create(3, key("1.2", "1.6", "1.7"), &[]),
    ]);
    world.put(
        r#"{"resourceType":"Observation","id":"theirs","meta":{"versionId":"1"},"status":"final",
        "code":{"text":"reading"},"identifier":[{"system":"urn:dicom:uid","value":"urn:oid:1.4"}]}"#,
    );
    world.put(
        r#"{"resourceType":"Observation","id":"registry","meta":{"versionId":"1"},"status":"final",
        "code":{"coding":[{"system":"http://loinc.org","code":"73569-6"}]},
        "identifier":[{"system":"urn:dicom:uid","value":"urn:oid:1.2"}]}"#,
    );
    // Another system's event of the same report.
    world.put(
        r#"{"resourceType":"Observation","id":"event","meta":{"versionId":"1"},"status":"final",
        "code":{"coding":[{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"113852"}]},
        "identifier":[{"system":"urn:dicom:uid","value":"urn:oid:1.4"},
        {"system":"urn:dicom:uid","value":"urn:oid:1.99"}]}"#,
    );
    assert_eq!(world.all("Observation").len(), 6);
    world.cast([delete(4, key("1.2", "1.6", "1.7"))]);
    assert_eq!(world.all("Observation").len(), 6);
    let merged = world.cast([delete(5, place())]);
    assert_eq!(world.all("Observation").len(), 5);
    assert!(world.resources.contains_key("Observation/theirs"));
    assert!(merged.writes.len() >= 3);
    world.cast([delete(6, other)]);
    let mut left: Vec<_> = world
        .all("Observation")
        .iter()
        .map(|it| text(&it["id"]).to_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["event", "registry", "theirs"]);
    assert_eq!(world.all("ImagingStudy").len(), 0);
}

#[test]
fn a_report_that_was_deleted_and_stored_again_is_the_new_one() {
    let mut world = cast(&[event("1.8", &[]), event("1.9", &[])]);
    world.cast([
        delete(2, place()),
        x_ray(3, place(), &[event("1.9", &[dose(3)])]),
    ]);
    assert_eq!(count(&world), (1, 1));
    assert_eq!(components(&only_event(&world), "122130").len(), 1);
    // And as something else.
    let other = elements("126000", &[words("1", "x")], &[]);
    world.cast([stored(4, place(), &other, &rules())]);
    assert_eq!(count(&world), (0, 0));
}

#[test]
fn the_last_of_several_statements_counts() {
    let mut world = World::default();
    world.cast([
        x_ray(1, place(), &[event("1.8", &[])]),
        x_ray(2, place(), &[event("1.9", &[])]),
    ]);
    assert_eq!(only_event(&world)["identifier"][0]["value"], "urn:oid:1.9");
    world.cast([x_ray(3, place(), &[event("1.8", &[])]), delete(4, place())]);
    assert_eq!(count(&world), (0, 0));
}

#[test]
fn a_new_patient_is_the_subject() {
    let mut world = cast(&[event("1.9", &[])]);
    let moved = [("00100020", json!({ "vr": "LO", "Value": ["P2"] }))];
    let moved = elements("113701", &[event("1.9", &[])], &moved);
    world.cast([stored(2, place(), &moved, &rules())]);
    let patient = world.only("ImagingStudy")["subject"]["reference"].clone();
    for observation in world.all("Observation") {
        assert_eq!(observation["subject"]["reference"], patient);
    }
    // An older entry of another patient that comes late leaves the study and its reports alone.
    world.cast([x_ray(1, place(), &[total(1), event("1.9", &[])]).into_late()]);
    for observation in world.all("Observation") {
        assert_eq!(observation["subject"]["reference"], patient);
    }
    assert_eq!(components(&summary(&world), "113722").len(), 0);
}

fn in_partition(partition: &str) -> InstanceKey {
    InstanceKey {
        partition: Some(partition.into()),
        ..place()
    }
}

#[test]
fn equal_uids_in_several_partitions_are_several_reports() {
    for order in [[None, Some("a"), Some("b")], [Some("a"), Some("b"), None]] {
        let mut world = World::default();
        let keys = order.map(|partition| partition.map_or_else(place, in_partition));
        for round in 0..2 {
            for (at, key) in keys.iter().enumerate() {
                let merged = world.cast([x_ray(
                    1,
                    key.clone(),
                    &[total(at as i32), event("1.9", &[])],
                )]);
                assert!(
                    round == 0 || merged.writes.is_empty(),
                    "{order:?} {:?}",
                    kinds(&merged)
                );
            }
        }
        assert_eq!(count(&world), (3, 3), "{order:?}");
        for (left, key) in [(2, &keys[1]), (1, &keys[2]), (0, &keys[0])] {
            world.cast([delete(2, key.clone())]);
            assert_eq!(count(&world), (left, left), "{order:?}");
        }
    }
}

#[test]
fn the_observations_of_a_partition_name_it() {
    let mut world = World::default();
    world.cast([x_ray(1, in_partition("a"), &[event("1.9", &[])])]);
    let systems = |it: &Value| -> Vec<String> {
        items(&it["identifier"])
            .map(|it| text(&it["system"]).to_owned())
            .collect()
    };
    let scope = "https://dicom.example/v2/partitions/a/instances".to_owned();
    let sid = |kind: &str| format!("{}/a", sid(kind));
    let uid = || "urn:dicom:uid".to_owned();
    assert_eq!(
        systems(&summary(&world)),
        [uid(), scope.clone(), sid("dose-summary")]
    );
    assert_eq!(
        systems(&only_event(&world)),
        [
            uid(),
            sid("irradiation-event"),
            uid(),
            scope,
            sid("dose-report")
        ]
    );
    let mut odd = World::default();
    odd.cast([x_ray(1, in_partition("a b/ä"), &[event("1.9", &[])])]);
    let system = format!("{}/a%20b%2F%C3%A4", super::report::sid("dose-summary"));
    assert!(systems(&summary(&odd)).contains(&system));
}

#[test]
fn with_observations_off_nothing_is_written_nor_deleted() {
    let off = Rules {
        dose_observations: false,
        ..rules()
    };
    let mut world = cast(&[event("1.9", &[])]);
    let again = elements("113701", &[total(1)], &[]);
    let again = stored(2, place(), &again, &off);
    world.cast_by(&off, [again]).unwrap();
    let gone = Change::read(3, place(), Action::Delete, None, &off).unwrap();
    world.cast_by(&off, [gone]).unwrap();
    assert_eq!(count(&world), (1, 1));
}
