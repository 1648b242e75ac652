//! (resources as stored, delta) → writes.

use crate::failure::Failure;

use super::imaging_study::{self, Links};
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
}

/// The outcome of a merge.
#[derive(Debug, Clone)]
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
/// `fhir.study-retracted` when something is said of a study that is marked as entered in error.
pub fn merge(delta: &StudyDelta, found: &Found, rules: &Rules) -> Result<Merged, Failure> {
    let mut merged = Merged {
        writes: Vec::new(),
        disagreements: Vec::new(),
        notices: Vec::new(),
    };
    let links = match delta.patient() {
        Some(facts) => {
            let notices = &mut merged.notices;
            let (endpoint, write) =
                endpoint::merge(delta.study(), &found.endpoint, rules, notices)?;
            merged.writes.extend(write);
            // The study of a late change may be another patient's by now; and one that names no
            // patient says nothing about whose the study is.
            let kept = match delta.is_late() || facts.key().of_study {
                true => imaging_study::subject(delta.study(), &found.study, rules)?,
                false => None,
            };
            let (subject, write) =
                patient::merge(delta, facts.key(), kept, found, rules, &mut merged)?;
            merged.writes.extend(write);
            Some(Links { subject, endpoint })
        }
        None => None,
    };
    let disagreements = &mut merged.disagreements;
    let (write, notices) =
        imaging_study::merge(delta, links.as_ref(), found, rules, disagreements)?;
    let is_emptied = |notice: &Notice| matches!(notice, Notice::ForeignStudyEmptied { .. });
    let is_empty = notices.iter().any(is_emptied) || matches!(write, Some(Write::Delete { .. }));
    merged.notices.extend(notices);
    let only_removes = links.is_none();
    let links = match links {
        Some(links) => Some(observation::Links::new(
            delta,
            links.subject,
            &found.study,
            rules,
        )?),
        None => None,
    };
    let mut observations = observation::merge(delta, links.as_ref(), found, rules)?;
    // The searches for reports find weight and height too.
    let found = &observation::each_once(&found.observations);
    observations.extend(match links {
        Some(links) => {
            observation::body::merge(delta, &links, found, rules, &mut merged.disagreements)?
        }
        None if is_empty => observation::body::remove(delta.study(), found, rules)?,
        None => Vec::new(),
    });
    // A server may refuse to delete a study to which something refers. And while it lists a report,
    // a delete that is broken off finds the Observations of the report again.
    match only_removes {
        true => merged.writes.extend(observations.into_iter().chain(write)),
        false => merged.writes.extend(write.into_iter().chain(observations)),
    }
    Ok(merged)
}
