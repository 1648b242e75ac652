//! Equal UIDs in several data partitions are several studies.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Action, Change};
use serde_json::json;

use crate::cast_world::{World, create, dataset, delete, items, key, rules, text};

fn in_partition(partition: &str) -> InstanceKey {
    InstanceKey {
        partition: Some(partition.into()),
        ..key("1.2", "1.3", "1.4")
    }
}

fn systems(study: &serde_json::Value) -> Vec<&str> {
    items(&study["identifier"])
        .map(|i| text(&i["system"]))
        .collect()
}

#[test]
fn a_partition_has_its_own_study_and_endpoint() {
    let mut world = World::default();
    world.cast([create(1, in_partition("a"), &[])]);
    world.cast([create(2, in_partition("b"), &[])]);
    assert_eq!(world.all("ImagingStudy").len(), 2);
    assert_eq!(world.all("Patient").len(), 1);
    let mut addresses: Vec<_> = world
        .all("Endpoint")
        .iter()
        .map(|e| text(&e["address"]).to_owned())
        .collect();
    addresses.sort();
    assert_eq!(
        addresses,
        [
            "https://dicom.example/v2/partitions/a",
            "https://dicom.example/v2/partitions/b"
        ]
    );
}

#[test]
fn a_partitions_study_carries_both_identifiers() {
    let mut world = World::default();
    world.cast([create(1, in_partition("a"), &[])]);
    assert_eq!(
        world.only("ImagingStudy")["identifier"],
        json!([
            {"system": "urn:dicom:uid", "value": "urn:oid:1.2"},
            {"system": "https://dicom.example/v2/partitions/a/studies", "value": "1.2"},
        ])
    );
}

#[test]
fn the_default_study_is_told_from_its_twins_whoever_comes_first() {
    for default_first in [true, false] {
        let mut world = World::default();
        let mut changes = vec![
            create(1, key("1.2", "1.3", "1.4"), &[]),
            create(2, in_partition("a"), &[]),
        ];
        if !default_first {
            changes.reverse();
        }
        for change in changes {
            world.cast([change]);
        }
        assert_eq!(world.all("ImagingStudy").len(), 2);
        // Another instance finds the right one of the two.
        world.cast([create(3, key("1.2", "1.3", "1.5"), &[])]);
        let studies = world.all("ImagingStudy");
        let default = studies
            .iter()
            .find(|s| !systems(s).iter().any(|x| x.contains("/partitions/")));
        assert_eq!(default.unwrap()["numberOfInstances"], json!(2));
        let scoped = systems(default.unwrap()).contains(&"https://dicom.example/v2/studies");
        assert_eq!(scoped, !default_first);
        world.cast([delete(4, in_partition("a"))]);
        assert_eq!(world.only("ImagingStudy")["numberOfInstances"], json!(2));
    }
}

#[test]
fn the_default_partition_by_name_is_the_default_partition() {
    let mut world = World::default();
    let named = in_partition(radcast_engine::feed::DEFAULT_PARTITION);
    let dataset = dataset(&named, &[]);
    let change = Change::read(1, named, Action::Create, Some(&dataset), &rules()).unwrap();
    assert_eq!(change.study().partition(), None);
    world.cast([change]);
    assert_eq!(
        text(&world.only("Endpoint")["address"]),
        "https://dicom.example/v2"
    );
}
