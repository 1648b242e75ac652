//! Nothing that is newer is overwritten by what is older.

use serde_json::Value;

use super::world::{State, instance_of};
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

/// Not for a moment, but where two replicas work without a lease until one of them finds the other's
/// position. Of what is said of the whole study, what a settled entry said counts: a group that was
/// written and whose answer, or the read after that, was lost may go out again entry by entry.
pub fn watch(state: &mut State, name: &str, resource: &Value) {
    if !name.starts_with("ImagingStudy/") {
        return;
    }
    let is_contended = state.plan.is_contended();
    for (instance, version) in instances(resource) {
        let before = state.committed.get(&instance).copied();
        let newest = before.unwrap_or(0).max(version);
        state.committed.insert(instance, newest);
        if before > Some(version) && !is_contended {
            state.violate(format!(
                "{name}: version {version} of instance {instance} over {before:?}"
            ));
        }
    }
    let stored = state
        .resources
        .get(name)
        .and_then(|versions| versions.last());
    let stored: Option<Value> = stored.map(|stored| serde_json::from_str(stored).unwrap());
    let before = stored.as_ref().and_then(revision);
    let now = revision(resource);
    let settled = state
        .position
        .as_ref()
        .map_or(0, |(state, _)| state.sequence);
    let is_settled = stored
        .iter()
        .flat_map(instances)
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
