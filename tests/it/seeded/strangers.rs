//! Patients of others whose identifiers are nearly those of ours, and a server whose searches and
//! conditions match them too, until that is repaired.

use serde_json::{Value, json};

use super::issuers::is_of;
use super::world::{State, study_uid};
use crate::cast_world::{items, text};

/// The names of the patients.
const NAMES: [&str; 2] = ["Patient/stranger-1", "Patient/stranger-2"];

/// Whether there are such patients in the world of a seed.
fn are_there(seed: u64) -> bool {
    seed % 4 == 1
}

/// Stores the patients.
pub fn settle_in(state: &mut State) {
    if !are_there(state.plan.seed) {
        return;
    }
    for (name, system, value) in [(NAMES[0], "urn:mrn", "p1"), (NAMES[1], "urn:other", "P2")] {
        let id = name.split_once('/').unwrap().1;
        let patient = json!({ "resourceType": "Patient", "id": id, "meta": { "versionId": "1" },
                              "identifier": [{ "system": system, "value": value }] });
        state
            .resources
            .insert(name.to_owned(), vec![patient.to_string()]);
    }
}

/// Whether a patient is one of them.
pub fn is_one(patient: &Value) -> bool {
    text(&patient["id"]).starts_with("stranger-")
}

/// Whether the server compares identifiers loosely now.
pub fn is_loose(state: &State) -> bool {
    are_there(state.plan.seed) && !state.repaired
}

/// Compares identifiers without case and system.
pub fn matches_loosely(resource: &Value, query: &str) -> bool {
    let query = query.to_lowercase();
    let mut values = items(&resource["identifier"]).map(|it| text(&it["value"]).to_lowercase());
    values.any(|value| {
        let ends = ["", "&", "%2c"].map(|end| format!("%7c{value}{end}"));
        query.ends_with(&ends[0]) || ends[1..].iter().any(|token| query.contains(token))
    })
}

/// Nothing refers to a patient or an Endpoint of another key, not for a moment, and nobody else's
/// patient is written.
pub fn watch(state: &mut State, name: &str, resource: &Value) {
    if NAMES.contains(&name) {
        state.violate(format!("{name} is somebody else's and is written"));
    }
    if !name.starts_with("ImagingStudy/") {
        return;
    }
    let uid = text(&resource["identifier"][0]["value"]).trim_start_matches("urn:oid:");
    let study = (0..3).find(|study| study_uid(*study) == uid);
    let subject = text(&resource["subject"]["reference"]);
    let patient = state
        .resources
        .get(subject)
        .and_then(|versions| versions.last());
    let patient: Option<Value> = patient.and_then(|json| serde_json::from_str(json).ok());
    let is_own = study
        .zip(patient)
        .is_some_and(|(study, patient)| is_of(state, study, &patient));
    if !is_own {
        state.violate(format!("{name} refers to {subject}, which is another's"));
    }
}
