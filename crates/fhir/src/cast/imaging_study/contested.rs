//! Which instances count where others say something else, kept in an extension of the study. When one
//! of them is deleted, one that remains has to be read again, and says what holds then.

use std::collections::HashSet;

use radcast_dicom::is_uid;
use radcast_engine::feed::InstanceKey;

use super::super::edit::EditError;
use super::super::object::Object;
use super::super::{Change, Resource, Rules, StudyDelta};
use super::digests::{CONTESTED, Digests, OF_OTHER_PATIENT, digest};
use super::identity::Identity;
use super::series::SeriesList;
use super::subject::has_claim;

/// The most instances that are kept; of a study with more any may be one.
const MAX_KEPT: usize = 256;

/// The most instances that are tried.
const MAX_TRIED: usize = 8;

/// In the set, in the place of a UID: any instance may be one.
const ANY: &str = "";

impl StudyDelta {
    /// The instances of which one has to be read again before instances are removed from the stored
    /// study, the best first: they remain, and one that goes was the last to say something, or none
    /// remains that is of the study's patient. None of them are known where the study lists no
    /// instances. `None` for nearly all deltas: nothing has to be read again.
    #[must_use]
    pub fn reread(&self, study: &[Resource], rules: &Rules) -> Option<Vec<InstanceKey>> {
        // A deletion that comes late, too: what is read is the present state.
        if self.removed().is_empty() {
            return None;
        }
        let identity = Identity::new(self.study(), rules);
        let (stored, _) = identity.find(study).ok()?;
        // What cannot be read fails in the merge.
        candidates(self, &stored?.object).ok()?
    }
}

fn candidates(delta: &StudyDelta, study: &Object) -> Result<Option<Vec<InstanceKey>>, EditError> {
    let contested = Digests::read(study, CONTESTED)?;
    let others = Digests::read(study, OF_OTHER_PATIENT)?;
    if contested.len() + others.len() == 0 || !has_remaining(delta, study)? {
        return Ok(None);
    }
    let said: HashSet<&str> = said(delta).collect();
    let gone = delta.removed().iter();
    let gone: Vec<_> = gone
        .filter(|uids| !said.contains(uids.instance.as_str()))
        .collect();
    let counts = |uid: &str| contested.contains(uid) || contested.contains(ANY);
    let is_contested = gone.iter().any(|uids| counts(&uids.instance));
    let is_unclaimed =
        said.is_empty() && others.len() > 0 && has_claim(delta, study)? == Some(false);
    if !is_contested && !is_unclaimed {
        return Ok(None);
    }
    let mut left = listed(delta, study)?;
    left.retain(|key| !delta.removes(&key.series, &key.instance));
    left.retain(|key| !said.contains(key.instance.as_str()));
    left.reverse();
    // The order of each kind stays: the latest first.
    left.sort_by_key(|key| {
        let is_beside = gone.iter().any(|uids| uids.series == key.series);
        (others.contains(&key.instance), !is_beside)
    });
    left.truncate(MAX_TRIED);
    Ok(Some(left))
}

/// Whether the study has instances of which the delta does not speak.
fn has_remaining(delta: &StudyDelta, study: &Object) -> Result<bool, EditError> {
    let gone = delta.removed().iter().map(|uids| digest(&uids.instance));
    let spoken: HashSet<u64> = gone.chain(said(delta).map(digest)).collect();
    let series = study.shared("series");
    let instances = SeriesList::open(series.as_ref())?.digests();
    let is_spoken = |digest: &Option<u64>| digest.is_some_and(|it| spoken.contains(&it));
    Ok(!instances.iter().all(is_spoken))
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
    delta.statements().map(|(change, _)| instance(change))
}

fn instance(change: &Change) -> &str {
    &change.key().instance
}

/// Notes which instances count now where others say something else, and forgets those that go. One
/// that was read again counts for what the study says now. In a study of one instance there are no
/// others.
pub(super) fn note<'a>(
    delta: &'a StudyDelta,
    counting: impl Iterator<Item = &'a str>,
    listing: &[&str],
    study: &mut Object,
) -> Result<(), EditError> {
    let mut contested = Digests::read(study, CONTESTED)?;
    contested.forget_gone(delta, listing);
    let said = delta.statements().map(|(change, _)| change);
    let read_again = said.filter(|change| change.is_reread()).map(instance);
    for uid in read_again.chain(counting) {
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
