//! Observations that earlier versions wrote: identified by the SOP Instance UID alone, part of the
//! study, an event for each report that stated it.

use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::Change;
use serde_json::{Value, json};

use super::report::{
    elements, event, number, observations, only_event, place, stored, summary, x_ray,
};
use crate::cast_world::{World, create, delete, items, key, kinds, rules, text};

fn is_exact(identifier: &Value) -> bool {
    text(&identifier["system"]).starts_with("https://radcast.invalid/")
}

/// Gives each Observation the identifiers that earlier versions wrote.
fn make_earlier(world: &mut World) {
    for mut observation in world.all("Observation") {
        let uid =
            |value: &str| json!({ "system": "urn:dicom:uid", "value": format!("urn:oid:{value}") });
        let of = |kind: &str| {
            let mut all = items(&observation["identifier"]);
            let value = all.find(|it| text(&it["system"]).contains(kind))?;
            text(&value["value"]).split('/').next_back().map(uid)
        };
        let report = of("/dose-summary").or_else(|| of("/dose-report"));
        let scope = items(&observation["identifier"])
            .find(|it| text(&it["system"]).ends_with("/instances"))
            .cloned();
        let all = [report, of("/irradiation-event"), scope];
        observation["identifier"] = all.into_iter().flatten().collect();
        world.put(&observation.to_string());
    }
}

fn all_are_exact(world: &World) -> bool {
    let all = world.all("Observation");
    all.iter().all(|it| items(&it["identifier"]).any(is_exact))
}

fn ids(world: &World) -> Vec<String> {
    let all = world.all("Observation").into_iter();
    all.map(|it| text(&it["id"]).to_owned()).collect()
}

fn report(key: InstanceKey, patient: &str) -> Change {
    let patient = [("00100020", json!({ "vr": "LO", "Value": [patient] }))];
    let content = [
        number("113722", json!(1), "Gy.m2"),
        event("1.8", &[]),
        event("1.9", &[]),
    ];
    stored(1, key, &elements("113701", &content, &patient), &rules())
}

fn in_partition() -> InstanceKey {
    InstanceKey {
        partition: Some("a".into()),
        ..place()
    }
}

#[test]
fn they_are_found_and_healed() {
    for key in [place(), in_partition()] {
        let mut world = World::default();
        world.cast([report(key.clone(), "P1")]);
        make_earlier(&mut world);
        assert!(!all_are_exact(&world));
        let before = ids(&world);
        world.cast([report(key.clone(), "P1")]);
        assert_eq!(ids(&world), before);
        assert!(all_are_exact(&world));
        let again = world.cast([report(key.clone(), "P1")]);
        assert_eq!(kinds(&again), [""; 0]);
        world.cast([delete(2, key)]);
        assert_eq!(ids(&world), [""; 0]);
    }
}

#[test]
fn they_go_with_their_report() {
    for key in [place(), in_partition()] {
        let mut world = World::default();
        world.cast([report(key.clone(), "P1")]);
        make_earlier(&mut world);
        world.cast([delete(2, key)]);
        assert_eq!(ids(&world), [""; 0]);
    }
}

#[test]
fn those_of_another_study_or_partition_are_left_alone() {
    for twin in [key("1.22", "1.3", "1.4"), in_partition()] {
        let mut world = World::default();
        world.cast([report(place(), "P1")]);
        make_earlier(&mut world);
        let before = world.resources.clone();
        world.cast([report(twin.clone(), "P2")]);
        assert_eq!(ids(&world).len(), 6);
        world.cast([delete(2, twin)]);
        let mut after = world.resources.clone();
        after.retain(|name, _| before.contains_key(name));
        assert_eq!(after, before);
        assert_eq!(ids(&world).len(), 3);
    }
}

