//! One SOP Instance UID in two series, studies or partitions.

use std::collections::BTreeMap;

use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Action, Change, Rules};
use serde_json::{Value, json};

use super::report::{elements, event, number, observations, stored};
use crate::cast_world::{World, items, key, kinds, rules, text};

fn both_kinds() -> Rules {
    Rules {
        body_observations: true,
        ..rules()
    }
}

/// Two instances of one UID, and the patients whose they are.
fn twins() -> [(&'static str, [InstanceKey; 2], [&'static str; 2]); 3] {
    let one = key("1.2", "1.3", "1.4");
    let in_partition = InstanceKey {
        partition: Some("a".into()),
        ..one.clone()
    };
    let in_series = key("1.2", "1.33", "1.4");
    let in_study = key("1.22", "1.3", "1.4");
    [
        ("series", [one.clone(), in_series], ["P1", "P1"]),
        ("study", [one.clone(), in_study], ["P1", "P2"]),
        ("partition", [one, in_partition], ["P1", "P2"]),
    ]
}

/// A report of a patient whose weight it says.
fn report(key: &InstanceKey, patient: &str) -> Change {
    let beside = [
        ("00100020", json!({ "vr": "LO", "Value": [patient] })),
        ("00101030", json!({ "vr": "DS", "Value": [70] })),
    ];
    let content = [
        number("113722", json!(1), "Gy.m2"),
        event("1.8", &[]),
        event("1.9", &[]),
    ];
    let elements = elements("113701", &content, &beside);
    stored(1, key.clone(), &elements, &both_kinds())
}

fn removal(key: &InstanceKey) -> Change {
    Change::read(2, key.clone(), Action::Delete, None, &both_kinds()).unwrap()
}

/// Applies changes of one or several studies: those of one study together or one by one.
fn apply(world: &mut World, changes: Vec<Change>, together: bool) -> Vec<String> {
    let mut pages: Vec<Vec<Change>> = Vec::new();
    for change in changes {
        let of_study = |page: &&mut Vec<Change>| page[0].study() == change.study();
        match pages.iter_mut().find(of_study).filter(|_| together) {
            Some(page) => page.push(change),
            None => pages.push(vec![change]),
        }
    }
    let merged = pages
        .into_iter()
        .map(|page| world.cast_by(&both_kinds(), page).unwrap());
    merged.flat_map(|merged| kinds(&merged)).collect()
}

/// Each Observation is part of one study, and of its patient.
fn check_belonging(world: &World) {
    let subject = |study: &Value| (text(&study["id"]).to_owned(), study["subject"].clone());
    let studies: BTreeMap<_, _> = world.all("ImagingStudy").iter().map(subject).collect();
    for observation in world.all("Observation") {
        let part_of: Vec<_> = items(&observation["partOf"]).collect();
        assert_eq!(part_of.len(), 1, "{observation}");
        let study = text(&part_of[0]["reference"]);
        let study = study.trim_start_matches("ImagingStudy/");
        assert_eq!(studies[study], observation["subject"], "{observation}");
    }
}

/// Numbers of summaries, events and weights.
fn count(world: &World) -> [usize; 3] {
    let (summaries, others) = observations(world);
    let is_event =
        |it: &&Value| items(&it["code"]["coding"]).any(|it| text(&it["code"]) == "113852");
    let events = others.iter().filter(is_event).count();
    [summaries.len(), events, others.len() - events]
}

#[test]
fn twins_are_told_apart_and_each_goes_with_its_own_instance() {
    for (twin, keys, patients) in twins() {
        let of_one_study = twin == "series";
        for (together, first) in [(false, 0), (false, 1), (true, 0), (true, 1)] {
            let case = format!("{twin}, together: {together}, {first} goes first");
            let reports = || vec![report(&keys[0], patients[0]), report(&keys[1], patients[1])];
            let mut world = World::default();
            apply(&mut world, reports(), together);
            let of_two = if of_one_study { [2, 2, 1] } else { [2, 4, 2] };
            assert_eq!(count(&world), of_two, "{case}");
            check_belonging(&world);
            for again in [false, true] {
                let written = apply(&mut world, reports(), again);
                assert_eq!(written, Vec::<String>::new(), "{case}");
            }
            apply(&mut world, vec![removal(&keys[first])], together);
            assert_eq!(count(&world), [1, 2, 1], "{case}");
            assert_eq!(world.all("ImagingStudy").len(), 1, "{case}");
            check_belonging(&world);
            // The one that stays is as if the other had never been.
            let mut alone = World::default();
            apply(
                &mut alone,
                vec![report(&keys[1 - first], patients[1 - first])],
                true,
            );
            assert_eq!(said(&world), said(&alone), "{case}");
            apply(&mut world, vec![removal(&keys[1 - first])], together);
            assert_eq!(count(&world), [0, 0, 0], "{case}");
            assert_eq!(world.all("ImagingStudy"), Vec::<Value>::new(), "{case}");
        }
    }
}

/// The Observations but for ids, versions, and what they refer to.
fn said(world: &World) -> Vec<String> {
    let all = world.all("Observation").into_iter();
    let all = all.map(|mut it| {
        for element in ["id", "meta", "subject", "partOf", "hasMember"] {
            it.as_object_mut().unwrap().remove(element);
        }
        it.to_string()
    });
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

#[test]
fn a_twin_that_comes_and_goes_in_one_page_leaves_the_other_alone() {
    for (twin, keys, patients) in twins() {
        for gone in [0, 1] {
            let mut world = World::default();
            let reports = vec![report(&keys[0], patients[0]), report(&keys[1], patients[1])];
            let mut page = reports;
            page.push(removal(&keys[gone]));
            apply(&mut world, page.clone(), true);
            assert_eq!(count(&world), [1, 2, 1], "{twin} {gone}");
            check_belonging(&world);
            let written = apply(&mut world, page, true);
            assert_eq!(written, Vec::<String>::new(), "{twin} {gone}");
        }
    }
}

#[test]
fn a_study_that_moves_takes_its_own_observations_along() {
    let (_, keys, patients) = twins()[1].clone();
    let mut world = World::default();
    apply(
        &mut world,
        vec![report(&keys[0], patients[0]), report(&keys[1], patients[1])],
        true,
    );
    apply(&mut world, vec![report(&keys[0], "P3")], true);
    check_belonging(&world);
    assert_eq!(count(&world), [2, 4, 2]);
}
