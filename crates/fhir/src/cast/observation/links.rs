//! What an Observation is connected with: the patient, the study, other Observations.

use radcast_engine::failure::Failure;

use super::super::edit::EditError;
use super::super::imaging_study::{self, is_ours, links::put_subject};
use super::super::object::{Object, raw};
use super::super::{Resource, Rules, StudyDelta, element, reference};
use super::place::is_study;

const PART_OF: &str = "partOf";

/// What the Observations of a study are connected with.
pub(in crate::cast) struct Links {
    subject: String,
    study: String,
}

impl Links {
    /// The links of a study's Observations; `subject` is the patient of the delta. The study that
    /// a late change finds may be another patient's by now.
    pub(in crate::cast) fn new(
        delta: &StudyDelta,
        subject: String,
        found: &[Resource],
        rules: &Rules,
    ) -> Result<Self, Failure> {
        let stored = if delta.is_late() {
            imaging_study::subject(delta.study(), found, rules)?
        } else {
            None
        };
        Ok(Self {
            subject: stored.unwrap_or(subject),
            study: imaging_study::reference(delta.study(), found, rules)?,
        })
    }

    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    pub(super) fn study(&self) -> &str {
        &self.study
    }

    /// Brings `subject` and `partOf` in step. One of ours is part of one study alone.
    pub(super) fn put(&self, observation: &mut Object, rules: &Rules) -> Result<(), EditError> {
        put_subject(observation, &self.subject)?;
        if is_ours(observation, rules)? {
            let is_own = |to: &str| reference::same(to, &self.study);
            retain(observation, PART_OF, |to| is_own(to) || !is_study(to))?;
        }
        let stored = references(observation, PART_OF)?;
        if !stored.iter().any(|to| reference::same(to, &self.study)) {
            observation.push(PART_OF, &element::reference(&self.study)?)?;
        }
        Ok(())
    }
}

/// `hasMember`: the members are there, those that go are not, and others stay.
pub(super) fn put_members(
    observation: &mut Object,
    members: &[String],
    gone: &[String],
) -> Result<(), EditError> {
    const NAME: &str = "hasMember";
    let stored = observation.list(NAME)?;
    let mut kept = Vec::with_capacity(stored.len() + members.len());
    let mut known = Vec::with_capacity(stored.len());
    for (object, text) in observation.objects(NAME)?.iter().zip(stored) {
        let to = object.text("reference");
        let to = to.map_err(|error| error.within(NAME))?.unwrap_or_default();
        if !gone.iter().any(|gone| reference::same(gone, &to)) {
            kept.push(text);
            known.push(to);
        }
    }
    let known_before = known.len();
    let is_known = |member: &&String| known.iter().any(|known| reference::same(known, member));
    let missing: Vec<_> = members.iter().filter(|member| !is_known(member)).collect();
    let changed = !missing.is_empty() || known_before < observation.list(NAME)?.len();
    for member in missing {
        kept.push(raw(NAME, &element::reference(member)?)?);
    }
    if changed {
        observation.set_list(NAME, &kept)?;
    }
    Ok(())
}

/// Returns what the references of a list are to.
pub(super) fn references(object: &Object, name: &'static str) -> Result<Vec<String>, EditError> {
    let items = object.objects(name)?;
    let to = items.iter().map(|item| item.text("reference"));
    let to = to.map(|to| to.map(Option::unwrap_or_default));
    let to: Result<_, EditError> = to.collect();
    to.map_err(|error| error.within(name))
}

/// Removes the references of a list that are not to be kept; the others keep their bytes.
pub(super) fn retain(
    object: &mut Object,
    name: &'static str,
    is_kept: impl Fn(&str) -> bool,
) -> Result<(), EditError> {
    let (stored, to) = (object.list(name)?, references(object, name)?);
    if to.iter().all(|to| is_kept(to)) {
        return Ok(());
    }
    let kept = stored.into_iter().zip(&to);
    let kept: Vec<_> = kept
        .filter(|(_, to)| is_kept(to))
        .map(|(item, _)| item)
        .collect();
    object.set_list(name, &kept)
}
