//! Studies with more instances than are listed: counts as exact as those of a list, whatever comes
//! in whatever order.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeSet;

use fhir_model::Base64Binary;
use proptest::prelude::*;
use radcast_fhir::cast::{Change, Notice, Rules, StudyDelta, merge};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cast_generators::{Entry, entry, stored};
use crate::cast_properties::{as_read_late, changes, contents, of_one_patient, write_text};
use crate::cast_world::{World, create, delete, items, key, kinds, rules, text};

const URL: &str = "https://radcast.invalid/fhir/StructureDefinition/unlisted-instances";

fn up_to(limit: u32) -> Rules {
    Rules {
        list_instances_up_to: limit,
        ..rules()
    }
}

/// Casts in chunks of these sizes, over and over, each with its limit.
fn cast_in_chunks(world: &mut World, changes: &[Change], chunks: &[(usize, u32)]) {
    let mut rest = changes;
    for (size, limit) in chunks.iter().cycle() {
        if rest.is_empty() {
            return;
        }
        let (chunk, later) = rest.split_at((*size).min(rest.len()));
        world.cast_by(&up_to(*limit), chunk.to_vec()).unwrap();
        rest = later;
    }
}

/// Sizes of chunks and limits.
fn chunks() -> impl Strategy<Value = Vec<(usize, u32)>> {
    prop::collection::vec((1_usize..5, 0_u32..7), 1..4)
}

fn listing(chunks: &[(usize, u32)]) -> Vec<(usize, u32)> {
    chunks.iter().map(|(size, _)| (*size, u32::MAX)).collect()
}

fn digest(uid: &str) -> Vec<u8> {
    Sha256::digest(uid.as_bytes())[..8].to_vec()
}

/// The digests of all instances of a series, listed or not, each as often as it is told.
fn digests(series: &Value) -> Vec<Vec<u8>> {
    let mut all: Vec<_> = items(&series["instance"])
        .map(|instance| digest(text(&instance["uid"])))
        .collect();
    for extension in items(&series["extension"]).filter(|extension| extension["url"] == URL) {
        let value = extension["valueBase64Binary"].clone();
        let bytes: Base64Binary = serde_json::from_value(value).unwrap();
        assert!(!bytes.is_empty(), "an empty value is no FHIR");
        all.extend(bytes.chunks(8).map(<[u8]>::to_vec));
    }
    all.sort();
    all
}

/// All resources, the instances of each series as their digests.
fn state(world: &World) -> Value {
    let mut studies = contents(world, "ImagingStudy");
    for study in &mut studies {
        for series in study["series"].as_array_mut().into_iter().flatten() {
            let digests = digests(series);
            let series = series.as_object_mut().unwrap();
            series.remove("extension");
            series.insert("instance".into(), json!(digests));
        }
    }
    json!([
        studies,
        contents(world, "Patient"),
        contents(world, "Endpoint")
    ])
}

/// Whether something is listed, and whether something is not.
fn forms(world: &World) -> BTreeSet<&'static str> {
    let studies = world.all("ImagingStudy");
    let series = studies.iter().flat_map(|study| items(&study["series"]));
    let mut forms = BTreeSet::new();
    for series in series {
        forms.extend(series.get("instance").map(|_| "listed"));
        let ours = |extension: &&Value| extension["url"] == URL;
        forms.extend(items(&series["extension"]).find(ours).map(|_| "unlisted"));
    }
    forms
}

