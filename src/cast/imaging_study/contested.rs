//! Which instances count where others say something else, kept in an extension of the study. When one
//! of them is deleted, one that remains has to be read again, and says what holds then.

use std::collections::HashSet;

use crate::dicom::{InstanceKey, is_uid};

use super::super::edit::EditError;
use super::super::object::Object;
use super::super::{Resource, Rules, StudyDelta};
use super::digests::{CONTESTED, Digests, OF_OTHER_PATIENT};
use super::identity::Identity;

/// The most instances that are kept; of a study with more any may be one.
const MAX_KEPT: usize = 256;

/// In the set, in the place of a UID: any instance may be one.
const ANY: &str = "";

impl StudyDelta {
    /// The instance that has to be read again before instances are removed from the stored study:
    /// one that remains, where one that goes was the last to say something, or none remains that is
    /// of the study's patient. None for nearly all deltas.
    #[must_use]
    pub fn reread(&self, study: &[Resource], rules: &Rules) -> Option<InstanceKey> {
        if self.removed().is_empty() || self.is_late() {
            return None;
        }
        let identity = Identity::new(self.study(), rules);
        let (stored, _) = identity.find(study).ok()?;
        // What cannot be read fails in the merge.
        remaining(self, &stored?.object).ok()?
    }
}

fn remaining(delta: &StudyDelta, study: &Object) -> Result<Option<InstanceKey>, EditError> {
    let contested = Digests::read(study, CONTESTED)?;
    let others = Digests::read(study, OF_OTHER_PATIENT)?;
    if contested.len() + others.len() == 0 {
        return Ok(None);
    }
    let said: HashSet<&str> = said(delta).collect();
    let gone = delta.removed().iter();
    let gone: Vec<_> = gone
        .filter(|uids| !said.contains(uids.instance.as_str()))
        .collect();
    let counts = |uid: &str| contested.contains(uid) || contested.contains(ANY);
    let is_contested = gone.iter().any(|uids| counts(&uids.instance));
    let mut left = listed(delta, study)?;
    left.retain(|key| !delta.removes(&key.series, &key.instance));
    left.retain(|key| !said.contains(key.instance.as_str()));
    let is_of_other = |key: &InstanceKey| others.contains(&key.instance);
    let is_unclaimed = said.is_empty() && left.iter().all(is_of_other);
    if !is_contested && !is_unclaimed {
        return Ok(None);
    }
    let is_beside = |key: &InstanceKey| gone.iter().any(|uids| uids.series == key.series);
    let latest_first = || left.iter().rev();
    let chosen = latest_first().find(|key| is_beside(key) && !is_of_other(key));
    let chosen = chosen.or_else(|| latest_first().find(|key| !is_of_other(key)));
    Ok(chosen.or_else(|| latest_first().next()).cloned())
}

/// The instances that the study lists.
fn listed(delta: &StudyDelta, study: &Object) -> Result<Vec<InstanceKey>, EditError> {
    let mut listed = Vec::new();
    for series in study.objects("series")? {
        let uid = series.text("uid")?.unwrap_or_default();
        for instance in series.objects("instance")? {
            let key = InstanceKey {
                partition: delta.study().partition().map(str::to_owned),
                study: delta.study().uid().to_owned(),
                series: uid.clone(),
                instance: instance.text("uid")?.unwrap_or_default(),
            };
            let uids = [&key.study, &key.series, &key.instance];
            if uids.into_iter().all(|uid| is_uid(uid)) {
                listed.push(key);
            }
        }
    }
    Ok(listed)
}

fn said(delta: &StudyDelta) -> impl Iterator<Item = &str> {
    let said = delta.statements();
    said.map(|(change, _)| change.key().instance.as_str())
}

/// Notes which instances count now where others say something else, and forgets those that go. In a
/// study of one instance there are no others.
pub(super) fn note<'a>(
    delta: &StudyDelta,
    counting: impl Iterator<Item = &'a str>,
    study: &mut Object,
) -> Result<(), EditError> {
    let mut contested = Digests::read(study, CONTESTED)?;
    let said: HashSet<&str> = said(delta).collect();
    let gone = delta.removed().iter().map(|uids| uids.instance.as_str());
    for gone in gone.filter(|uid| !said.contains(uid)) {
        contested.remove(gone);
    }
    for uid in counting {
        if contested.contains(ANY) {
            break;
        }
        if contested.len() >= MAX_KEPT && !contested.contains(uid) {
            contested.clear();
            contested.insert(ANY);
            break;
        }
        contested.insert(uid);
    }
    if is_of_one(study) {
        contested.clear();
    }
    contested.write(study)
}

fn is_of_one(study: &Object) -> bool {
    let number = study.get("numberOfInstances");
    number.is_some_and(|number| number.get().trim() == "1")
}
