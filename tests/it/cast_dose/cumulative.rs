//! Irradiation events that several reports of a study state.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use radcast_fhir::cast::Change;
use serde_json::{Value, json};

use super::report::{components, event, number, observations, x_ray};
use crate::cast_world::{World, delete, items, key, kinds, text};

/// The key of the report of this number: those of even numbers share a series.
fn report(at: usize) -> radcast_engine::feed::InstanceKey {
    key("1.2", &format!("1.3.{}", at % 2), &format!("1.4.{at}"))
}

fn event_uid(at: usize) -> String {
    format!("1.9.{at}")
}

/// A report of these events, each with a value.
fn states(at: usize, events: impl IntoIterator<Item = usize>, value: i32) -> Change {
    let content: Vec<_> = events
        .into_iter()
        .map(|at| event(&event_uid(at), &[number("122130", json!(value), "Gy.m2")]))
        .collect();
    let total = number("113722", json!(value), "Gy.m2");
    let content: Vec<_> = content.into_iter().chain([total]).collect();
    x_ray(1, report(at), &content)
}

/// The value of each event, by its UID; every event is there once.
fn values(world: &World) -> BTreeMap<String, i64> {
    let mut values = BTreeMap::new();
    for event in observations(world).1 {
        let uid = text(&event["identifier"][0]["value"]).to_owned();
        let value = &components(&event, "122130")[0]["valueQuantity"]["value"];
        let known = values.insert(uid.trim_start_matches("urn:oid:").into(), value.as_i64());
        assert_eq!(known, None, "{event}");
    }
    let value = |(uid, value): (String, Option<i64>)| (uid, value.unwrap());
    values.into_iter().map(value).collect()
}

/// The events of each report, by `hasMember` of its summary.
fn members(world: &World) -> BTreeMap<String, BTreeSet<String>> {
    let events = observations(world).1;
    let uid = |reference: &str| {
        let id = reference.trim_start_matches("Observation/");
        let event = events.iter().find(|it| text(&it["id"]) == id);
        let event = event.unwrap_or_else(|| panic!("{reference} is not there"));
        text(&event["identifier"][0]["value"]).to_owned()
    };
    let of_summary = |summary: Value| {
        let members = items(&summary["hasMember"]).map(|it| uid(text(&it["reference"])));
        let members: Vec<_> = members.collect();
        let distinct: BTreeSet<_> = members.iter().cloned().collect();
        assert_eq!(distinct.len(), members.len(), "{summary}");
        let report = text(&summary["identifier"][0]["value"]).to_owned();
        (report, distinct)
    };
    observations(world).0.into_iter().map(of_summary).collect()
}

fn expected(said: &[(&str, i64)]) -> BTreeMap<String, i64> {
    let said = said.iter();
    said.map(|(uid, value)| ((*uid).to_owned(), *value))
        .collect()
}

/// Three reports, each of one event more.
fn grown() -> Vec<Change> {
    (0..3).map(|at| states(at, 0..=at, at as i32 + 1)).collect()
}

#[test]
fn an_event_of_several_reports_is_one_and_the_later_report_wins() {
    for together in [false, true] {
        let mut world = World::default();
        let cast = |world: &mut World, changes: Vec<Change>| -> Vec<String> {
            if together {
                return kinds(&world.cast(changes));
            }
            let all = changes.into_iter().map(|change| world.cast([change]));
            all.flat_map(|merged| kinds(&merged)).collect()
        };
        cast(&mut world, grown());
        let all = expected(&[("1.9.0", 3), ("1.9.1", 3), ("1.9.2", 3)]);
        assert_eq!(values(&world), all, "{together}");
        let sizes: Vec<_> = members(&world).values().map(BTreeSet::len).collect();
        assert_eq!(sizes, [1, 2, 3], "{together}");
        assert_eq!(
            cast(&mut world, grown()),
            Vec::<String>::new(),
            "{together}"
        );
        // Nor does an earlier one alone that comes again.
        assert_eq!(kinds(&world.cast([states(0, 0..=0, 1)])), [""; 0]);
        let late = states(1, 0..=1, 9).into_late();
        world.cast([late]);
        assert_eq!(values(&world), all, "{together}");
    }
}

#[test]
fn a_report_that_comes_late_states_what_nobody_stated() {
    let mut world = World::default();
    world.cast([states(1, [0], 2)]);
    world.cast([states(0, [0, 1], 1).into_late()]);
    assert_eq!(values(&world), expected(&[("1.9.0", 2), ("1.9.1", 1)]));
    world.cast([delete(3, report(1))]);
    assert_eq!(values(&world).len(), 2);
    world.cast([states(0, [0, 1], 1)]);
    assert_eq!(values(&world), expected(&[("1.9.0", 1), ("1.9.1", 1)]));
}

