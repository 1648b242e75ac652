//! An instance that says less than another takes nothing away.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast_fhir::cast::Change;
use serde_json::{Value, json};

use crate::cast_world::{World, create, key, kinds, text};

const DATE: (&str, &str) = ("00080020", r#"{"vr":"DA","Value":["20240601"]}"#);
const TIME: (&str, &str) = ("00080030", r#"{"vr":"TM","Value":["101500"]}"#);
const OFFSET: (&str, &str) = ("00080201", r#"{"vr":"SH","Value":["+0200"]}"#);
const WHOLE: &str = "2024-06-01T10:15:00+02:00";

fn image(sequence: u64, instance: &str, elements: &[(&str, &str)]) -> Change {
    create(sequence, key("1.2", "1.3", instance), elements)
}

fn started(world: &World) -> Value {
    world.only("ImagingStudy")["started"].clone()
}

#[test]
fn a_report_without_time_or_offset_does_not_take_the_time_of_the_study() {
    let coarser: [&[(&str, &str)]; 3] = [&[DATE], &[DATE, TIME], &[DATE, OFFSET]];
    for coarser in coarser {
        let whole = || image(1, "1", &[DATE, TIME, OFFSET]);
        let less = || image(2, "2", coarser);
        let mut world = World::default();
        world.cast([whole()]);
        let merged = world.cast([less()]);
        assert_eq!(started(&world), WHOLE);
        assert_eq!(merged.disagreements, []);
        assert_eq!(kinds(&world.cast([whole()])), [""; 0]);
        assert_eq!(kinds(&world.cast([less()])), [""; 0]);
        for both in [[whole(), less()], [less(), whole()]] {
            let mut world = World::default();
            let merged = world.cast(both);
            assert_eq!(started(&world), WHOLE);
            assert_eq!(merged.disagreements, []);
        }
    }
}

#[test]
fn another_day_counts_however_precise_it_is() {
    let mut world = World::default();
    world.cast([image(1, "1", &[DATE, TIME, OFFSET])]);
    let day = ("00080020", r#"{"vr":"DA","Value":["20240602"]}"#);
    let merged = world.cast([image(2, "1", &[DATE, TIME, OFFSET]), image(3, "2", &[day])]);
    assert_eq!(started(&world), "2024-06-02");
    assert_eq!(merged.disagreements.len(), 1);
}

#[test]
fn a_year_of_birth_does_not_take_the_day() {
    let born = |value: &str| format!(r#"{{"vr":"DA","Value":["{value}"]}}"#);
    let (day, year, other) = (born("19660607"), born("1966"), born("1967"));
    let mut world = World::default();
    let date = |world: &World| text(&world.only("Patient")["birthDate"]).to_owned();
    world.cast([image(1, "1", &[("00100030", &day)])]);
    world.cast([image(2, "2", &[("00100030", &year)])]);
    assert_eq!(date(&world), "1966-06-07");
    world.cast([image(3, "2", &[("00100030", &other)])]);
    assert_eq!(date(&world), "1967");
    world.cast([image(4, "1", &[("00100030", &day)])]);
    assert_eq!(date(&world), "1966-06-07");
}

#[test]
fn no_two_elements_of_a_resource_have_the_same_id() {
    let all = [
        ("00080050", r#"{"Value":["A1"]}"#),
        (
            "00080051",
            r#"{"Value":[{"00400032":{"Value":["1.2.3"]},"00400033":{"Value":["ISO"]}}]}"#,
        ),
        ("00402016", r#"{"Value":["P1"]}"#),
        ("00402017", r#"{"Value":["F1"]}"#),
        (
            "00400275",
            r#"{"Value":[{"00080050":{"Value":["A2"]}},{"00080050":{"Value":["A3"]}}]}"#,
        ),
        ("00200010", r#"{"Value":["S1"]}"#),
        ("00081050", r#"{"Value":["Doctor^Dora"]}"#),
        ("00081070", r#"{"Value":["Oper^Otto","Oper^Olga"]}"#),
        ("00080070", r#"{"Value":["ACME"]}"#),
        ("00101001", r#"{"Value":["Old^One","Old^Two"]}"#),
        ("00101005", r#"{"Value":["Maiden"]}"#),
        ("00102154", r#"{"Value":["1","2"]}"#),
        ("00102155", r#"{"Value":["3~4"]}"#),
    ];
    let mut world = World::default();
    world.cast([image(1, "1", &all), create(2, key("1.2", "1.4", "2"), &all)]);
    for resource_type in ["ImagingStudy", "Patient"] {
        let mut ids = Vec::new();
        collect(&world.only(resource_type), &mut ids);
        let mut unique = ids.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(ids.len(), unique.len(), "{ids:?}");
        assert!(ids.len() > 5, "{ids:?}");
    }
}

fn collect(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, ids)),
        Value::Object(members) => {
            ids.extend(members.get("id").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect(member, ids));
        }
        _ => {}
    }
}

#[test]
fn what_others_added_to_a_single_reference_stays() {
    let mut world = World::default();
    world.cast([image(1, "1", &[])]);
    let mut study = world.only("ImagingStudy");
    study["referrer"] = json!({
        "display": "B", "_display": { "extension": [{ "url": "a", "valueCode": "b" }] },
        "extension": [{ "url": "x", "valueDecimal": 1 }], "unknown": [1],
    });
    world.put(&study.to_string());
    world.cast([image(
        2,
        "1",
        &[("00080090", r#"{"Value":["Doctor^Dora"]}"#)],
    )]);
    let referrer = &world.only("ImagingStudy")["referrer"];
    let expected = json!({
        "id": "ReferringPhysicianName", "type": "Practitioner", "display": "Dora Doctor",
        "extension": [{ "url": "x", "valueDecimal": 1 }], "unknown": [1],
    });
    assert_eq!(*referrer, expected);
}
