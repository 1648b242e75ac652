//! Issuers of patient ids: one id of two hospitals, for two seeds of three.

use serde_json::Value;

use super::invariants::newest;
use super::strangers;
use super::world::{State, study_uid};
use crate::cast_world::{items, text};

/// The patient id of a study and who issued it.
pub fn stated(seed: u64, study: u8) -> (&'static str, Option<&'static str>) {
    match (seed % 3, study) {
        (0, 0 | 1) => ("P1", None),
        (0, _) => ("P2", None),
        (1, 1) => ("P1", None),
        (_, 0 | 1) => ("P1", Some("HOSP-A")),
        (_, _) => ("P1", Some("HOSP-B")),
    }
}

/// Every study refers to the patient of its own issuer, and nobody else was ever made. Nobody has an
/// issuer's identity before it is known durably who is home.
pub fn check(state: &State) -> Vec<String> {
    let patients = newest(state, "Patient/");
    let mut found = Vec::new();
    let mut expected = Vec::new();
    for study in newest(state, "ImagingStudy/") {
        let uid = text(&study["identifier"][0]["value"]).trim_start_matches("urn:oid:");
        let Some(at) = (0..3).find(|at| study_uid(*at) == uid) else {
            continue;
        };
        let subject = text(&study["subject"]["reference"]);
        let id = subject.trim_start_matches("Patient/");
        let patient = patients.iter().find(|patient| patient["id"] == id);
        if !patient.is_some_and(|patient| is_of(state, at, patient)) {
            found.push(format!("study {uid} refers to {patient:?}"));
        }
    }
    for at in 0..3 {
        expected.extend(patients.iter().filter(|patient| is_of(state, at, patient)));
    }
    let is_nobodys = |it: &&Value| !expected.contains(it) && !strangers::is_one(it);
    if let Some(patient) = patients.iter().find(is_nobodys) {
        found.push(format!("a patient of nobody: {patient}"));
    }
    found
}

pub fn is_of(state: &State, study: u8, patient: &Value) -> bool {
    let (id, issuer) = stated(state.plan.seed, study);
    let home = state.home_issuer.as_ref();
    let home = home.and_then(|home| home.name.as_deref());
    let is_apart = issuer.is_some() && issuer != home;
    let own = items(&patient["identifier"]).next();
    own.is_some_and(|own| {
        let system = text(&own["system"]);
        let is_system = if is_apart {
            system.starts_with("urn:uuid:") && own["assigner"]["display"].as_str() == issuer
        } else {
            system == "urn:mrn"
        };
        // Nobody is apart before somebody is home.
        let is_known = issuer.is_none() || home.is_some();
        is_known && is_system && text(&own["value"]) == id
    })
}
