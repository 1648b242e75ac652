//! Resources that a study refers to by identifier, and that are searched for where that is set.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast::settings::{References, Resolution};
use radcast_fhir::cast::{Action, Change, Notice, Rules, StudyDelta};
use serde_json::json;

use crate::cast_world::{World, dataset, key, kinds, rules};

const ACCESSION: (&str, &str) = ("00080050", r#"{"Value":["A1"]}"#);
const PLACER: (&str, &str) = ("00402016", r#"{"Value":["P1"]}"#);
const ADMISSION: (&str, &str) = ("00380010", r#"{"Value":["V1"]}"#);
const REFERRER: (&str, &str) = (
    "00080096",
    r#"{"Value":[{"00401101":{"Value":[{"00080100":{"Value":["7"]},"0008010C":{"Value":["1.7"]}}]}}]}"#,
);
const ALL: &[(&str, &str)] = &[ACCESSION, PLACER, ADMISSION, REFERRER];

fn searching() -> Rules {
    Rules {
        accession_system: Some("urn:ris".into()),
        references: References {
            based_on: Resolution::Search,
            encounter: Resolution::Search,
            referrer: Resolution::Search,
        },
        ..rules()
    }
}

fn says(elements: &[(&str, &str)], rules: &Rules) -> Change {
    let key = key("1.2", "1.2.3", "1.2.3.4");
    let dataset = dataset(&key, elements);
    Change::read(1, key, Action::Create, Some(&dataset), rules).unwrap()
}

/// Puts a resource with one identifier.
fn put(world: &mut World, resource_type: &str, id: &str, system: &str, value: &str) {
    let system = json!(system);
    world.put(&format!(
        r#"{{"resourceType":"{resource_type}","id":"{id}","identifier":[{{"system":{system},"value":"{value}"}}]}}"#
    ));
}

fn queries(elements: &[(&str, &str)], rules: &Rules) -> Vec<String> {
    let lookups = StudyDelta::of(says(elements, rules)).lookups(rules);
    let queries = lookups.references.iter();
    queries
        .map(|query| format!("{}?{}", query.resource_type, query.encoded()))
        .collect()
}

#[test]
fn each_identifier_is_searched_for_once() {
    let request = (
        "00400275",
        r#"{"Value":[{"00080050":{"Value":["A1"]}},{"00080050":{"Value":["A,2"]}}]}"#,
    );
    let all: Vec<_> = ALL.iter().copied().chain([request]).collect();
    assert_eq!(
        queries(&all, &searching()),
        [
            "Encounter?identifier=%7CV1",
            "ServiceRequest?identifier=urn:ris%7CA1",
            "ServiceRequest?identifier=%7CP1",
            "ServiceRequest?identifier=urn:ris%7CA%5C%2C2",
            "Practitioner?identifier=urn:oid:1.7%7C7",
        ]
    );
}

#[test]
fn nothing_is_searched_for_unless_that_is_set_or_when_there_is_no_identifier() {
    assert_eq!(queries(ALL, &rules()), [""; 0]);
    let named = ("00080090", r#"{"Value":["Rossi"]}"#);
    assert_eq!(queries(&[named], &searching()), [""; 0]);
    let orders = Rules {
        references: References {
            based_on: Resolution::Search,
            ..References::default()
        },
        ..rules()
    };
    assert_eq!(
        queries(&[ADMISSION, REFERRER, ACCESSION], &orders),
        ["ServiceRequest?identifier=%7CA1"]
    );
}

#[test]
fn a_study_has_no_more_searches_than_it_has_orders_in_earnest() {
    let items: Vec<_> = (0..50)
        .map(|n| format!(r#"{{"00080050":{{"Value":["A{n}"]}}}}"#))
        .collect();
    let requests = format!(r#"{{"Value":[{}]}}"#, items.join(","));
    assert_eq!(queries(&[("00400275", &requests)], &searching()).len(), 16);
}

#[test]
fn what_is_found_is_referred_to_and_keeps_its_identifier() {
    let mut world = World::default();
    put(&mut world, "ServiceRequest", "order", "urn:ris", "A1");
    put(&mut world, "Encounter", "visit", "", "V1");
    put(&mut world, "Practitioner", "doctor", "urn:oid:1.7", "7");
    put(&mut world, "ServiceRequest", "other", "urn:other", "P1");
    let cast = |world: &mut World| {
        world
            .cast_by(&searching(), [says(ALL, &searching())])
            .unwrap()
    };
    cast(&mut world);
    let study = world.only("ImagingStudy");
    assert_eq!(study["basedOn"][0]["reference"], "ServiceRequest/order");
    assert_eq!(study["basedOn"][0]["identifier"]["value"], "A1");
    assert_eq!(study["basedOn"][1].get("reference"), None);
    assert_eq!(study["encounter"]["reference"], "Encounter/visit");
    assert_eq!(study["referrer"]["reference"], "Practitioner/doctor");
    assert_eq!(kinds(&cast(&mut world)), [""; 0]);
    // Found or not the next time: what the study refers to stays.
    world.resources.remove("ServiceRequest/order");
    assert_eq!(kinds(&cast(&mut world)), [""; 0]);
}

#[test]
fn another_number_is_another_reference() {
    let mut world = World::default();
    put(&mut world, "ServiceRequest", "order", "urn:ris", "A1");
    put(&mut world, "Encounter", "visit", "", "V1");
    let rules = searching();
    world.cast_by(&rules, [says(ALL, &rules)]).unwrap();
    let other = [
        ("00080050", r#"{"Value":["A2"]}"#),
        ("00380010", r#"{"Value":["V2"]}"#),
    ];
    world.cast_by(&rules, [says(&other, &rules)]).unwrap();
    let study = world.only("ImagingStudy");
    assert_eq!(study["basedOn"][0]["identifier"]["value"], "A2");
    assert_eq!(study["basedOn"][0].get("reference"), None);
    assert_eq!(study["encounter"]["identifier"]["value"], "V2");
    assert_eq!(study["encounter"].get("reference"), None);
}

#[test]
fn what_is_found_later_is_referred_to_then() {
    let mut world = World::default();
    let rules = searching();
    world.cast_by(&rules, [says(ALL, &rules)]).unwrap();
    put(&mut world, "ServiceRequest", "order", "urn:ris", "A1");
    world.cast_by(&rules, [says(ALL, &rules)]).unwrap();
    assert_eq!(
        world.only("ImagingStudy")["basedOn"][0]["reference"],
        "ServiceRequest/order"
    );
}

#[test]
fn of_several_none_is_chosen_and_a_notice_tells_them() {
    let mut world = World::default();
    put(&mut world, "ServiceRequest", "a", "urn:ris", "A1");
    put(&mut world, "ServiceRequest", "b", "urn:ris", "A1");
    let rules = searching();
    let merged = world.cast_by(&rules, [says(&[ACCESSION], &rules)]).unwrap();
    assert_eq!(
        world.only("ImagingStudy")["basedOn"][0].get("reference"),
        None
    );
    let [notice @ Notice::AmbiguousReference { .. }] = merged.notices.as_slice() else {
        panic!("{:?}", merged.notices);
    };
    assert_eq!(
        notice.to_string(),
        "basedOn of study 1.2 may be any of ServiceRequest/a, ServiceRequest/b; \
         the reference names its identifier alone"
    );
}

#[test]
fn references_of_others_are_not_completed() {
    let mut world = World::default();
    let others = r#"{"type":"ServiceRequest","identifier":{"system":"urn:ris","value":"A1","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"ACSN"}]}}}"#;
    world.put(&format!(
        r#"{{"resourceType":"ImagingStudy","id":"s","meta":{{"versionId":"1"}},"basedOn":[{others}],
        "identifier":[{{"system":"urn:dicom:uid","value":"urn:oid:1.2"}}]}}"#
    ));
    put(&mut world, "ServiceRequest", "order", "urn:ris", "A1");
    let rules = searching();
    world.cast_by(&rules, [says(&[ACCESSION], &rules)]).unwrap();
    let stored = &world.resources["ImagingStudy/s"];
    assert!(
        stored.contains(&format!(r#""basedOn":[{others}]"#)),
        "{stored}"
    );
}

#[test]
fn a_reference_keeps_what_others_added_to_it_byte_for_byte() {
    let mut world = World::default();
    let rules = searching();
    world.cast_by(&rules, [says(&[ACCESSION], &rules)]).unwrap();
    let (name, stored) = world
        .resources
        .iter()
        .find(|(name, _)| name.starts_with("Im"))
        .unwrap();
    let (name, added) = (
        name.clone(),
        r#""id":"AccessionNumber","extension":[{"url":"x","valueDecimal":1.00}]"#,
    );
    let (head, based_on) = stored.split_once("\"basedOn\"").unwrap();
    let based_on = based_on.replacen(r#""id":"AccessionNumber""#, added, 1);
    world
        .resources
        .insert(name.clone(), format!("{head}\"basedOn\"{based_on}"));
    put(&mut world, "ServiceRequest", "order", "urn:ris", "A1");
    world.cast_by(&rules, [says(&[ACCESSION], &rules)]).unwrap();
    let stored = &world.resources[&name];
    assert!(stored.contains(added), "{stored}");
    assert!(stored.contains("ServiceRequest/order"), "{stored}");
}
