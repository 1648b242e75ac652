//! What radcast manages in a stored resource: everything else is left alone. Written from the
//! target mapping and the rules of merging, not from the code.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::RawValue;

type Members = IndexMap<String, Box<RawValue>>;

/// What is ours of an element.
enum Ours {
    /// All of it.
    Whole,
    /// These items of the list.
    Items(fn(&Value) -> bool),
    /// All of it, unless it refers to a resource and was not written by us.
    UnlessReference,
    /// These members of the object.
    Members(&'static [&'static str]),
    /// What stands below: an array of objects with a UID; those that are new are ours.
    ByUid,
}

use Ours::{ByUid, Items, Members as Within, UnlessReference, Whole};

/// A coding that is set: what belonged to another code goes with it.
const CODING: Ours = Within(&[
    "system",
    "version",
    "code",
    "display",
    "_display",
    "userSelected",
]);

/// What is ours of the element at a path; none for what is left alone.
fn ours(path: &str) -> Option<Ours> {
    Some(match path {
        "Patient.name" => Items(|name| name["use"] == "usual" || is_marked(name)),
        "Patient.identifier" | "Patient.telecom" | "Patient.address" | "Patient.contact"
        | "Patient.extension" => Items(is_marked),
        "Patient.gender" | "Patient.birthDate" => Whole,
        "Endpoint.identifier" => Items(|one| one["system"] == "urn:ietf:rfc:3986"),
        "Endpoint.address" => Whole,
        "ImagingStudy.identifier" => Items(|one| is_marked(one) || is_plain_accession(one)),
        "ImagingStudy.modality" => {
            // XX is the modality of somebody else's series, and belongs to the union.
            Items(|one| {
                one["system"] == "http://dicom.nema.org/resources/ontology/DCM"
                    || one["code"] == "XX"
            })
        }
        "ImagingStudy.endpoint" | "ImagingStudy.series.endpoint" => {
            Items(|one| one["reference"] == "Endpoint/e")
        }
        "ImagingStudy.extension" | "ImagingStudy.series.extension" => Items(is_our_extension),
        "ImagingStudy.subject" => Within(&["reference"]),
        "ImagingStudy.status"
        | "ImagingStudy.started"
        | "ImagingStudy.description"
        | "ImagingStudy.numberOfSeries"
        | "ImagingStudy.numberOfInstances" => Whole,
        "ImagingStudy.basedOn"
        | "ImagingStudy.interpreter"
        | "ImagingStudy.procedureCode"
        | "ImagingStudy.reasonCode" => Items(is_marked),
        "ImagingStudy.encounter"
        | "ImagingStudy.referrer"
        | "ImagingStudy.location"
        | "ImagingStudy.procedureReference" => UnlessReference,
        "ImagingStudy.series" | "ImagingStudy.series.instance" => ByUid,
        "ImagingStudy.series.modality"
        | "ImagingStudy.series.bodySite"
        | "ImagingStudy.series.laterality"
        | "ImagingStudy.series.instance.sopClass" => CODING,
        "ImagingStudy.series.specimen" | "ImagingStudy.series.performer" => Items(is_marked),
        "ImagingStudy.series.number"
        | "ImagingStudy.series.description"
        | "ImagingStudy.series.started"
        | "ImagingStudy.series.numberOfInstances"
        | "ImagingStudy.series.instance.number"
        | "ImagingStudy.series.instance.title" => Whole,
        _ => return None,
    })
}

fn is_our_extension(extension: &Value) -> bool {
    let url = extension["url"].as_str().unwrap_or_default();
    url.starts_with("https://radcast.invalid/fhir/StructureDefinition/")
}

/// Whether the `id` is a keyword of DICOM, which nothing else has: `ProcedureCodeSequence-2`.
fn is_marked(item: &Value) -> bool {
    let id = item["id"].as_str().unwrap_or_default();
    let word = id.split('-').next().unwrap_or_default();
    word.len() > 6 && word.starts_with(|c: char| c.is_ascii_uppercase())
}

/// What dicom-cast wrote: an accession number without system.
fn is_plain_accession(identifier: &Value) -> bool {
    identifier["type"]["coding"][0]["code"] == "ACSN" && identifier["system"].is_null()
}

/// What is left of a resource without what is ours: before, and after; new series and instances
/// are ours.
pub(super) fn left_alone(resource_type: &str, before: &str, after: &str) -> (String, String) {
    let value: Value = serde_json::from_str(before).unwrap();
    let mut known = BTreeSet::new();
    for series in value["series"].as_array().into_iter().flatten() {
        known.insert(series["uid"].to_string());
        let instances = series["instance"].as_array().into_iter().flatten();
        known.extend(instances.map(|instance| instance["uid"].to_string()));
    }
    let rest = |json| object(resource_type, json, &known);
    (rest(before), rest(after))
}

/// An object without what is ours, its members in their order and bytes.
fn object(path: &str, json: &str, known: &BTreeSet<String>) -> String {
    let members: Members = serde_json::from_str(json).unwrap();
    let rest = members.iter().filter_map(|(name, value)| {
        let rest = member(&format!("{path}.{name}"), value.get(), known)?;
        Some(format!("{name}: {rest}\n"))
    });
    rest.collect()
}

/// What is left of a member, if anything is.
fn member(path: &str, json: &str, known: &BTreeSet<String>) -> Option<String> {
    match ours(path) {
        None => Some(json.to_owned()),
        Some(Whole) => None,
        Some(UnlessReference) => {
            let value: Value = serde_json::from_str(json).unwrap();
            let theirs = value["reference"].is_string() && !is_marked(&value);
            theirs.then(|| json.to_owned())
        }
        Some(Within(names)) => {
            let members: Members = serde_json::from_str(json).unwrap();
            let theirs = members
                .iter()
                .filter(|(name, _)| !names.contains(&name.as_str()));
            let theirs: Vec<_> = theirs
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            (!theirs.is_empty()).then(|| theirs.join(","))
        }
        Some(Items(is_ours)) => {
            let kept = items(json).into_iter().filter(|(_, value)| !is_ours(value));
            let kept: Vec<_> = kept.map(|(text, _)| text).collect();
            (!kept.is_empty()).then(|| kept.join(","))
        }
        Some(ByUid) => {
            let kept = items(json).into_iter();
            let kept = kept.filter(|(_, value)| known.contains(&value["uid"].to_string()));
            let kept: Vec<_> = kept.map(|(text, _)| object(path, &text, known)).collect();
            (!kept.is_empty()).then(|| kept.join("; "))
        }
    }
}

fn items(json: &str) -> Vec<(String, Value)> {
    let raws: Vec<Box<RawValue>> = serde_json::from_str(json).unwrap();
    let parsed = raws.iter().map(|raw| {
        (
            raw.get().to_owned(),
            serde_json::from_str(raw.get()).unwrap(),
        )
    });
    parsed.collect()
}
