//! Other writers of the FHIR server: they leave remarks in resources of ours, which must stay.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::world::State;
use crate::cast_world::items;

/// Of how many requests one finds that somebody else has just written.
const ONE_OF: u8 = 16;

/// The element that remarks stand in; no mapping has it.
const ELEMENT: &str = "note";

/// Perhaps somebody else writes to a study or a patient.
pub fn meddle(state: &mut State, now: &str) {
    if state.calm || state.others.u8(..ONE_OF) != 0 {
        return;
    }
    let all = state.stored.all().map(|(name, _)| name.clone());
    let names: Vec<_> = all.filter(|name| !name.starts_with("Endpoint/")).collect();
    let Some(name) = state.others.choice(names) else {
        return;
    };
    let remark = state.others.u64(..);
    let mut resource = (**state.stored.newest(&name).unwrap()).clone();
    let mut remarks: Vec<_> = items(&resource[ELEMENT]).cloned().collect();
    remarks.push(json!({ "text": remark.to_string() }));
    resource[ELEMENT] = json!(remarks);
    state.stored.put(&name, resource, now);
    state.happened("a remark");
    state.remarks.entry(name).or_default().insert(remark);
}

/// Whether there is a remark in a resource.
pub fn have_noted(state: &State, name: &str) -> bool {
    state.remarks.contains_key(name)
}

/// Every remark is still there.
pub fn check(state: &State, found: &mut Vec<String>) {
    for (name, remarks) in &state.remarks {
        let nothing = Arc::default();
        let resource = state.stored.newest(name).unwrap_or(&nothing);
        let left = items(&resource[ELEMENT]).filter_map(|remark| remark["text"].as_str());
        let left: BTreeSet<_> = left.filter_map(|text| text.parse().ok()).collect();
        let lost = remarks.difference(&left).count();
        if lost > 0 {
            found.push(format!("{name} lost {lost} remarks of others"));
        }
    }
}
