//! Somebody merges patients of ours, as servers do that offer it: the source is out of use and links
//! to the target, which may take over its identifier, and its studies.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::strangers;
use super::world::State;
use crate::cast_world::{items, text};

/// Patients that were merged into others.
#[derive(Debug, Default)]
pub struct Merged(BTreeMap<String, Merge>);

/// Into whom, and when.
#[derive(Debug)]
struct Merge {
    target: String,
    second: u64,
}

/// Of how many requests one finds that patients have just been merged, while some are to be.
const ONE_OF: u8 = 10;

/// For so long somebody may be referred to who was merged meanwhile: what was read before, and is
/// under way.
const UNDER_WAY: u64 = 120;

/// What the target has of the identifier of the source.
#[derive(Clone, Copy)]
enum Takes {
    Nothing,
    AsOld,
    AsItsOwn,
}

/// Perhaps a patient is merged into another one.
pub fn meddle(state: &mut State, now: &str, second: u64) {
    let most = state.plan.fhir_lies.merges;
    if state.calm || state.merged.0.len() >= most || state.others.u8(..ONE_OF) != 0 {
        return;
    }
    let patients = state.stored.of_type("Patient");
    let in_use = patients.filter(|(_, it)| it["active"] != false && !strangers::is_one(it));
    let mut in_use: Vec<String> = in_use.map(|(name, _)| name.clone()).collect();
    state.others.shuffle(&mut in_use);
    if let [source, target, ..] = in_use.as_slice() {
        merge(state, source, target, now);
        let merge = Merge {
            target: target.clone(),
            second,
        };
        state.merged.0.insert(source.clone(), merge);
        state.happened("a patient merged");
    }
}

fn merge(state: &mut State, source: &str, target: &str, now: &str) {
    let takes = [Takes::Nothing, Takes::AsOld, Takes::AsItsOwn];
    let takes = state.others.choice(takes).unwrap();
    let newest = |name| (**state.stored.newest(name).unwrap()).clone();
    let (mut merged, mut left) = (newest(source), newest(target));
    let mut identifiers: Vec<Value> = items(&left["identifier"]).cloned().collect();
    let mut identifier = merged["identifier"][0].clone();
    match takes {
        Takes::Nothing => {}
        Takes::AsOld => {
            identifier["use"] = json!("old");
            identifiers.push(identifier);
        }
        Takes::AsItsOwn => identifiers.push(identifier),
    }
    left["identifier"] = json!(identifiers);
    left["link"] = json!([{ "other": { "reference": source }, "type": "replaces" }]);
    merged["active"] = json!(false);
    merged["link"] = json!([{ "other": { "reference": target }, "type": "replaced-by" }]);
    state.stored.put(source, merged, now);
    state.stored.put(target, left, now);
    if state.others.bool() {
        take_over_studies(state, source, target, now);
    }
}

fn take_over_studies(state: &mut State, source: &str, target: &str, now: &str) {
    let studies = state.stored.of_type("ImagingStudy");
    let of_source = studies.filter(|(_, study)| study["subject"]["reference"] == source);
    let of_source = of_source.map(|(name, study)| (name.clone(), Arc::clone(study)));
    for (name, study) in of_source.collect::<Vec<_>>() {
        let mut study = (*study).clone();
        study["subject"]["reference"] = json!(target);
        state.stored.put(&name, study, now);
    }
}

impl Merged {
    /// Whether a patient is used in the place of another one, or is that one.
    pub fn stands_for(&self, name: &str, other: &str) -> bool {
        let next = |name: &&str| self.0.get(*name).map(|merge| merge.target.as_str());
        std::iter::successors(Some(other), next).any(|it| it == name)
    }

    /// Whether a patient was merged into another one.
    pub fn is_out_of_use(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether nobody who looked could take a patient for one that is in use.
    pub fn is_long_out_of_use(&self, name: &str, second: u64) -> bool {
        let merge = self.0.get(name);
        merge.is_some_and(|merge| second.saturating_sub(merge.second) > UNDER_WAY)
    }
}

/// Whether a study's patient may be this one: the one of these attributes, or who is in the place of
/// that one.
pub fn is_whose(state: &State, study: u8, subject: &str) -> bool {
    let mut patients = state.stored.of_type("Patient");
    patients.any(|(name, patient)| {
        super::issuers::is_of(state, study, patient) && state.merged.stands_for(subject, name)
    })
}

/// In the end, once something was said of every study, none is a patient's who was merged.
pub fn check(state: &State, found: &mut Vec<String>) {
    for (name, study) in state.stored.of_type("ImagingStudy") {
        let subject = text(&study["subject"]["reference"]);
        let said = super::newest::instances(study).any(|(at, _)| {
            let instance = &state.instances[at];
            let is_read = instance.nature != super::plan::Nature::Unreadable;
            is_read && instance.current.is_some()
        });
        if said && state.merged.is_out_of_use(subject) {
            found.push(format!("{name} is left with {subject}, who was merged"));
        }
    }
}