/// Two studies of two patients of which the Observations were moved from the first to the second.
fn moved() -> (World, [InstanceKey; 2]) {
    let keys = [place(), key("1.22", "1.3", "1.4")];
    let mut world = World::default();
    world.cast([report(keys[0].clone(), "P1")]);
    let image = |key: &InstanceKey| {
        create(
            1,
            InstanceKey {
                instance: "1.5".into(),
                ..key.clone()
            },
            &[],
        )
    };
    world.cast([image(&keys[0])]);
    let of_first = world.only("ImagingStudy")["id"].clone();
    world.cast([report(keys[1].clone(), "P2")]);
    let others = world.all("Observation").into_iter().filter(|it| {
        let part_of = text(&it["partOf"][0]["reference"]);
        part_of.ends_with(text(&of_first))
    });
    for gone in others.collect::<Vec<_>>() {
        let name = format!("Observation/{}", text(&gone["id"]));
        world.resources.remove(&name);
    }
    make_earlier(&mut world);
    for mut observation in world.all("Observation") {
        let first = json!({ "reference": format!("ImagingStudy/{}", text(&of_first)) });
        observation["partOf"]
            .as_array_mut()
            .unwrap()
            .insert(0, first);
        world.put(&observation.to_string());
    }
    (world, keys)
}

/// The subjects of the Observations, each of which is part of one study.
fn subjects(world: &World) -> Vec<Value> {
    let subject = |it: Value| {
        assert_eq!(it["partOf"].as_array().unwrap().len(), 1, "{it}");
        it["subject"].clone()
    };
    let mut all: Vec<_> = world.all("Observation").into_iter().map(subject).collect();
    all.sort_by_key(ToString::to_string);
    all.dedup();
    all
}

#[test]
fn what_was_moved_to_another_study_is_set_right_by_either_report() {
    for order in [[0, 1], [1, 0]] {
        let (mut world, keys) = moved();
        assert_eq!(ids(&world).len(), 3);
        for at in order {
            world.cast([report(keys[at].clone(), ["P1", "P2"][at])]);
        }
        assert_eq!(ids(&world).len(), 6, "{order:?}");
        assert_eq!(subjects(&world).len(), 2, "{order:?}");
        for at in order {
            let again = world.cast([report(keys[at].clone(), ["P1", "P2"][at])]);
            assert_eq!(kinds(&again), [""; 0], "{order:?}");
        }
    }
}

#[test]
fn what_was_moved_to_another_study_stays_there_when_the_first_one_goes() {
    let (mut world, keys) = moved();
    world.cast([delete(2, keys[0].clone())]);
    assert_eq!(ids(&world).len(), 3);
    assert_eq!(subjects(&world).len(), 1);
    world.cast([delete(3, keys[1].clone())]);
    assert_eq!(ids(&world), [""; 0]);
}

#[test]
fn those_of_two_series_stay_until_both_are_gone() {
    let keys = [place(), key("1.2", "1.33", "1.4")];
    for unlisted in [false, true] {
        let rules = radcast_fhir::cast::Rules {
            list_instances_up_to: if unlisted { 0 } else { 5_000 },
            ..rules()
        };
        for first in [0, 1] {
            let mut world = World::default();
            world
                .cast_by(&rules, [report(keys[0].clone(), "P1")])
                .unwrap();
            make_earlier(&mut world);
            let observations: Vec<_> = world.all("Observation");
            let both = keys.clone().map(|key| report(key, "P1"));
            world.cast_by(&rules, both).unwrap();
            world
                .resources
                .retain(|name, _| !name.starts_with("Observation/"));
            for observation in &observations {
                world.put(&observation.to_string());
            }
            let gone = |at: usize| [delete(2, keys[at].clone())];
            world.cast_by(&rules, gone(first)).unwrap();
            assert_eq!(ids(&world).len(), 3, "{unlisted} {first}");
            assert!(all_are_exact(&world));
            let again = [report(keys[1 - first].clone(), "P1")];
            let again = world.cast_by(&rules, again).unwrap();
            assert_eq!(kinds(&again), [""; 0], "{unlisted} {first}");
            world.cast_by(&rules, gone(1 - first)).unwrap();
            assert_eq!(ids(&world), [""; 0], "{unlisted} {first}");
        }
    }
}