proptest! {
    #[test]
    fn unlisted_says_what_the_list_would(
        entries in prop::collection::vec(entry(), 1..16),
        chunks in chunks(),
    ) {
        let (mut unlisted, mut listed) = (World::default(), World::default());
        let changes = changes(&entries);
        cast_in_chunks(&mut unlisted, &changes, &chunks);
        cast_in_chunks(&mut listed, &changes, &listing(&chunks));
        prop_assert!(forms(&unlisted).len() < 2, "half a list");
        prop_assert_eq!(state(&unlisted), state(&listed));
    }

    #[test]
    fn any_part_replayed_counts_nothing_twice(
        entries in prop::collection::vec(entry(), 1..16),
        chunks in chunks(),
        from in any::<prop::sample::Index>(),
    ) {
        let mut world = World::default();
        let feed = as_read_late(entries);
        cast_in_chunks(&mut world, &feed, &chunks);
        let before = state(&world);
        if !feed.is_empty() {
            cast_in_chunks(&mut world, &feed[from.index(feed.len())..], &chunks);
        }
        prop_assert_eq!(state(&world), before);
    }

    #[test]
    fn merging_twice_writes_once(
        before in prop::collection::vec(entry(), 0..8),
        entries in prop::collection::vec(entry(), 1..8),
        limit in 0_u32..7,
    ) {
        let mut world = World::default();
        let entries = of_one_patient(entries);
        cast_in_chunks(&mut world, &changes(&before), &[(2, limit)]);
        world.cast_by(&up_to(limit), changes(&entries)).unwrap();
        let again = world.cast_by(&up_to(limit), changes(&entries)).unwrap();
        prop_assert!(again.writes.is_empty(), "{:?}", again.writes);
    }

    #[test]
    fn folding_is_associative_for_unlisted_studies(
        a in prop::collection::vec(entry(), 1..5),
        b in prop::collection::vec(entry(), 1..5),
        c in prop::collection::vec(entry(), 1..5),
        before in prop::collection::vec(stored(), 0..6),
        limit in 0_u32..7,
    ) {
        let all = changes(&[a.clone(), b.clone(), c].concat());
        let fold = |part: &[Change]| StudyDelta::fold(part.to_vec()).unwrap();
        let (a, rest) = all.split_at(a.len());
        let (b, c) = rest.split_at(b.len());
        let left = fold(a).then(fold(b)).then(fold(c));
        let right = fold(a).then(fold(b).then(fold(c)));
        let (rules, mut world) = (up_to(limit), World::default());
        cast_in_chunks(&mut world, &changes(&before), &[(1, limit)]);
        let outcome = |delta: &StudyDelta| {
            let merged = merge(delta, &world.found(&delta.lookups(&rules)), &rules).unwrap();
            let writes: Vec<_> = merged.writes.iter().map(write_text).collect();
            (writes, merged.disagreements)
        };
        prop_assert_eq!(outcome(&left), outcome(&right));
    }

    #[test]
    fn late_after_newer_ones_ends_as_in_order(
        late in stored(),
        newer in prop::collection::vec(stored(), 0..8),
        limit in 0_u32..5,
    ) {
        let late = of_one_patient(vec![late]).remove(0);
        let newer = of_one_patient(newer);
        let others: Vec<Entry> = newer.into_iter().filter(|e| e.instance != late.instance).collect();
        let (mut in_order, mut after) = (World::default(), World::default());
        let rules = up_to(limit);
        in_order.cast_by(&rules, [late.change(1)]).unwrap();
        cast_in_chunks(&mut in_order, &changes(&others), &[(1, limit)]);
        cast_in_chunks(&mut after, &changes(&others), &[(1, limit)]);
        after.cast_by(&rules, [late.change(1).into_late()]).unwrap();
        let study = |world: &World| state(world)[0].clone();
        prop_assert_eq!(study(&after), study(&in_order));
    }
}

fn instance(number: usize) -> Change {
    let number = number as u64;
    create(number, key("1", "1.1", &format!("1.{number}")), &[])
}

fn gone(number: usize) -> Change {
    let number = number as u64;
    delete(number, key("1", "1.1", &format!("1.{number}")))
}

/// A study of six instances of which none is listed.
fn six() -> World {
    let mut world = World::default();
    world.cast_by(&up_to(5), (1..=6).map(instance)).unwrap();
    world
}

fn counts(world: &World) -> [Value; 2] {
    let study = world.only("ImagingStudy");
    let series = &study["series"][0]["numberOfInstances"];
    [study["numberOfInstances"].clone(), series.clone()]
}

#[test]
fn a_study_lists_its_instances_up_to_the_limit_and_none_beyond() {
    let mut world = World::default();
    world.cast_by(&up_to(5), (1..=5).map(instance)).unwrap();
    assert_eq!(forms(&world), BTreeSet::from(["listed"]));
    world.cast_by(&up_to(5), [instance(6)]).unwrap();
    assert_eq!(forms(&world), BTreeSet::from(["unlisted"]));
    assert_eq!(counts(&world), [6, 6]);
    let mut never = World::default();
    never.cast_by(&up_to(0), [instance(1)]).unwrap();
    assert_eq!(forms(&never), BTreeSet::from(["unlisted"]));
}

#[test]
fn once_unlisted_a_study_stays_so() {
    let mut world = six();
    world.cast_by(&up_to(5), (2..=6).map(gone)).unwrap();
    world.cast_by(&up_to(9), [instance(7)]).unwrap();
    assert_eq!(forms(&world), BTreeSet::from(["unlisted"]));
    assert_eq!(counts(&world), [2, 2]);
}

