//! Issuers of patient ids: one id of two hospitals, for two seeds of three.

use std::sync::Arc;

use serde_json::Value;

use super::invariants::newest;
use super::merges;
use super::newest::study_of;
use super::strangers;
use super::world::{Instance, State, study_uid};
use crate::cast_world::{items, text};

/// A patient id and who issued it.
pub type Stated = (&'static str, Option<&'static str>);

/// The patient to whom studies are moved, in worlds where updates do that.
const MOVED_TO: Stated = ("P3", None);

/// The patient id of a study and who issued it.
pub fn stated(state: &State, study: u8) -> Stated {
    stated_where(state, study, false)
}

/// The patient id that an instance states and who issued it.
pub fn stated_by(state: &State, instance: &Instance) -> Stated {
    stated_where(state, instance.study, instance.strays)
}

fn stated_where(state: &State, study: u8, strays: bool) -> Stated {
    let revision = state.revisions.get(&study).copied().unwrap_or(0);
    match state.plan.moves && (revision % 2 == 1) != strays {
        true => MOVED_TO,
        false => first_stated(state.plan.seed, study),
    }
}

/// All that a study has ever stated, or may yet.
fn ever_stated(state: &State, study: u8) -> impl Iterator<Item = Stated> {
    let first = first_stated(state.plan.seed, study);
    std::iter::once(first).chain(state.plan.moves.then_some(MOVED_TO))
}

fn first_stated(seed: u64, study: u8) -> Stated {
    match (seed % 3, study) {
        (0, 0 | 1) => ("P1", None),
        (0, _) => ("P2", None),
        (1, 1) => ("P1", None),
        (_, 0 | 1) => ("P1", Some("HOSP-A")),
        (_, _) => ("P1", Some("HOSP-B")),
    }
}

/// The family name of a patient, by which patients are told apart whatever is merged.
pub fn family(seed: u64, of: Stated) -> Option<&'static str> {
    match of {
        (_, Some(issuer)) => Some(issuer),
        // Whose patient that is depends on who is home.
        ("P1", None) if seed % 3 == 1 => None,
        (id, None) => Some(id),
    }
}

/// Every study refers to the patient of its own issuer, and nobody else was ever made. Nobody has an
/// issuer's identity before it is known durably who is home.
pub fn check(state: &State) -> Vec<String> {
    let patients = newest(state, "Patient");
    let mut found = Vec::new();
    let mut expected = Vec::new();
    for study in newest(state, "ImagingStudy") {
        let Some(at) = study_of(&study) else {
            continue;
        };
        let uid = study_uid(at);
        let subject = text(&study["subject"]["reference"]);
        if !merges::is_whose(state, at, subject) {
            found.push(format!("study {uid} refers to {subject}"));
        }
    }
    for at in 0..3 {
        expected.extend(patients.iter().filter(|patient| is_of(state, at, patient)));
    }
    let is_nobodys = |it: &&Arc<Value>| !expected.contains(it) && !strangers::is_one(it);
    if let Some(patient) = patients.iter().find(is_nobodys) {
        found.push(format!("a patient of nobody: {patient}"));
    }
    found
}

/// Whether a patient is that of a study, or was: by the identifier under which it was made.
pub fn is_of(state: &State, study: u8, patient: &Value) -> bool {
    let made_by = items(&patient["identifier"]).next();
    let mut stated = ever_stated(state, study);
    made_by.is_some_and(|it| stated.any(|stated| is_identifier(state, stated, it)))
}

/// Whether a patient is one whom an instance of the study names that is there now.
pub fn is_now_of(state: &State, study: u8, patient: &Value) -> bool {
    let there = |it: &&Instance| it.study == study && it.current.is_some();
    let mut there = state.instances.iter().filter(there);
    let made_by = items(&patient["identifier"]).next();
    made_by
        .is_some_and(|made_by| there.any(|it| is_identifier(state, stated_by(state, it), made_by)))
}

/// The family names that a patient may have: those of the identifiers in use that the patient
/// carries, by a merge as well.
pub fn families(state: &State, patient: &Value) -> Vec<&'static str> {
    let in_use = || items(&patient["identifier"]).filter(|it| it["use"] != "old");
    let stated = (0..3).flat_map(|study| ever_stated(state, study));
    let carried = stated.filter(|stated| in_use().any(|it| is_identifier(state, *stated, it)));
    let seed = state.plan.seed;
    carried.filter_map(|stated| family(seed, stated)).collect()
}

fn is_identifier(state: &State, (id, issuer): Stated, identifier: &Value) -> bool {
    let home = state.home_issuer.as_ref();
    let home = home.and_then(|home| home.name.as_deref());
    let is_apart = issuer.is_some() && issuer != home;
    let system = text(&identifier["system"]);
    let is_system = if is_apart {
        system.starts_with("urn:uuid:") && identifier["assigner"]["display"].as_str() == issuer
    } else {
        system == "urn:mrn"
    };
    // Nobody is apart before somebody is home.
    let is_known = issuer.is_none() || home.is_some();
    is_known && is_system && text(&identifier["value"]) == id
}
