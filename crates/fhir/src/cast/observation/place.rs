//! Which study an Observation is part of. Earlier versions said that by `partOf` alone.

use radcast_engine::failure::Failure;

use super::super::edit::EditError;
use super::super::imaging_study::{self, links};
use super::super::object::Object;
use super::super::{Resource, Rules, StudyDelta, reference};
use super::Links;

const PART_OF: &str = "partOf";
const STUDY: &str = "ImagingStudy";

/// The study of a delta and its patient, as far as they are known.
pub(super) struct Place {
    study: Option<String>,
    subject: Option<String>,
    /// Whether the delta says anything.
    is_stated: bool,
}

/// Whose an Observation is that does not say the study in its identifiers.
pub(super) enum Part {
    /// The study's.
    Own,
    /// Part of the study and of another one: a report of the same UID came in there.
    Shared,
    /// Another one's.
    Other,
}

impl Place {
    /// Returns the place of what a delta says; of one that only removes it is the stored study.
    pub(super) fn new(
        delta: &StudyDelta,
        links: Option<&Links>,
        found: &[Resource],
        rules: &Rules,
    ) -> Result<Self, Failure> {
        if let Some(links) = links {
            return Ok(Self {
                study: Some(links.study().to_owned()),
                subject: Some(links.subject().to_owned()),
                is_stated: true,
            });
        }
        Ok(Self {
            study: imaging_study::stored_reference(delta.study(), found, rules)?,
            subject: imaging_study::subject(delta.study(), found, rules)?,
            is_stated: false,
        })
    }

    /// Returns whose an Observation is. One that names no study is the study's when it is of the
    /// same patient, or of none.
    pub(super) fn part(&self, observation: &Object) -> Result<Part, EditError> {
        let studies = studies(observation)?;
        let is_own = |to: &String| self.is_study(to);
        let has_others = !studies.iter().all(is_own);
        Ok(match (studies.iter().any(is_own), has_others) {
            (true, false) => Part::Own,
            // The last one to say so moved it here.
            (true, true) if self.is_stated && self.is_of_patient(observation)? => Part::Own,
            (true, true) => Part::Shared,
            (false, true) => Part::Other,
            (false, false) => {
                match links::subject(observation)?.is_none() || self.is_of_patient(observation)? {
                    true => Part::Own,
                    false => Part::Other,
                }
            }
        })
    }

    /// Takes an Observation out of the study.
    pub(super) fn release(&self, observation: &mut Object) -> Result<(), EditError> {
        super::links::retain(observation, PART_OF, |to| !self.is_study(to))
    }

    fn is_study(&self, to: &str) -> bool {
        let study = self.study.as_deref();
        study.is_some_and(|study| reference::same(study, to))
    }

    fn is_of_patient(&self, observation: &Object) -> Result<bool, EditError> {
        let subject = links::subject(observation)?;
        Ok(subject
            .zip(self.subject.as_deref())
            .is_some_and(|(stored, own)| reference::same(&stored, own)))
    }
}

/// The studies that an Observation is part of.
fn studies(observation: &Object) -> Result<Vec<String>, EditError> {
    let mut studies = super::links::references(observation, PART_OF)?;
    studies.retain(|to| is_study(to));
    Ok(studies)
}

/// Returns whether a reference is to a study.
pub(super) fn is_study(to: &str) -> bool {
    let plain = to.split("/_history/").next().unwrap_or(to);
    let before = plain.rsplit_once('/').map(|(before, _)| before);
    before.is_some_and(|before| before == STUDY || before.ends_with("/ImagingStudy"))
}
