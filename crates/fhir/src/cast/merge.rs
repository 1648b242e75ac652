//! (resources as stored, delta) → writes.

use std::borrow::Cow;

use radcast_engine::failure::{Failure, OmittedValue};

use super::imaging_study::{self, Links};
use super::patient::subject::Whose;
use super::{Disagreement, Notice, Query, Resource, ResourceName, Rules, StudyDelta, Write};
use super::{endpoint, observation, patient};

/// What the searches of [`Lookups`](super::Lookups) found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// By [`Lookups::study`](super::Lookups::study).
    pub study: Vec<Resource>,
    /// By [`Lookups::patient`](super::Lookups::patient).
    pub patient: Vec<Resource>,
    /// By identifier or, if that found none, by dicom-cast's name.
    pub endpoint: Vec<Resource>,
    /// By [`StudyDelta::observation_searches`].
    pub observations: Vec<Resource>,
    /// By [`Lookups::references`](super::Lookups::references), each with its search.
    pub references: Vec<(Query, Vec<Resource>)>,
    /// By [`StudyDelta::follow_ups`], each with the resource as a read gives it; none where there is
    /// none, or none any more.
    pub read: Vec<(ResourceName, Option<Resource>)>,
    /// Whether the server refuses to delete the study, because other resources refer to it.
    pub undeletable: bool,
    /// Whether it refuses to delete Observations of the study, for the same cause.
    pub undeletable_observations: bool,
}

/// The outcome of a merge.
#[derive(Debug, Clone, Default)]
pub struct Merged {
    /// Entries of one transaction, or of several in this order: none refers to a later one, and
    /// what is deleted is what no later one and nothing stored refers to any more. Full URLs of
    /// what an earlier transaction created give way to its names by [`Write::renamed`]. Empty when
    /// the server is in step already.
    pub writes: Vec<Write>,
    /// Where instances of the delta disagree, one for each attribute and scope.
    pub disagreements: Vec<Disagreement>,
    /// What else a person should know.
    pub notices: Vec<Notice>,
    /// Values that were left out of entries in the light of what is stored, by the sequences of the
    /// entries.
    pub omitted: Vec<(u64, OmittedValue)>,
    /// SOP Instance UIDs of the instances whose values took the place of stored ones.
    pub(super) counting: Vec<String>,
}

/// Brings what was found in step with a delta.
///
/// Elements that radcast does not manage come back byte for byte. Where nothing changes, nothing
/// is written.
///
/// # Errors
/// `fhir.multiple-matches` when several resources are the one that was looked for;
/// `fhir.invalid-resource` when it has no id or version, or a managed element is of another form
/// than FHIR's; `fhir.patient-missing` when there is no patient, and the rules allow none to be
/// made; `fhir.broken-merge` when the patient was merged into one that cannot be told;
/// `fhir.study-retracted` when something is said of a study that is marked as entered in error;
/// `fhir.patient-mismatch` when entries speak of another person than the stored patient;
/// `fhir.other-patient` when they name another patient than the study has, and the rules say so.
pub fn merge(delta: &StudyDelta, found: &Found, rules: &Rules) -> Result<Merged, Failure> {
    let mut merged = Merged::default();
    let delta = &*with_care(delta, found, rules, &mut merged)?;
    let links = link(delta, found, rules, &mut merged)?;
    let write = imaging_study::merge(delta, links.as_ref(), found, rules, &mut merged)?;
    let is_empty = merged.notices.iter().any(Notice::is_of_emptied_study)
        || matches!(write, Some(Write::Delete { .. }));
    let only_removes = links.is_none();
    let heard = match &links {
        Some(links) if links.subject.whose == Whose::Other => Cow::Owned(delta.of_unnamed()),
        _ => Cow::Borrowed(delta),
    };
    let links = links.map(|links| links.subject.reference);
    let links = links.map(|subject| observation::Links::new(delta, subject, &found.study, rules));
    let links = links.transpose()?;
    let mut observations = observation::merge(&heard, links.as_ref(), found, rules)?;
    // The searches for reports find weight and height too.
    let are_undeletable = found.undeletable_observations;
    let found = &observation::each_once(&found.observations);
    observations.extend(match links {
        Some(links) => {
            observation::body::merge(&heard, &links, found, rules, &mut merged.disagreements)?
        }
        None if is_empty => observation::body::remove(delta.study(), found, rules)?,
        None => Vec::new(),
    });
    let observations = match are_undeletable {
        true => observation::retract(observations, found)?,
        false => observations,
    };
    // A server may refuse to delete a study to which something refers. And while it lists a report,
    // a delete that is broken off finds the Observations of the report again.
    match only_removes {
        true => merged.writes.extend(observations.into_iter().chain(write)),
        false => merged.writes.extend(write.into_iter().chain(observations)),
    }
    Ok(merged)
}

/// The delta, that takes nothing back which series that it does not speak of may still say.
fn with_care<'a>(
    delta: &'a StudyDelta,
    found: &Found,
    rules: &Rules,
    merged: &mut Merged,
) -> Result<Cow<'a, StudyDelta>, Failure> {
    if !delta.takes_back() || !imaging_study::has_other_series(delta, &found.study, rules)? {
        return Ok(Cow::Borrowed(delta));
    }
    let study = delta.study().clone();
    merged.notices.push(Notice::StillSaid { study });
    Ok(Cow::Owned(delta.without_taking_back()))
}

/// What the study is connected with, and the writes of that; none when the delta only removes.
fn link(
    delta: &StudyDelta,
    found: &Found,
    rules: &Rules,
    merged: &mut Merged,
) -> Result<Option<Links>, Failure> {
    let Some(facts) = delta.patient() else {
        return Ok(None);
    };
    let notices = &mut merged.notices;
    let (endpoint, write) = endpoint::merge(delta.study(), &found.endpoint, rules, notices)?;
    merged.writes.extend(write);
    let subject = patient::subject::merge(delta, facts.key(), found, rules, merged)?;
    Ok(Some(Links { subject, endpoint }))
}
