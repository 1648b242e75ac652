//! What must hold while it runs, and when everything is well again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use radcast_engine::store::{FailureTable, RecordState};
use serde_json::Value;

use super::issuers;
use super::newest::{instances, study_of};
use super::others;
use super::plan::Nature;
use super::world::{State, World, instance_uid, study_uid};
use crate::cast_world::text;

/// Whether an entry is applied, of no effect any more, or recorded.
pub fn is_settled(state: &State, sequence: u64) -> bool {
    let row = &state.rows[&sequence];
    let committed = state.committed.get(&row.instance).copied().unwrap_or(0);
    let later = |deletes: bool| {
        state.rows.range(sequence + 1..).any(|(_, later)| {
            later.instance == row.instance && (later.action == "delete") == deletes
        })
    };
    let applied = match row.action {
        // A second writer without a lease may write once more what it read before the deletion.
        "delete" if state.plan.is_contended() => true,
        "delete" => {
            let is_held = state.archive.had(&instance_uid(row.instance));
            later(false) || is_held || !present(state).contains_key(&row.instance)
        }
        _ => committed >= sequence || later(true),
    };
    applied || state.recorded.contains_key(&sequence)
}

/// The instances in the FHIR server, with their versions.
fn present(state: &State) -> BTreeMap<usize, u64> {
    let studies = newest(state, "ImagingStudy");
    studies.iter().flat_map(|it| instances(it)).collect()
}

pub fn newest(state: &State, of_type: &str) -> Vec<Arc<Value>> {
    let all = state.stored.of_type(of_type);
    all.map(|(_, resource)| Arc::clone(resource)).collect()
}

/// Checks what must hold in the end.
pub fn check(world: &World) {
    let mut state = world.lock();
    let mut found = Vec::new();
    check_position(&state, &mut found);
    // Two writers without a lease find each other by the position; what they write meanwhile is
    // theirs.
    if !state.plan.is_contended() {
        check_content(&state, &mut found);
        check_records(&state, &mut found);
    }
    check_identity(&state, &mut found);
    others::check(&state, &mut found);
    found.extend(issuers::check(&state));
    state.violations.extend(found);
}

fn check_position(state: &State, found: &mut Vec<String>) {
    let last = state
        .rows
        .last_key_value()
        .map_or(0, |(sequence, _)| *sequence);
    let position = state
        .position
        .as_ref()
        .map_or(0, |(state, _)| state.sequence);
    if position != last {
        found.push(format!(
            "the position is {position} and the feed ends at {last}"
        ));
    }
}

/// The instances are those of the feed, but for what is recorded as failed.
fn check_content(state: &State, found: &mut Vec<String>) {
    let open = open(state);
    let present = present(state);
    for (at, instance) in state.instances.iter().enumerate() {
        let failed = state
            .rows
            .iter()
            .any(|(sequence, row)| row.instance == at && open.contains(sequence));
        let expected = instance.current;
        let is_anothers = state.archive.had(&instance_uid(at));
        let is_left = is_anothers && expected.is_none();
        if !failed && !is_left && present.get(&at).copied() != expected {
            found.push(format!(
                "instance {} is {:?} and should be {expected:?}",
                instance_uid(at),
                present.get(&at)
            ));
        }
        let is_unreadable = instance.nature == Nature::Unreadable && !is_anothers;
        if failed && is_unreadable && present.contains_key(&at) {
            found.push(format!("instance {} cannot be there", instance_uid(at)));
        }
    }
    for study in newest(state, "ImagingStudy") {
        check_study(state, &study, &open, found);
    }
}

fn check_study(state: &State, resource: &Value, open: &BTreeSet<u64>, found: &mut Vec<String>) {
    let Some(study) = study_of(resource) else {
        found.push(format!("a study that nobody stored: {resource}"));
        return;
    };
    let uid = study_uid(study);
    let is_said = state.instances.iter().any(|instance| {
        let is_read = instance.nature != Nature::Unreadable;
        instance.study == study && is_read && instance.current.is_some()
    });
    let whole = is_said
        && state.rows.iter().all(|(sequence, row)| {
            state.instances[row.instance].study != study || !open.contains(sequence)
        });
    let revision = state.revisions.get(&study).copied().unwrap_or(0);
    if whole && text(&resource["description"]) != format!("revision {revision}") {
        found.push(format!(
            "study {uid} is not at revision {revision}: {resource}"
        ));
    }
    let subject = text(&resource["subject"]["reference"]);
    let patient = state.stored.newest(subject);
    let is_whose = patient.is_some_and(|it| issuers::is_now_of(state, study, it));
    if whole && state.plan.moves && !is_whose {
        found.push(format!("study {uid} is left with {subject}: {resource}"));
    }
    // Where others had a part in it, it is not ours to delete.
    let is_ours = !state.plan.fhir_lies.archive
        && !others::have_noted(state, &format!("ImagingStudy/{}", text(&resource["id"])));
    if is_ours && instances(resource).next().is_none() {
        found.push(format!("study {uid} is left without instances"));
    }
}

/// Nothing is there twice.
fn check_identity(state: &State, found: &mut Vec<String>) {
    for prefix in ["Patient", "Endpoint", "ImagingStudy"] {
        let mut known = BTreeSet::new();
        for resource in newest(state, prefix) {
            // What comes after is of those who were merged into a patient.
            let identifier = &resource["identifier"][0];
            let identifier = ["system", "value"].map(|part| identifier[part].to_string());
            if !known.insert(identifier) {
                found.push(format!("{prefix} twice: {resource}"));
            }
        }
    }
}

/// What is open is what cannot be applied, and nobody's request is forgotten.
fn check_records(state: &State, found: &mut Vec<String>) {
    for record in state.records.values() {
        let sequence = record.subject.sequence.unwrap_or_default();
        match record.key.table {
            FailureTable::Retrying => {
                found.push(format!("{sequence} is shown as being retried"));
            }
            FailureTable::OmittedValue => {}
            _ => {
                let nature = state
                    .rows
                    .get(&sequence)
                    .map(|row| state.instances[row.instance].nature);
                if record.state == RecordState::Open && nature != Some(Nature::Unreadable) {
                    found.push(format!(
                        "{sequence} ({nature:?}) is still open: {} {}",
                        record.code, record.message
                    ));
                }
                if record.retry {
                    found.push(format!("{sequence} is not retried"));
                }
            }
        }
    }
    check_omitted(state, found);
}

/// Every untidy instance that was read has its row.
fn check_omitted(state: &State, found: &mut Vec<String>) {
    let kept: BTreeSet<u64> = state
        .records
        .values()
        .filter(|record| record.key.table == FailureTable::OmittedValue)
        .filter_map(|record| record.subject.sequence)
        .collect();
    for (at, instance) in state.instances.iter().enumerate() {
        if let (Nature::Untidy, Some(current)) = (instance.nature, instance.current)
            && !kept.contains(&current)
        {
            found.push(format!("no row for what {} lacks", instance_uid(at)));
        }
    }
}

fn open(state: &State) -> BTreeSet<u64> {
    let records = state.records.values();
    records
        .filter(|record| FailureTable::FAILED.contains(&record.key.table))
        .filter(|record| record.state == RecordState::Open)
        .filter_map(|record| record.subject.sequence)
        .collect()
}
