//! Observations are looked for where reports are, and nowhere else.

use radcast_fhir::cast::{Change, Query, StudyDelta};
use serde_json::json;

use super::report::{elements, event, place, stored, words, x_ray};
use crate::cast_world::{World, create, delete, key, rules};

/// The searches for a delta of these changes.
fn searches(world: &World, changes: impl IntoIterator<Item = Change>) -> Vec<Query> {
    let delta = StudyDelta::fold(changes).unwrap();
    let found = world.found(&delta.lookups(&rules()));
    delta.observation_searches(&found.study, &rules())
}

fn of_images(count: usize) -> World {
    let mut world = World::default();
    world.cast((0..count).map(|at| create(1, key("1.2", "1.6", &format!("1.6.{at}")), &[])));
    world
}

#[test]
fn a_report_is_looked_for_with_its_events_and_what_dicom_cast_wrote_in_one_search() {
    let found = searches(&World::default(), [x_ray(1, place(), &[event("1.9", &[])])]);
    let parameters: Vec<_> = found.iter().map(Query::parameters).collect();
    let tokens = ["1.2", "1.4", "1.9"].map(|uid| format!("urn:dicom:uid|urn:oid:{uid}"));
    assert_eq!(
        parameters,
        [[
            ("identifier", tokens.join(",")),
            ("_count", "1000".to_owned())
        ]]
    );
}

#[test]
fn images_are_not_looked_for_however_many_go() {
    let world = of_images(1_000);
    let gone = (0..1_000).map(|at| delete(2, key("1.2", "1.6", &format!("1.6.{at}"))));
    assert_eq!(searches(&world, gone), []);
    assert_eq!(searches(&World::default(), [delete(2, place())]), []);
    assert_eq!(
        searches(&world, [create(3, key("1.2", "1.6", "1.6.1"), &[])]),
        []
    );
}

#[test]
fn reports_that_go_are_looked_for() {
    let mut world = of_images(3);
    let other = elements("126000", &[words("1", "x")], &[]);
    world.cast([x_ray(1, place(), &[event("1.9", &[])])]);
    let sent = |found: &[Query]| -> Vec<String> {
        found
            .iter()
            .map(|query| query.parameters()[0].1.clone())
            .collect()
    };
    let gone = searches(
        &world,
        [delete(2, place()), delete(2, key("1.2", "1.6", "1.6.1"))],
    );
    assert_eq!(sent(&gone), ["urn:dicom:uid|urn:oid:1.4"]);
    // Stored again as something else.
    let again = stored(3, place(), &other, &rules());
    assert_eq!(
        sent(&searches(&world, [again])),
        ["urn:dicom:uid|urn:oid:1.4"]
    );
    // A new document beside it was nothing before.
    let new = stored(3, key("1.2", "1.3", "1.44"), &other, &rules());
    assert_eq!(searches(&world, [new]), []);
    // Nobody knows what it was.
    let unlisted = searches(&world, [delete(4, key("1.2", "1.77", "1.78"))]);
    assert_eq!(sent(&unlisted), ["urn:dicom:uid|urn:oid:1.78"]);
}

#[test]
fn a_series_without_its_instances_is_judged_by_its_modality() {
    for (modality, expected) in [("SR", 1), ("CT", 0)] {
        let mut world = World::default();
        let series = json!([{ "uid": "1.3", "modality": { "code": modality } }]);
        let study = json!({
            "resourceType": "ImagingStudy", "id": "s", "meta": { "versionId": "1" },
            "identifier": [{ "system": "urn:dicom:uid", "value": "urn:oid:1.2" }],
            "series": series,
        });
        world.put(&study.to_string());
        assert_eq!(
            searches(&world, [delete(1, place())]).len(),
            expected,
            "{modality}"
        );
    }
}

#[test]
fn many_reports_are_looked_for_in_several_searches() {
    let reports = (0..45).map(|at| {
        x_ray(
            1,
            key("1.2", "1.3", &format!("1.4.{at}")),
            &[event("1.9", &[])],
        )
    });
    let found = searches(&World::default(), reports);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|query| query.encoded().len() < 2_000));
}
