//! Patients of others whose identifiers are nearly those of ours, and a server whose searches and
//! conditions match them too, until that is repaired.

use serde_json::{Value, json};

use super::world::State;
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
        let patient = json!({ "resourceType": "Patient",
                              "identifier": [{ "system": system, "value": value }] });
        state.stored.put(name, patient, "2020-01-01T00:00:00Z");
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

/// Whether a name is that of one of them.
pub fn are(name: &str) -> bool {
    NAMES.contains(&name)
}
