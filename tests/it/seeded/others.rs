//! Other writers of the FHIR server: they leave remarks in resources of ours, which must stay.

use std::collections::BTreeSet;

use serde_json::{Value, json};

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
    let names: Vec<_> = state.resources.keys().cloned().collect();
    let of_ours = |name: &&String| !name.starts_with("Endpoint/");
    let names: Vec<_> = names.iter().filter(of_ours).collect();
    let Some(name) = state.others.choice(names).cloned() else {
        return;
    };
    let remark = state.others.u64(..);
    let versions = state.resources.get_mut(&name).unwrap();
    let mut resource: Value = serde_json::from_str(versions.last().unwrap()).unwrap();
    let mut remarks: Vec<_> = items(&resource[ELEMENT]).cloned().collect();
    remarks.push(json!({ "text": remark.to_string() }));
    resource[ELEMENT] = json!(remarks);
    resource["meta"]["versionId"] = json!((versions.len() + 1).to_string());
    resource["meta"]["lastUpdated"] = json!(now);
    versions.push(resource.to_string());
    state.remarks.entry(name).or_default().insert(remark);
}

/// Every remark is still there, unless its resource is not.
pub fn check(state: &State, found: &mut Vec<String>) {
    for (name, remarks) in &state.remarks {
        let newest = state
            .resources
            .get(name)
            .and_then(|versions| versions.last());
        let Some(newest) = newest else { continue };
        let resource: Value = serde_json::from_str(newest).unwrap();
        let left = items(&resource[ELEMENT]).filter_map(|remark| remark["text"].as_str());
        let left: BTreeSet<_> = left.filter_map(|text| text.parse().ok()).collect();
        let lost = remarks.difference(&left).count();
        if lost > 0 {
            found.push(format!("{name} lost {lost} remarks of others"));
        }
    }
}
