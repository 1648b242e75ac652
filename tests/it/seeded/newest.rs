//! Nothing that is newer is overwritten by what is older.

use serde_json::Value;

use super::world::{State, instance_of, study_uid};
use crate::cast_world::{items, text};

/// The instances of an `ImagingStudy`, with their versions.
pub fn instances(resource: &Value) -> impl Iterator<Item = (usize, u64)> {
    let series = items(&resource["series"]);
    series
        .flat_map(|series| items(&series["instance"]))
        .filter_map(|instance| {
            let number = instance["number"].as_u64().unwrap_or_default();
            Some((instance_of(text(&instance["uid"]))?, number))
        })
}

/// Which study of the model an `ImagingStudy` is.
pub fn study_of(resource: &Value) -> Option<u8> {
    let uid = text(&resource["identifier"][0]["value"]).trim_start_matches("urn:oid:");
    (0..3).find(|study| study_uid(*study) == uid)
}

/// Not for a moment, but where two replicas work without a lease until one of them finds the other's
/// position. What a settled entry said counts: a group that was written and whose answer, or the read
/// after that, was lost may go out again entry by entry.
pub fn watch(state: &mut State, name: &str, resource: &Value) {
    if !name.starts_with("ImagingStudy/") {
        return;
    }
    let is_contended = state.plan.is_contended();
    let settled = state
        .position
        .as_ref()
        .map_or(0, |(state, _)| state.sequence);
    // Another archive that lists a copy says no number of it.
    let numbered = instances(resource).filter(|(_, version)| *version > 0);
    for (instance, version) in numbered {
        let before = state.committed.get(&instance).copied();
        let newest = before.unwrap_or(0).max(version);
        state.committed.insert(instance, newest);
        let is_settled = before.is_some_and(|before| before <= settled);
        if before > Some(version) && is_settled && !is_contended {
            state.violate(format!(
                "{name}: version {version} of instance {instance} over {before:?}"
            ));
        }
    }
    let stored = state.stored.newest(name);
    let before = stored.and_then(|it| revision(it));
    let now = revision(resource);
    let is_settled = stored
        .iter()
        .flat_map(|it| instances(it))
        .all(|(_, version)| version <= settled);
    if before > now && is_settled && !is_contended {
        state.violate(format!("{name}: {now:?} over {before:?}"));
    }
}

/// The number of the update that a study's description says.
fn revision(resource: &Value) -> Option<u64> {
    text(&resource["description"])
        .strip_prefix("revision ")?
        .parse()
        .ok()
}
