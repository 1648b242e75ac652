//! Additions of others to a study that radcast created: a study with additions is emptied, not deleted.
//!
//! Ours are the elements of the mapping, and of their lists the items that carry our marks, or are of
//! dicom-cast's form. What a server writes into `meta`, and a narrative that was generated, is
//! nobody's.

use serde_json::{Map, Value};

use super::super::element::system;
use super::super::marked::is_marked;
use super::super::object::Object;
use super::super::row::Row;
use super::attributes;
use super::digests::{CONTESTED, OF_OTHER_PATIENT, UNLISTED};
use super::holdings;
use super::services::Services;

/// Members of a study that are ours whatever they say.
const OF_STUDY: &[&str] = &[
    "resourceType",
    "id",
    "meta",
    "subject",
    "started",
    "description",
    "numberOfSeries",
    "numberOfInstances",
    "series",
];

/// Members of a series that are ours whatever they say.
const OF_SERIES: &[&str] = &[
    "uid",
    "number",
    "modality",
    "description",
    "numberOfInstances",
    "endpoint",
    "bodySite",
    "laterality",
    "started",
    "instance",
];

/// Whether somebody added to the study beside its series, or referred it to another service.
pub(super) fn are_in_study(study: &Object, services: &Services<'_>) -> bool {
    let members = members(study);
    let is_ours = |(name, value): (&String, &Value)| match name.as_str() {
        name if OF_STUDY.contains(&name) => true,
        "status" => matches!(value.as_str(), Some("available" | "registered")),
        "text" => value.get("status").and_then(Value::as_str) == Some("generated"),
        "endpoint" => items(value).all(|it| is_our_service(it, services)),
        "identifier" => items(value).all(is_our_identifier),
        "modality" => items(value).all(is_of_dicom),
        "note" => !members.contains_key("description") && items(value).all(is_description),
        "extension" => items(value).all(is_our_extension),
        name => are_marked(attributes::STUDY, name, "", value),
    };
    !members.iter().all(is_ours)
}

/// Whether somebody added to a series, beside its instances.
pub(super) fn are_in_series(series: &Object) -> bool {
    let uid = series.text("uid").ok().flatten().unwrap_or_default();
    let is_ours = |(name, value): (&String, &Value)| match name.as_str() {
        name if OF_SERIES.contains(&name) => true,
        "extension" => items(value).all(is_our_extension),
        name => are_marked(attributes::SERIES, name, &format!("-{uid}"), value),
    };
    !members(series).iter().all(is_ours)
}

fn members(object: &Object) -> Map<String, Value> {
    let json = serde_json::to_value(object);
    match json {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// The items of a list, or the one where there is but one.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    let list = value.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().chain((!value.is_array()).then_some(value))
}

/// Whether all items of an element carry the mark of a row.
fn are_marked(rows: &[Row], element: &str, end: &str, value: &Value) -> bool {
    let marks = rows.iter().filter(|row| row.element == element);
    let marks: Vec<_> = marks.map(|row| format!("{}{end}", row.keyword())).collect();
    let is_ours = |item: &Value| marks.iter().any(|mark| is_marked(item, mark));
    items(value).all(is_ours)
}

fn is_our_service(endpoint: &Value, services: &Services<'_>) -> bool {
    let reference = endpoint.get("reference").and_then(Value::as_str);
    reference.is_some_and(|it| services.is_ours(it) || services.is_gone(it))
}

/// The UID, in one system or two, an accession number, or an item with our mark.
fn is_our_identifier(identifier: &Value) -> bool {
    let text = |pointer| identifier.pointer(pointer).and_then(Value::as_str);
    let of_system = text("/system").unwrap_or_default();
    let is_uid = of_system == system::DICOM_UID || of_system.ends_with("/studies");
    let is_accession = text("/type/coding/0/code") == Some("ACSN");
    is_uid || is_accession || is_marked(identifier, "StudyID")
}

fn is_of_dicom(modality: &Value) -> bool {
    let of_system = modality.get("system").and_then(Value::as_str);
    matches!(of_system, Some(system::DCM | "DCM"))
}

/// A description as dicom-cast wrote it: by nobody and at no time.
fn is_description(note: &Value) -> bool {
    let members = note.as_object();
    members.is_some_and(|members| members.keys().eq(["text"]))
}

fn is_our_extension(extension: &Value) -> bool {
    let url = extension.get("url").and_then(Value::as_str);
    url.is_some_and(|url| [UNLISTED, OF_OTHER_PATIENT, CONTESTED, holdings::URL].contains(&url))
}