#[test]
fn an_event_goes_with_the_last_report_that_states_it() {
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let mut world = World::default();
        world.cast(grown());
        let mut left = BTreeSet::from([0, 1, 2]);
        for gone in order {
            left.remove(&gone);
            world.cast([delete(4, report(gone))]);
            let events = left.last().map_or(0, |last| last + 1);
            assert_eq!(values(&world).len(), events, "{order:?} {gone}");
            assert_eq!(members(&world).len(), left.len(), "{order:?} {gone}");
        }
        assert_eq!(world.all("ImagingStudy").len(), 0);
    }
}

#[test]
fn a_report_that_is_stored_anew_is_the_last_one() {
    for together in [false, true] {
        let mut world = World::default();
        world.cast(grown());
        let page = [delete(4, report(0)), states(0, [0], 7)];
        let pages = page.chunks(if together { 2 } else { 1 });
        pages.for_each(|page| drop(world.cast(page.to_vec())));
        assert_eq!(values(&world)["1.9.0"], 7, "{together}");
        assert_eq!(kinds(&world.cast(page)), [""; 0], "{together}");
        world.cast([states(2, 0..=2, 3)]);
        assert_eq!(values(&world)["1.9.0"], 7, "{together}");
    }
}

#[test]
fn what_others_added_to_a_shared_event_stays() {
    let mut world = World::default();
    world.cast(grown());
    let is_first = |it: &Value| text(&it["identifier"][0]["value"]) == "urn:oid:1.9.0";
    let mut first = observations(&world).1.into_iter().find(is_first).unwrap();
    let theirs = json!({ "value": "theirs", "extension": [{ "url": "x", "valueDecimal": 1.5 }] });
    first["identifier"]
        .as_array_mut()
        .unwrap()
        .insert(3, theirs.clone());
    first["note"] = json!([{ "text": "checked" }]);
    world.put(&first.to_string());
    world.cast([delete(4, report(0))]);
    world.cast([delete(4, report(2)), states(0, [0], 4)]);
    let first = observations(&world).1.into_iter().find(is_first).unwrap();
    assert!(
        items(&first["identifier"]).any(|it| *it == theirs),
        "{first}"
    );
    assert_eq!(first["note"], json!([{ "text": "checked" }]));
}

/// What an entry does to the report of a number.
#[derive(Debug, Clone)]
enum Deed {
    State(usize, BTreeSet<usize>),
    Delete(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    let events = prop::collection::btree_set(0..4_usize, 0..4);
    prop_oneof![
        3 => (0..3_usize, events).prop_map(|(at, events)| Deed::State(at, events)),
        1 => (0..3_usize).prop_map(Deed::Delete),
    ]
}

fn change((at, deed): (usize, &Deed)) -> Change {
    match deed {
        Deed::State(report, events) => states(*report, events.iter().copied(), at as i32),
        Deed::Delete(gone) => delete(at as u64, report(*gone)),
    }
}

/// The reports that are there after some deeds, with their events.
fn present(deeds: &[Deed]) -> BTreeMap<String, BTreeSet<String>> {
    let mut present = BTreeMap::new();
    for deed in deeds {
        let uid = |at: &usize| format!("urn:oid:1.4.{at}");
        match deed {
            Deed::State(at, events) => {
                let events = events
                    .iter()
                    .map(|at| format!("urn:oid:{}", event_uid(*at)));
                present.insert(uid(at), events.collect());
            }
            Deed::Delete(at) => drop(present.remove(&uid(at))),
        }
    }
    present
}

/// The reports that each event names, in order.
fn stating(world: &World) -> BTreeMap<String, Vec<String>> {
    let of_event = |event: Value| {
        let all = items(&event["identifier"]);
        let reports = all.filter(|it| text(&it["system"]).ends_with("/dose-report"));
        let reports = reports.map(|it| text(&it["value"]).to_owned());
        let uid = text(&event["identifier"][0]["value"]).to_owned();
        (uid, reports.collect())
    };
    observations(world).1.into_iter().map(of_event).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_history_leaves_each_event_of_the_reports_that_are_there_once(
        deeds in prop::collection::vec(deed(), 1..12),
        cuts in prop::collection::btree_set(0..12_usize, 0..4),
    ) {
        let (mut single, mut paged) = (World::default(), World::default());
        let changes: Vec<_> = deeds.iter().enumerate().map(change).collect();
        let mut page = Vec::new();
        for (at, change) in changes.into_iter().enumerate() {
            single.cast([change.clone()]);
            page.push(change);
            if cuts.contains(&at) || at + 1 == deeds.len() {
                paged.cast(std::mem::take(&mut page));
            }
        }
        let present = present(&deeds);
        for world in [&single, &paged] {
            prop_assert_eq!(&members(world), &present);
            let events: BTreeSet<_> = present.values().flatten().cloned().collect();
            let stored: BTreeSet<_> = stating(world).into_keys().collect();
            prop_assert_eq!(stored, events);
        }
        prop_assert_eq!(stating(&single), stating(&paged));
    }
}
