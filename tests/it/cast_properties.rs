//! What holds of casting whatever the entries and whatever is stored.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use bytes::Bytes;
use proptest::prelude::*;
use radcast_dicom::Dataset;
use radcast_fhir::cast::{Action, Change, Found, Rules, StudyDelta, merge};
use serde_json::{Value, json};

use crate::cast_generators::{Entry, entry, found, json, stored};
use crate::cast_world::{World, dataset, delete, key, rules, uncontested};

pub(crate) fn changes(entries: &[Entry]) -> Vec<Change> {
    entries
        .iter()
        .enumerate()
        .map(|(i, entry)| entry.change(i + 1))
        .collect()
}

/// The entries as a feed gives them out once it has come to its end: with the metadata of the
/// last version of the instance; creates of what is deleted are skipped. The instances agree on
/// the patient: of one whom a later entry of the same delta replaces, nothing is written.
pub(crate) fn as_read_late(mut entries: Vec<Entry>) -> Vec<Change> {
    for said in entries.iter_mut().filter_map(|entry| entry.said.as_mut()) {
        said.patient = "P1";
    }
    let last = |instance: u8| entries.iter().rev().find(|e| e.instance == instance);
    let read = entries.iter().enumerate().filter_map(|(i, entry)| {
        let current = &last(entry.instance)?.said;
        match (&entry.said, current) {
            (None, _) => Some(entry.change(i + 1)),
            (Some(_), None) => None,
            (Some(_), Some(_)) => Some(last(entry.instance)?.change(i + 1)),
        }
    });
    read.collect()
}

/// The entries when all name the same patient. Of several the study stays the first one's, whose it
/// was when they came.
pub(crate) fn of_one_patient(mut entries: Vec<Entry>) -> Vec<Entry> {
    for said in entries.iter_mut().filter_map(|entry| entry.said.as_mut()) {
        said.patient = "P1";
    }
    entries
}

/// Casts in chunks of these sizes, over and over.
fn cast_in_chunks(world: &mut World, changes: &[Change], sizes: &[usize]) {
    let mut rest = changes;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            return;
        }
        let (chunk, later) = rest.split_at((*size).min(rest.len()));
        world.cast(chunk.to_vec());
        rest = later;
    }
}

/// Without versions, and with the arrays sorted whose order says nothing. Which instances have to be
/// read again once they go depends on what was said together.
fn content(resource: &Value) -> Value {
    let mut resource = uncontested(resource.clone());
    if let Some(meta) = resource["meta"].as_object_mut() {
        meta.remove("versionId");
    }
    if let Some(series) = resource["series"].as_array_mut() {
        for one in series.iter_mut() {
            sort(&mut one["instance"]);
        }
    }
    for name in [
        "series",
        "modality",
        "name",
        "identifier",
        "telecom",
        "extension",
    ] {
        sort(&mut resource[name]);
    }
    resource
}

fn sort(array: &mut Value) {
    if let Some(items) = array.as_array_mut() {
        items.sort_by_cached_key(|item| format!("{}{item}", item["uid"]));
    }
}

pub(crate) fn contents(world: &World, resource_type: &str) -> Vec<Value> {
    world.all(resource_type).iter().map(content).collect()
}

/// Series and instance UIDs with what is said of the instance.
pub(crate) fn instances(world: &World) -> Vec<Value> {
    let studies = contents(world, "ImagingStudy");
    let series = studies
        .iter()
        .flat_map(|study| crate::cast_world::items(&study["series"]));
    series
        .map(|s| json!([s["uid"], s["numberOfInstances"], s["instance"]]))
        .collect()
}

