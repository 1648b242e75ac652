//! What an Observation is connected with: the patient, the study, other Observations.

use crate::failure::Failure;

use super::super::edit::EditError;
use super::super::imaging_study::{self, links::put_subject};
use super::super::object::{Object, raw};
use super::super::{Resource, Rules, StudyDelta, element, reference};

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

    /// Brings `subject` and `partOf` in step.
    pub(super) fn put(&self, observation: &mut Object) -> Result<(), EditError> {
        put_subject(observation, &self.subject)?;
        let missing = !refers(observation, "partOf", &self.study)?;
        if missing {
            observation.push("partOf", &element::reference(&self.study)?)?;
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

/// Whether one of a list's references is to this resource.
fn refers(observation: &Object, name: &'static str, to: &str) -> Result<bool, EditError> {
    for stored in observation.objects(name)? {
        let stored = stored.text("reference");
        let stored = stored.map_err(|error| error.within(name))?;
        if stored.is_some_and(|stored| reference::same(&stored, to)) {
            return Ok(true);
        }
    }
    Ok(false)
}
