//! The writes of a merge in several transactions, in their order.

use std::collections::BTreeMap;

use radcast_fhir::cast::{Change, Merged, StudyDelta, Write, merge};
use serde_json::json;

use super::report::{event, number, observations, place, x_ray};
use crate::cast_world::{World, create, delete, key, rules};

/// Applies what a delta writes, so many writes at a time.
fn cast_in_parts(world: &mut World, changes: Vec<Change>, most: usize) -> Merged {
    let delta = StudyDelta::fold(changes).unwrap();
    let merged = merge(&delta, &world.found_for(&delta, &rules()), &rules()).unwrap();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for part in merged.writes.chunks(most) {
        let known = names.iter();
        let known: Vec<_> = known.map(|(url, name)| (&**url, &**name)).collect();
        let part = part.iter().cloned();
        let part: Vec<_> = part.map(|write| write.renamed(&known).unwrap()).collect();
        world.apply(&part);
        for write in &part {
            if let Write::Create { full_url, .. } = write {
                let id = full_url.trim_start_matches("urn:uuid:");
                let name = format!("{}/{id}", write.resource_type());
                names.insert(full_url.clone(), name);
            }
        }
        check_references(world, most);
    }
    merged
}

/// Nothing refers to what is not there, nor to what a transaction was to create.
fn check_references(world: &World, most: usize) {
    for (name, json) in &world.resources {
        for reference in json.split(r#""reference":""#).skip(1) {
            let to = reference.split('"').next().unwrap();
            assert!(world.resources.contains_key(to), "{most}: {name} to {to}");
        }
    }
}

fn report(at: usize, events: usize) -> Change {
    let dose = |value: usize| number("122130", json!(value), "Gy.m2");
    let events: Vec<_> = (0..events)
        .map(|event_at| event(&format!("1.9.{event_at}"), &[dose(event_at)]))
        .collect();
    x_ray(1, key("1.2", "1.3", &format!("1.4.{at}")), &events)
}

#[test]
fn parts_of_any_size_bring_about_what_one_transaction_does() {
    let pages: [fn() -> Vec<Change>; 6] = [
        || vec![report(0, 20)],
        || vec![report(1, 30), create(2, key("1.2", "1.6", "1.7"), &[])],
        || vec![report(1, 25)],
        || vec![delete(3, key("1.2", "1.3", "1.4.1"))],
        || vec![delete(3, key("1.2", "1.3", "1.4.0"))],
        || vec![delete(4, key("1.2", "1.6", "1.7"))],
    ];
    for most in [1, 2, 3, 7, 8, 50, 1_000] {
        let (mut whole, mut parted) = (World::default(), World::default());
        for page in pages {
            whole.cast(page());
            cast_in_parts(&mut parted, page(), most);
            assert_eq!(parted.resources, whole.resources, "{most}");
        }
        assert_eq!(observations(&whole), (vec![], vec![]));
    }
}

#[test]
fn what_is_broken_off_between_two_parts_is_brought_to_its_end() {
    let page = || vec![report(0, 12), report(1, 6)];
    let mut whole = World::default();
    whole.cast(page());
    let writes = whole.all("Observation").len() + 3;
    for done in 0..writes {
        let mut world = World::default();
        let delta = StudyDelta::fold(page()).unwrap();
        let merged = merge(&delta, &world.found_for(&delta, &rules()), &rules()).unwrap();
        world.apply(&merged.writes[..done]);
        world.cast(page());
        assert_eq!(world.all("Observation").len() + 3, writes, "{done}");
        check_references(&world, done);
        assert!(world.cast(page()).writes.is_empty(), "{done}");
    }
}

#[test]
fn a_removal_that_is_broken_off_is_brought_to_its_end() {
    let gone = || vec![delete(2, place())];
    let mut stored = World::default();
    stored.cast([x_ray(1, place(), &[event("1.8", &[]), event("1.9", &[])])]);
    let delta = StudyDelta::fold(gone()).unwrap();
    let merged = merge(&delta, &stored.found_for(&delta, &rules()), &rules()).unwrap();
    assert_eq!(merged.writes.len(), 4);
    for done in 0..merged.writes.len() {
        let mut world = stored.clone();
        world.apply(&merged.writes[..done]);
        check_references(&world, done);
        world.cast(gone());
        assert_eq!(world.all("Observation").len(), 0, "{done}");
        assert_eq!(world.all("ImagingStudy").len(), 0, "{done}");
    }
}
