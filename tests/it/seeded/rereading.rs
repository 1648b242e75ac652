//! A lost race costs one re-read: a version that the server refused is not sent again before it was
//! read again.

use serde_json::Value;

use super::world::State;
use crate::cast_world::{items, text};

/// A replica sent a version that is not the newest.
pub fn refused(state: &mut State, replica: usize, name: &str, version: &str) {
    // Where answers are mixed up, the refusal or the read may be another's.
    if state.plan.fhir_lies.mixed_up > 0 {
        return;
    }
    // Patients are written by several studies, each of which may have read before.
    let of_study = name.starts_with("ImagingStudy/");
    let sent = (replica, name.to_owned(), version.to_owned());
    if of_study && !state.refused.insert(sent) {
        state.violate(format!("{name}: {version} was refused and is sent again"));
    }
}

/// A replica was told what is stored, be it stale.
pub fn told(state: &mut State, replica: usize, bundle: &Value) {
    for entry in items(&bundle["entry"]) {
        told_of(state, replica, &entry["resource"]);
    }
}

/// As [`told`], of one resource.
pub fn told_of(state: &mut State, replica: usize, resource: &Value) {
    let part = |name| text(&resource[name]);
    let name = format!("{}/{}", part("resourceType"), part("id"));
    let version = format!("W/\"{}\"", text(&resource["meta"]["versionId"]));
    state.refused.remove(&(replica, name, version));
}