/// Two cumulative reports as earlier versions wrote them: the event that both state is there twice.
fn duplicated() -> (World, [Change; 2]) {
    let dose = |value: i32| number("122130", json!(value), "Gy.m2");
    let reports = [
        x_ray(1, key("1.2", "1.3", "1.4.1"), &[event("1.8", &[dose(1)])]),
        x_ray(
            2,
            key("1.2", "1.3", "1.4.2"),
            &[event("1.8", &[dose(2)]), event("1.9", &[dose(2)])],
        ),
    ];
    let mut both = World::default();
    for report in &reports {
        let mut world = World::default();
        world.cast([report.clone()]);
        make_earlier(&mut world);
        let mine = report.key().instance.replace('.', "-");
        for json in world.resources.values() {
            let mut json = json.clone();
            for observation in world.all("Observation") {
                let id = text(&observation["id"]);
                json = json.replace(id, &format!("{}{mine}", &id[..8]));
            }
            both.put(&json);
        }
    }
    both.cast([create(
        1,
        key("1.2", "1.3", "1.4.1"),
        &[("00080016", CLASS)],
    )]);
    (both, reports)
}

const CLASS: &str = r#"{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.88.67"]}"#;

/// Each event is there once, and the summaries refer to what is there.
fn check(world: &World, summaries: usize, events: usize) {
    let all = observations(world);
    assert_eq!((all.0.len(), all.1.len()), (summaries, events));
    for summary in &all.0 {
        for member in items(&summary["hasMember"]) {
            let name = text(&member["reference"]);
            assert!(world.resources.contains_key(name), "{name}");
        }
    }
}

#[test]
fn an_event_that_is_there_once_for_each_report_becomes_one() {
    for order in [vec![0, 1], vec![1, 0]] {
        let (mut world, reports) = duplicated_reports();
        for at in &order {
            world.cast([reports[*at].clone()]);
        }
        check(&world, 2, 2);
        assert!(all_are_exact(&world));
        for report in &reports {
            assert_eq!(kinds(&world.cast([report.clone()])), [""; 0], "{order:?}");
        }
    }
    let (mut world, reports) = duplicated_reports();
    world.cast(reports.clone());
    check(&world, 2, 2);
    let shared = super::report::components;
    for event in observations(&world).1 {
        assert_eq!(shared(&event, "122130")[0]["valueQuantity"]["value"], 2);
    }
    assert_eq!(kinds(&world.cast(reports)), [""; 0]);
}

#[test]
fn a_third_report_makes_no_third_one_and_takes_away_nothing_that_is_referred_to() {
    let (mut world, _) = duplicated_reports();
    let third = x_ray(3, key("1.2", "1.3", "1.4.3"), &[event("1.8", &[])]);
    world.cast([third.clone()]);
    check(&world, 3, 3);
    assert_eq!(kinds(&world.cast([third])), [""; 0]);
    world.cast([delete(4, key("1.2", "1.3", "1.4.3"))]);
    check(&world, 2, 3);
    world.cast([delete(5, key("1.2", "1.3", "1.4.1"))]);
    world.cast([delete(6, key("1.2", "1.3", "1.4.2"))]);
    check(&world, 0, 0);
}

fn duplicated_reports() -> (World, [Change; 2]) {
    let (world, reports) = duplicated();
    check(&world, 2, 3);
    (world, reports)
}

#[test]
fn somebody_elses_of_the_same_patient_is_brought_in_step_and_another_patients_is_not() {
    let mut world = World::default();
    world.cast([x_ray(1, place(), &[event("1.9", &[])])]);
    let own = summary(&world);
    let patient = text(&own["subject"]["reference"]).to_owned();
    for (subject, expected) in [(patient.as_str(), 1), ("Patient/other", 2)] {
        let mut theirs = own.clone();
        theirs["id"] = json!("theirs");
        theirs["identifier"] = json!([{ "system": "urn:dicom:uid", "value": "urn:oid:1.4" }]);
        theirs["subject"] = json!({ "reference": subject });
        theirs.as_object_mut().unwrap().remove("partOf");
        let mut world = world.clone();
        let name = format!("Observation/{}", text(&own["id"]));
        world.resources.remove(&name);
        world.put(&theirs.to_string());
        let before = world.resources["Observation/theirs"].clone();
        world.cast([x_ray(1, place(), &[event("1.9", &[])])]);
        assert_eq!(observations(&world).0.len(), expected, "{subject}");
        let is_kept = world.resources["Observation/theirs"] == before;
        assert_eq!(is_kept, expected == 2);
        only_event(&world);
    }
}
