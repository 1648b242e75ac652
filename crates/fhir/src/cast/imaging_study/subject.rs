//! Which instances of a study name another patient than it has, kept in an extension of the study.
//! When no other instance is left, nobody says any more that the study is that patient's.

use std::collections::HashSet;

use radcast_engine::failure::Failure;

use super::super::edit::EditError;
use super::super::object::Object;
use super::super::patient::subject::Whose;
use super::super::{Resource, Rules, StudyDelta, StudyKey};
use super::digests::{Digests, OF_OTHER_PATIENT, digest};
use super::identity::Identity;
use super::series::SeriesList;
use super::{StoredSubject, is_ours};

/// The patient of the stored study; none where there is no study, or it names nobody.
pub(in crate::cast) fn stored_subject(
    study: &StudyKey,
    found: &[Resource],
    rules: &Rules,
) -> Result<Option<StoredSubject>, Failure> {
    let (stored, _) = Identity::new(study, rules).find(found)?;
    let Some(stored) = stored else {
        return Ok(None);
    };
    let subject = StoredSubject::read(&stored.object);
    let subject = subject.map_err(|error| error.into_failure(&stored.reference()))?;
    let is_named = subject.reference.is_some() || subject.identifier.is_some();
    Ok(is_named.then_some(subject))
}

/// Whether nobody says any more that the stored study is its patient's: each instance names another
/// patient, is deleted by the delta, or is spoken of by its entries; and a study without instances is
/// one that we created.
pub(in crate::cast) fn is_unclaimed(
    delta: &StudyDelta,
    found: &[Resource],
    rules: &Rules,
) -> Result<bool, Failure> {
    let (stored, _) = Identity::new(delta.study(), rules).find(found)?;
    let Some(stored) = stored else {
        return Ok(false);
    };
    let study = &stored.object;
    let unclaimed = has_claim(delta, study).and_then(|claim| match claim {
        Some(is_claimed) => Ok(!is_claimed),
        None => is_ours(study, rules),
    });
    unclaimed.map_err(|error| error.into_failure(&stored.reference()))
}

/// Whether an instance that the delta leaves alone may be of the study's patient; `None` where there
/// are no instances.
pub(super) fn has_claim(delta: &StudyDelta, study: &Object) -> Result<Option<bool>, EditError> {
    let others = Digests::read(study, OF_OTHER_PATIENT)?;
    let gone = delta.removed().iter().map(|uids| digest(&uids.instance));
    // Of one that is read again nobody has said anything new.
    let said = delta.statements().filter(|(it, _)| !it.is_reread());
    let said = said.map(|(change, _)| digest(&change.key().instance));
    let others: HashSet<u64> = others.iter().chain(gone).chain(said).collect();
    let series = study.shared("series");
    let instances = SeriesList::open(series.as_ref())?.digests();
    let is_other = |digest: &Option<u64>| digest.is_some_and(|it| others.contains(&it));
    let claims = || !instances.iter().all(is_other);
    Ok((!instances.is_empty()).then(claims))
}

/// Notes which instances name another patient than the study has; none says anything where the
/// delta only removes. Of the removed ones the study goes on `listing` these. When the study was
/// moved, only the entries that moved it are known to name its patient: the study goes back when
/// they are deleted.
pub(super) fn note(
    delta: &StudyDelta,
    whose: Option<Whose>,
    listing: &[&str],
    study: &mut Object,
) -> Result<(), EditError> {
    let mut others = Digests::read(study, OF_OTHER_PATIENT)?;
    if whose == Some(Whose::Moved) {
        let series = study.shared("series");
        let listed = SeriesList::open(series.as_ref())?.digests();
        others.extend(listed.into_iter().flatten());
    }
    others.forget_gone(delta, listing);
    for (change, said) in delta.statements() {
        let instance = &change.key().instance;
        match whose {
            Some(Whose::Other) if change.is_reread() => {}
            Some(Whose::Other) if !said.patient.key().of_study => others.insert(instance),
            _ => drop(others.remove(instance)),
        }
    }
    others.write(study)
}
