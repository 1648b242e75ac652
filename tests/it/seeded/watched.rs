//! What we write, held against whom it is of, and against what others have in it; not for a moment
//! is anything else.

use std::sync::Arc;

use serde_json::Value;

use super::newest::study_of;
use super::world::State;
use super::{archive, issuers, merges, others, strangers};
use crate::cast_world::{items, text};

/// The address of our service.
const OURS: &str = "https://dicom.example/";

/// We write a resource.
pub fn write(state: &mut State, name: &str, resource: &Value, second: u64) {
    if strangers::are(name) {
        state.violate(format!("{name} is somebody else's and is written"));
    }
    match name.split('/').next() {
        Some("Patient") => write_patient(state, name, resource),
        Some("ImagingStudy") => write_study(state, name, resource, second),
        Some("Endpoint") if !text(&resource["address"]).starts_with(OURS) => {
            state.violate(format!("{name} is another service's and is written"));
        }
        _ => {}
    }
}

/// A patient has the name of no other one.
fn write_patient(state: &mut State, name: &str, patient: &Value) {
    let own = issuers::families(state, patient);
    let is_own = |it: &Value| own.contains(&text(&it["family"]));
    if !items(&patient["name"]).all(is_own) {
        state.violate(format!("{name} has another one's name: {patient}"));
    }
}

fn write_study(state: &mut State, name: &str, resource: &Value, second: u64) {
    let before = state.stored.newest(name).cloned();
    let subject = text(&resource["subject"]["reference"]);
    let study = study_of(resource);
    if !study.is_some_and(|study| merges::is_whose(state, study, subject)) {
        state.violate(format!("{name} refers to {subject}, which is another's"));
    }
    let is_new = before
        .as_ref()
        .is_none_or(|it| it["subject"]["reference"] != subject);
    if is_new && state.merged.is_long_out_of_use(subject, second) {
        state.violate(format!(
            "{name} refers to {subject}, who was merged long ago"
        ));
    }
    check_endpoints(state, name, resource);
    archive::watch(state, name, before.as_deref(), resource);
}

/// A study and its series refer to our service, and to those to which others referred them.
fn check_endpoints(state: &mut State, name: &str, study: &Value) {
    let of_series = items(&study["series"]).flat_map(|series| items(&series["endpoint"]));
    let all = items(&study["endpoint"]).chain(of_series);
    let references: Vec<_> = all.map(|it| text(&it["reference"]).to_owned()).collect();
    for reference in references {
        let endpoint: Option<&Arc<Value>> = state.stored.newest(&reference);
        let is_known = endpoint.is_some_and(|it| {
            text(&it["address"]).starts_with(OURS) || archive::is_its_endpoint(it)
        });
        if !is_known {
            state.violate(format!("{name} refers to {reference}, which is another's"));
        }
    }
}

/// We delete a resource: a study, of which nobody else has anything.
pub fn delete(state: &mut State, name: &str) {
    let stored = state.stored.newest(name).cloned();
    let study = stored.as_deref().and_then(study_of);
    let Some(study) = study.filter(|_| name.starts_with("ImagingStudy/")) else {
        state.violate(format!("{name} is deleted"));
        return;
    };
    if state.archive.has_part_in(study) {
        state.violate(format!("{name} is deleted, which another archive has"));
    }
    if others::have_noted(state, name) {
        state.violate(format!(
            "{name} is deleted, in which others noted something"
        ));
    }
}
