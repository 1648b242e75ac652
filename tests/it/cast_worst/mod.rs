//! Every row of the mapping with the worst that its value representation, or a device, puts there:
//! it becomes what FHIR's primitive types allow, or is left out with a warning.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod primitives;
mod values;

use std::collections::BTreeMap;

use radcast::settings::Issuers;
use radcast_dicom::Dataset;
use radcast_fhir::cast::{Action, Change, MappedAttribute, Origin, Rules, mapping};
use serde_json::{Value, json};

use crate::cast_dose::report;
use crate::cast_world::{World, dataset, key, rules, sieved};
use primitives::faults;

/// Whether these rules make the most of what is there.
fn all_rules() -> [Rules; 2] {
    let more = Rules {
        body_observations: true,
        time_zone: jiff::tz::TimeZone::get("Africa/Monrovia").ok(),
        ..rules()
    };
    let by_issuer = Rules {
        issuer_as_system: true,
        issuers: Issuers::default().with("RIS", "urn:oid:1.2.3.4"),
        ..more.clone()
    };
    [more, by_issuer]
}

fn attributes() -> Vec<MappedAttribute> {
    let rows = mapping().into_iter().flat_map(|resource| resource.rows);
    let of_dataset = rows.filter(|row| row.origin == Origin::Dataset);
    let mut attributes: Vec<_> = of_dataset.flat_map(|row| row.attributes).collect();
    attributes.sort_by_key(|attribute| attribute.tag);
    attributes.dedup();
    attributes
}

fn name(attribute: &MappedAttribute) -> String {
    format!("{:04X}{:04X}", attribute.tag.0, attribute.tag.1)
}

/// Casts a dataset, unless it is refused, and says what of it is no FHIR.
fn cast(set: &Dataset, rules: &Rules, what: &str, found: &mut Vec<String>) {
    // The text of an issuer as dicom-cast wrote it is a URI, and no absolute one.
    let is_text = |fault: &String| rules.issuer_as_system && fault.contains("no absolute uri");
    let key = key("1.2", "1.3", "1.4");
    let read = || Change::read(1, key.clone(), Action::Create, Some(set), rules);
    let Ok(change) = read() else {
        return;
    };
    let mut world = World::default();
    world.cast_by(rules, [change]).unwrap();
    let resources = world.resources.values();
    let resources = resources.map(|json| serde_json::from_str::<Value>(json).unwrap());
    let faults = resources.flat_map(|resource| faults(&resource));
    let faults = faults.filter(|fault| !is_text(fault));
    found.extend(faults.map(|fault| format!("{what}: {fault}")));
    let again = world.cast_by(rules, [read().unwrap()]).unwrap();
    if !again.writes.is_empty() {
        found.push(format!("{what}: said again it is written again"));
    }
}

/// All faults at once, the first of each place.
fn assert_none(mut found: Vec<String>) {
    found.sort();
    found.dedup();
    assert!(
        found.is_empty(),
        "{} faults:\n{}",
        found.len(),
        found.join("\n")
    );
}

fn element(vr: &str, value: &str) -> String {
    format!(r#"{{"vr":"{vr}","Value":{value}}}"#)
}

/// Those without which an entry fails, each by itself; all others of a representation together.
#[test]
fn each_attribute_with_the_worst_of_its_representation_gives_valid_fhir() {
    let (mut found, key) = (Vec::new(), key("1.2", "1.3", "1.4"));
    let mut groups: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for attribute in attributes().iter().filter(|it| it.vr != "SQ") {
        let alone = ["PatientID", "IssuerOfPatientID", "Modality", "SOPClassUID"];
        let alone = alone.into_iter().find(|name| *name == attribute.keyword);
        let group = groups.entry((attribute.vr, alone.unwrap_or_default()));
        group.or_default().push(name(attribute));
    }
    for ((vr, alone), tags) in &groups {
        for value in values::worst(vr) {
            let json = element(vr, &value);
            let elements: Vec<_> = tags
                .iter()
                .map(|tag| (tag.as_str(), json.as_str()))
                .collect();
            for rules in all_rules() {
                let what = format!("{alone} {vr} {value}");
                cast(&dataset(&key, &elements), &rules, &what, &mut found);
            }
        }
    }
    assert_none(found);
}

/// Each value in some attributes, and each attribute with some values.
#[test]
fn each_attribute_of_an_item_with_the_worst_of_its_representation_gives_valid_fhir() {
    let (mut found, key) = (Vec::new(), key("1.2", "1.3", "1.4"));
    let attributes = attributes();
    let sequences: Vec<_> = attributes
        .iter()
        .filter(|it| it.vr == "SQ")
        .map(name)
        .collect();
    let [rules, by_issuer] = all_rules();
    for (at, (tag, vr)) in values::IN_ITEMS.iter().enumerate() {
        let values = values::worst(vr).into_iter();
        for (_, value) in values.enumerate().filter(|(nth, _)| (nth + at) % 3 == 0) {
            let mut item = values::item();
            item[*tag] = serde_json::from_str(&element(vr, &value)).unwrap();
            let json = json!({ "vr": "SQ", "Value": [values::nested(&item)] }).to_string();
            let elements: Vec<_> = sequences
                .iter()
                .map(|tag| (tag.as_str(), json.as_str()))
                .collect();
            let set = dataset(&key, &elements);
            let what = format!("item {tag} {value}");
            cast(&set, &rules, &what, &mut found);
            if values::OF_ISSUERS.contains(tag) {
                cast(&set, &by_issuer, &what, &mut found);
            }
        }
    }
    assert_none(found);
}

/// Each value in some places, and each place with some values.
#[test]
fn each_value_of_a_dose_report_with_the_worst_of_its_representation_gives_valid_fhir() {
    let elements = report::elements("113701", &values::content(), &[]).into_iter();
    let id = ("00100020".to_owned(), element("LO", r#"["P1"]"#));
    let whole = elements
        .chain([id])
        .map(|(tag, json)| (tag, serde_json::from_str(&json).unwrap()));
    let whole = Value::Object(whole.collect());
    let (mut found, mut places) = (Vec::new(), Vec::new());
    values::places(&whole, "", &mut places);
    assert!(places.len() > 60, "{}", places.len());
    for (at, place) in places.iter().enumerate() {
        let values = values::worst(values::representation(place)).into_iter();
        for (_, value) in values.enumerate().filter(|(nth, _)| (nth + at) % 6 == 0) {
            let mut report = whole.clone();
            *report.pointer_mut(place).unwrap() = serde_json::from_str(&value).unwrap();
            for (tag, uid) in [
                ("0020000D", "1.2"),
                ("0020000E", "1.3"),
                ("00080018", "1.4"),
            ] {
                report[tag] = json!({ "Value": [uid] });
            }
            let set = Dataset::parse(sieved(&report.to_string())).unwrap();
            cast(
                &set,
                &all_rules()[0],
                &format!("{place} {value}"),
                &mut found,
            );
        }
    }
    assert_none(found);
}