proptest! {
    #[test]
    fn folding_is_associative(
        a in prop::collection::vec(entry(), 1..5),
        b in prop::collection::vec(entry(), 1..5),
        c in prop::collection::vec(entry(), 1..5),
        before in prop::collection::vec(stored(), 0..4),
    ) {
        let all = changes(&[a.clone(), b.clone(), c].concat());
        let fold = |part: &[Change]| StudyDelta::fold(part.to_vec()).unwrap();
        let (a, rest) = all.split_at(a.len());
        let (b, c) = rest.split_at(b.len());
        let left = fold(a).then(fold(b)).then(fold(c));
        let right = fold(a).then(fold(b).then(fold(c)));
        let mut world = World::default();
        cast_in_chunks(&mut world, &changes(&before), &[1]);
        let outcome = |delta: &StudyDelta| {
            let lookups = delta.lookups(&rules());
            let merged = merge(delta, &world.found(&lookups), &rules()).unwrap();
            let writes: Vec<_> = merged.writes.iter().map(write_text).collect();
            (lookups, writes, merged.disagreements)
        };
        prop_assert_eq!(outcome(&left), outcome(&right));
    }

    #[test]
    fn folding_joins_the_deltas_of_each(
        entries in prop::collection::vec((entry(), any::<bool>()), 1..8),
    ) {
        let (entries, late): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        let all = changes(&entries).into_iter().zip(late);
        let all = all.map(|(change, late)| if late { change.into_late() } else { change });
        let all: Vec<_> = all.collect();
        let joined = all.iter().cloned().map(StudyDelta::of).reduce(StudyDelta::then);
        let told = |delta: Option<StudyDelta>| format!("{delta:?}");
        prop_assert_eq!(told(StudyDelta::fold(all)), told(joined));
    }

    #[test]
    fn folded_is_one_by_one(entries in prop::collection::vec(stored(), 1..8)) {
        let entries = of_one_patient(entries);
        let (mut folded, mut single) = (World::default(), World::default());
        folded.cast(changes(&entries));
        cast_in_chunks(&mut single, &changes(&entries), &[1]);
        prop_assert_eq!(contents(&folded, "ImagingStudy"), contents(&single, "ImagingStudy"));
        // One by one, a patient is made whom a later entry replaces.
        let patients = contents(&single, "Patient");
        prop_assert!(contents(&folded, "Patient").iter().all(|patient| patients.contains(patient)));
    }

    #[test]
    fn folded_is_one_by_one_for_the_instances_when_some_are_deleted(
        entries in prop::collection::vec(entry(), 1..12),
        sizes in prop::collection::vec(1_usize..5, 1..4),
    ) {
        let (mut folded, mut single) = (World::default(), World::default());
        cast_in_chunks(&mut folded, &changes(&entries), &sizes);
        cast_in_chunks(&mut single, &changes(&entries), &[1]);
        prop_assert_eq!(instances(&folded), instances(&single));
    }

    #[test]
    fn any_part_of_the_feed_replayed_gives_the_same(
        entries in prop::collection::vec(entry(), 1..12),
        sizes in prop::collection::vec(1_usize..5, 1..4),
        from in any::<prop::sample::Index>(),
    ) {
        let mut world = World::default();
        let feed = as_read_late(entries);
        cast_in_chunks(&mut world, &feed, &sizes);
        let state = |world: &World| ["ImagingStudy", "Patient", "Endpoint"].map(|t| contents(world, t));
        let before = state(&world);
        if !feed.is_empty() {
            cast_in_chunks(&mut world, &feed[from.index(feed.len())..], &sizes);
        }
        prop_assert_eq!(before, state(&world));
    }

    #[test]
    fn merging_twice_changes_nothing(
        before in prop::collection::vec(entry(), 0..6),
        entries in prop::collection::vec(entry(), 1..8),
    ) {
        let entries = of_one_patient(entries);
        let mut world = World::default();
        cast_in_chunks(&mut world, &changes(&before), &[2]);
        world.cast(changes(&entries));
        let again = world.cast(changes(&entries));
        prop_assert!(again.writes.is_empty(), "{:?}", again.writes);
    }

    #[test]
    fn create_then_delete_leaves_nothing(entries in prop::collection::vec(stored(), 1..8)) {
        let mut all = entries.clone();
        all.extend(entries.iter().map(|entry| Entry { instance: entry.instance, said: None }));
        let mut folded = World::default();
        prop_assert!(folded.cast(changes(&all)).writes.is_empty());
        let mut single = World::default();
        cast_in_chunks(&mut single, &changes(&all), &[1]);
        prop_assert!(single.all("ImagingStudy").is_empty());
    }

    #[test]
    fn what_we_do_not_manage_survives_byte_for_byte(
        foreign in prop::collection::vec((json(), "(1\\.00|-0\\.0|1e2|\"\\\\u00e9\"|\\[ 1 , 2 \\])"), 8),
        entries in prop::collection::vec(stored(), 1..6),
        removed in 4_u8..6,
    ) {
        let mut world = World::default();
        // Each place has a member nobody knows, and a known one that is not ours.
        let place = |at: usize| {
            let (value, raw) = &foreign[at];
            format!(r#""x{at}":{value},"y{at}":{raw},"extension":[{{"url":"z{at}","v":{raw}}}]"#)
        };
        world.put(&format!(
            r#"{{"resourceType":"ImagingStudy","id":"s",{},"meta":{{"versionId":"1",{}}},
            "identifier":[{{"system":"urn:dicom:uid","value":"urn:oid:1",{}}}],
            "series":[{{"uid":"1.1",{},"instance":[{{"uid":"1.3",{}}}]}},
                {{"uid":"1.2","instance":[{{"uid":"1.{removed}"}},{{"uid":"9"}}]}}]}}"#,
            place(0), place(1), place(2), place(3), place(4)
        ));
        for id in ["P1", "P2"] {
            world.put(&format!(
                r#"{{"resourceType":"Patient","id":"{id}",{},"meta":{{"versionId":"1"}},"_birthDate":{{{}}},
                "identifier":[{{"system":"urn:mrn","value":"{id}"}}],"name":[{{"use":"usual",{}}}]}}"#,
                place(5), place(6), place(7)
            ));
        }
        let mut all = changes(&entries);
        all.push(delete(99, key("1", "1.2", &format!("1.{removed}"))));
        world.cast(all);
        let (study, patient) = (&world.resources["ImagingStudy/s"], &world.resources["Patient/P1"]);
        for at in 0..8 {
            let text = if at < 5 { study } else { patient };
            // Ours may follow in the last list.
            let place = place(at);
            let place = place.trim_end_matches(']');
            prop_assert!(text.contains(place), "{place}\n{text}");
        }
    }

    #[test]
    fn any_stored_json_is_merged_or_refused(
        study in found("ImagingStudy", json!({"system": "urn:dicom:uid", "value": "urn:oid:1"})),
        patient in found("Patient", json!({"system": "urn:mrn", "value": "P1"})),
        endpoint in found("Endpoint", json!({"system": "urn:ietf:rfc:3986", "value": "https://dicom.example/v2"})),
        entries in prop::collection::vec(entry(), 1..5),
    ) {
        let found = Found { study, patient, endpoint, ..Found::default() };
        let delta = StudyDelta::fold(changes(&entries)).unwrap();
        if let Ok(merged) = merge(&delta, &found, &rules()) {
            for write in &merged.writes {
                prop_assert!(serde_json::from_str::<Value>(&write_text(write)).is_ok());
            }
        }
    }

    #[test]
    fn any_dataset_is_read_or_refused(
        values in prop::collection::vec(json(), 34),
        whole in json(),
    ) {
        let tags = [
            "00080016", "00080020", "00080021", "00080030", "00080031", "00080050", "00080060",
            "00080201", "00081030", "0008103E", "00100010", "00100020", "00100040", "00200013",
            "00100021", "00100024", "00100030", "00101000", "00101001", "00101002", "00101005",
            "00101020", "00101030", "00101040", "00102150", "00102152", "00102154", "00102155",
            "00102160", "00102201", "00102202", "00102293", "00102297", "00102298",
        ];
        let rules = Rules {
            body_observations: true,
            ..rules()
        };
        let element = |value: &Value| format!(r#"{{"Value":{value}}}"#);
        let texts: Vec<_> = values.iter().map(element).collect();
        let elements: Vec<_> = tags.iter().copied().zip(texts.iter().map(String::as_str)).collect();
        let key = key("1", "1.1", "1.3");
        let sets = [Ok(dataset(&key, &elements)), Dataset::parse(Bytes::from(whole.to_string()))];
        for set in sets.into_iter().flatten() {
            if let Ok(change) = Change::read(1, key.clone(), Action::Create, Some(&set), &rules) {
                World::default().cast_by(&rules, [change]).unwrap();
            }
        }
    }
}

/// The body of a write; the id for a delete.
pub(crate) fn write_text(write: &radcast_fhir::cast::Write) -> String {
    use radcast_fhir::cast::Write;
    match write {
        Write::Create { resource, .. } | Write::Update { resource, .. } => {
            serde_json::to_string(resource).unwrap()
        }
        Write::Delete { id, .. } => json!(id).to_string(),
    }
}