#[test]
fn a_delete_counts_down_once_and_the_last_one_deletes_the_study() {
    let mut world = six();
    world.cast_by(&up_to(5), [gone(3)]).unwrap();
    assert!(
        world
            .cast_by(&up_to(5), [gone(3)])
            .unwrap()
            .writes
            .is_empty()
    );
    assert_eq!(counts(&world), [5, 5]);
    let last = world.cast_by(&up_to(5), (1..=6).map(gone)).unwrap();
    assert!(
        kinds(&last)[0].starts_with("Delete(ImagingStudy"),
        "{last:?}"
    );
    assert!(world.all("ImagingStudy").is_empty());
}

#[test]
fn an_instance_deleted_and_stored_again_in_one_delta_is_there() {
    let mut world = six();
    let merged = world.cast_by(&up_to(5), [gone(3), instance(3)]).unwrap();
    assert!(merged.writes.is_empty(), "{:?}", merged.writes);
    world.cast_by(&up_to(5), [instance(3), gone(3)]).unwrap();
    assert_eq!(counts(&world), [5, 5]);
}

#[test]
fn an_update_reaches_study_and_series() {
    let mut world = six();
    let description = [("0008103E", r#"{"Value":["Axial"]}"#)];
    let change = create(9, key("1", "1.1", "1.2"), &description);
    world.cast_by(&up_to(5), [change]).unwrap();
    let study = world.only("ImagingStudy");
    assert_eq!(study["series"][0]["description"], "Axial");
    assert_eq!(counts(&world), [6, 6]);
}

#[test]
fn what_others_wrote_stays_and_what_they_count_counts() {
    let mut world = World::default();
    world.put(
        r#"{"resourceType":"ImagingStudy","id":"s","meta":{"versionId":"1"},"status":"available",
        "identifier":[{"system":"urn:dicom:uid","value":"urn:oid:1"}],
        "series":[{"uid":"1.1","extension":[{"url":"urn:a","valueDecimal":1.00}],
            "instance":[{"uid":"1.1"},{"uid":"1.2","extension":[{"url":"urn:b","valueDecimal":2.00}]}]},
            {"uid":"1.2","numberOfInstances":40.0}]}"#,
    );
    world.cast_by(&up_to(2), [instance(3)]).unwrap();
    let json = world.resources["ImagingStudy/s"].clone();
    for kept in [
        r#"[{"url":"urn:a","valueDecimal":1.00},{"url":"https:"#,
        r#""instance":[{"uid":"1.2","extension":[{"url":"urn:b","valueDecimal":2.00}]}]"#,
        r#"{"uid":"1.2","numberOfInstances":40.0}"#,
    ] {
        assert!(json.contains(kept), "{kept}\n{json}");
    }
    assert_eq!(counts(&world), [43, 3]);
    let merged = world.cast_by(&up_to(2), (1..=3).map(gone)).unwrap();
    // A series to which somebody added stays when its instances have gone.
    assert_eq!(counts(&world), [40, 0]);
    assert_eq!(merged.notices, []);
    let foreign = world.only("ImagingStudy");
    assert_eq!(items(&foreign["series"]).count(), 2);
}

#[test]
fn of_a_study_that_others_made_the_last_instance_empties_the_series() {
    let mut world = World::default();
    world.put(
        r#"{"resourceType":"ImagingStudy","id":"s","meta":{"versionId":"1"},"status":"available",
        "identifier":[{"system":"urn:dicom:uid","value":"urn:oid:1"}]}"#,
    );
    world.cast_by(&up_to(0), [instance(1)]).unwrap();
    let merged = world.cast_by(&up_to(0), [gone(1)]).unwrap();
    assert!(matches!(
        merged.notices[..],
        [Notice::ForeignStudyEmptied { .. }]
    ));
    assert_eq!(world.only("ImagingStudy").get("series"), None);
}

#[test]
fn a_broken_set_is_refused_and_not_overwritten() {
    let mut world = six();
    let name = world
        .resources
        .keys()
        .find(|name| name.starts_with("ImagingStudy"));
    let name = name.unwrap().clone();
    let broken =
        world.resources[&name].replace("\"valueBase64Binary\":\"", "\"valueBase64Binary\":\"AAAA");
    world.resources.insert(name, broken);
    let refused = world.cast_by(&up_to(5), [instance(7)]).unwrap_err();
    assert!(
        refused.to_string().contains("series.extension"),
        "{refused}"
    );
}
