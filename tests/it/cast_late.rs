//! Changes that are applied after newer ones: they say only what nobody else has said.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use proptest::prelude::*;
use serde_json::json;

use crate::cast_generators::{Entry, entry, stored};
use crate::cast_properties::{contents, instances, of_one_patient};
use crate::cast_world::{World, create, delete, key, kinds};

/// The entries one by one, but for those of the instance of another entry.
fn cast_others(world: &mut World, entries: &[Entry], but: &Entry) {
    for (sequence, entry) in (2..).zip(entries) {
        if entry.instance != but.instance {
            world.cast([entry.change(sequence)]);
        }
    }
}

proptest! {
    #[test]
    fn rx8_late_after_newer_ones_ends_as_in_order(
        late in stored(),
        newer in prop::collection::vec(stored(), 0..8),
    ) {
        let (late, newer) = (of_one_patient(vec![late]).remove(0), of_one_patient(newer));
        let (mut in_order, mut after) = (World::default(), World::default());
        in_order.cast([late.change(1)]);
        cast_others(&mut in_order, &newer, &late);
        cast_others(&mut after, &newer, &late);
        after.cast([late.change(1).into_late()]);
        prop_assert_eq!(contents(&after, "ImagingStudy"), contents(&in_order, "ImagingStudy"));
        // In order, a patient is made whom a newer entry replaces.
        let patients = contents(&in_order, "Patient");
        for patient in contents(&after, "Patient") {
            prop_assert!(patients.contains(&patient), "{patient} is not in {patients:?}");
        }
    }

    #[test]
    fn rx8_late_after_deletes_its_own_instance_is_there_and_no_other(
        late in stored(),
        newer in prop::collection::vec(entry(), 0..8),
    ) {
        let (mut in_order, mut after) = (World::default(), World::default());
        in_order.cast([late.change(1)]);
        cast_others(&mut in_order, &newer, &late);
        cast_others(&mut after, &newer, &late);
        after.cast([late.change(1).into_late()]);
        prop_assert_eq!(instances(&after), instances(&in_order));
    }

    #[test]
    fn on_an_empty_server_late_is_as_good_as_in_time(entry in stored()) {
        let (mut in_time, mut late) = (World::default(), World::default());
        in_time.cast([entry.change(1)]);
        late.cast([entry.change(1).into_late()]);
        prop_assert_eq!(late.resources, in_time.resources);
    }

    #[test]
    fn what_came_late_changes_nothing_when_it_comes_again(
        late in stored(),
        newer in prop::collection::vec(entry(), 0..8),
    ) {
        let mut world = World::default();
        cast_others(&mut world, &newer, &late);
        world.cast([late.change(1).into_late()]);
        let again = world.cast([late.change(1).into_late()]);
        prop_assert!(again.writes.is_empty(), "{:?}", again.writes);
    }
}

const PATIENT_2: (&str, &str) = ("00100020", r#"{"Value":["P2"]}"#);

#[test]
fn the_study_stays_with_its_patient_and_no_other_is_made() {
    let mut world = World::default();
    world.cast([create(2, key("1", "1.1", "1.3"), &[PATIENT_2])]);
    let subject = world.only("ImagingStudy")["subject"].clone();
    let merged = world.cast([create(1, key("1", "1.1", "1.4"), &[]).into_late()]);
    assert_eq!(kinds(&merged).len(), 1, "{:?}", kinds(&merged));
    let study = world.only("ImagingStudy");
    assert_eq!(
        (&study["subject"], &study["numberOfInstances"]),
        (&subject, &json!(2))
    );
    assert_eq!(world.all("Patient").len(), 1);
}

#[test]
fn a_study_without_a_patient_is_given_one() {
    let mut world = World::default();
    world.put(
        r#"{"resourceType":"ImagingStudy","id":"s","meta":{"versionId":"1"},"status":"available",
        "identifier":[{"system":"urn:dicom:uid","value":"urn:oid:1"}],"subject":{"display":"?"}}"#,
    );
    world.cast([create(1, key("1", "1.1", "1.3"), &[]).into_late()]);
    let patient = world.only("Patient");
    let subject = &world.only("ImagingStudy")["subject"];
    let id = patient["id"].as_str().unwrap();
    assert_eq!(subject["reference"], format!("Patient/{id}"));
}

#[test]
fn a_late_delete_removes_its_instance() {
    let mut world = World::default();
    world.cast([
        create(1, key("1", "1.1", "1.3"), &[]),
        create(3, key("1", "1.1", "1.4"), &[]),
    ]);
    world.cast([delete(2, key("1", "1.1", "1.3")).into_late()]);
    assert_eq!(world.only("ImagingStudy")["numberOfInstances"], 1);
}
