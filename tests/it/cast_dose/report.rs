//! Dose reports in DICOM JSON, item by item.

use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Action, Change, Rules};
use serde_json::{Value, json};

use crate::cast_world::{World, dataset, items, key, rules, text};

pub(crate) const X_RAY_CLASS: &str = "1.2.840.10008.5.1.4.1.1.88.67";

/// The study, series and instance of most tests.
pub(crate) fn place() -> InstanceKey {
    key("1.2", "1.3", "1.4")
}

/// The system of one of the identifiers that tell the study.
pub(crate) fn sid(kind: &str) -> String {
    format!("https://radcast.invalid/fhir/sid/{kind}")
}

/// A code sequence of one item.
pub(crate) fn code(value: &str, scheme: &str) -> Value {
    json!({ "vr": "SQ", "Value": [{
        "00080100": { "vr": "SH", "Value": [value] },
        "00080102": { "vr": "SH", "Value": [scheme] },
        "00080104": { "vr": "LO", "Value": [format!("meaning of {value}")] },
    }] })
}

/// A content item: its name `CODE` or `CODE,SCHEME`, its value, what is below it.
pub(crate) fn item(name: &str, value: Value, below: &[Value]) -> Value {
    let (concept, scheme) = name.split_once(',').unwrap_or((name, "DCM"));
    let mut item = value;
    item["0040A043"] = code(concept, scheme);
    if !below.is_empty() {
        item["0040A730"] = json!({ "vr": "SQ", "Value": below });
    }
    item
}

pub(crate) fn container(name: &str, below: &[Value]) -> Value {
    item(
        name,
        json!({ "0040A040": { "vr": "CS", "Value": ["CONTAINER"] } }),
        below,
    )
}

/// NUM: a number in JSON, or anything else in its place.
pub(crate) fn number(name: &str, value: Value, unit: &str) -> Value {
    let measured = json!({
        "0040A30A": { "vr": "DS", "Value": [value] },
        "004008EA": code(unit, "UCUM"),
    });
    item(
        name,
        json!({ "0040A300": { "vr": "SQ", "Value": [measured] } }),
        &[],
    )
}

pub(crate) fn coded(name: &str, value: &str, below: &[Value]) -> Value {
    let (value, scheme) = value.split_once(',').unwrap_or((value, "DCM"));
    item(name, json!({ "0040A168": code(value, scheme) }), below)
}

pub(crate) fn words(name: &str, value: &str) -> Value {
    item(
        name,
        json!({ "0040A160": { "vr": "UT", "Value": [value] } }),
        &[],
    )
}

pub(crate) fn uid(name: &str, value: &str) -> Value {
    item(
        name,
        json!({ "0040A124": { "vr": "UI", "Value": [value] } }),
        &[],
    )
}

pub(crate) fn moment(name: &str, value: &str) -> Value {
    item(
        name,
        json!({ "0040A120": { "vr": "DT", "Value": [value] } }),
        &[],
    )
}

/// An X-ray event of this UID.
pub(crate) fn event(of_uid: &str, below: &[Value]) -> Value {
    let all: Vec<_> = std::iter::once(uid("113769", of_uid))
        .chain(below.iter().cloned())
        .collect();
    container("113706", &all)
}

/// The elements of a report with this title: content and what is given beside it.
pub(crate) fn elements(
    title: &str,
    content: &[Value],
    beside: &[(&str, Value)],
) -> Vec<(String, String)> {
    let mut root = container(title, content);
    root["00080016"] = json!({ "vr": "UI", "Value": [X_RAY_CLASS] });
    root["00080060"] = json!({ "vr": "CS", "Value": ["SR"] });
    root["0040A491"] = json!({ "vr": "CS", "Value": ["COMPLETE"] });
    for (tag, value) in beside {
        root[*tag] = value.clone();
    }
    let members = root.as_object().unwrap().iter();
    members
        .map(|(tag, value)| (tag.clone(), value.to_string()))
        .collect()
}

/// What an instance says by these elements.
pub(crate) fn stored(
    sequence: u64,
    key: InstanceKey,
    elements: &[(String, String)],
    rules: &Rules,
) -> Change {
    let elements: Vec<_> = elements
        .iter()
        .map(|(tag, json)| (tag.as_str(), json.as_str()))
        .collect();
    let dataset = dataset(&key, &elements);
    Change::read(sequence, key, Action::Create, Some(&dataset), rules).unwrap()
}

/// An X-ray report with this content.
pub(crate) fn x_ray(sequence: u64, key: InstanceKey, content: &[Value]) -> Change {
    stored(sequence, key, &elements("113701", content, &[]), &rules())
}

/// The summary and the events that are stored.
pub(crate) fn observations(world: &World) -> (Vec<Value>, Vec<Value>) {
    let all = world.all("Observation").into_iter();
    all.partition(|it| text(&it["code"]["coding"][0]["code"]) == "73569-6")
}

/// The one summary.
pub(crate) fn summary(world: &World) -> Value {
    let (mut summaries, _) = observations(world);
    assert_eq!(summaries.len(), 1, "{summaries:?}");
    summaries.remove(0)
}

/// The one event.
pub(crate) fn only_event(world: &World) -> Value {
    let (_, mut events) = observations(world);
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

/// What a report with this content casts into.
pub(crate) fn cast(content: &[Value]) -> World {
    let mut world = World::default();
    world.cast([x_ray(1, place(), content)]);
    world
}

/// The components whose code is this one.
pub(crate) fn components<'a>(observation: &'a Value, code: &str) -> Vec<&'a Value> {
    let all = items(&observation["component"]);
    all.filter(|it| text(&it["code"]["coding"][0]["code"]) == code)
        .collect()
}
