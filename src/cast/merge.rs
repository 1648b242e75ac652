//! (resources as stored, delta) → writes.

use std::fmt;

use crate::failure::Failure;

use super::imaging_study::{self, Links};
use super::{Disagreement, Query, Resource, Rules, StudyDelta, StudyKey, Write};
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

/// What a person should know about a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The last instance was removed from a study that somebody else created, so the
    /// `ImagingStudy` stays, without series.
    ForeignStudyEmptied {
        /// The study.
        study: StudyKey,
        /// Logical id of the `ImagingStudy`.
        id: String,
    },
    /// Several resources are what the study refers to, so that the reference names none of them.
    AmbiguousReference {
        /// The study.
        study: StudyKey,
        /// The element of the `ImagingStudy`.
        element: &'static str,
        /// `Type/id` of each.
        found: Vec<String>,
    },
}

impl Notice {
    /// The name of the event.
    #[must_use]
    pub fn event(&self) -> &'static str {
        match self {
            Self::ForeignStudyEmptied { .. } => "foreign_study_emptied",
            Self::AmbiguousReference { .. } => "ambiguous_reference",
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForeignStudyEmptied { study, id } => write!(
                f,
                "the last instance of study {} was deleted; ImagingStudy/{id} has another source \
                 than this service and is left without series",
                study.uid()
            ),
            Self::AmbiguousReference {
                study,
                element,
                found,
            } => write!(
                f,
                "{} of study {} may be any of {}; the reference names its identifier alone",
                element,
                study.uid(),
                found.join(", ")
            ),
        }
    }
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
/// made.
pub fn merge(delta: &StudyDelta, found: &Found, rules: &Rules) -> Result<Merged, Failure> {
    let mut merged = Merged {
        writes: Vec::new(),
        disagreements: Vec::new(),
        notices: Vec::new(),
    };
    let links = match delta.patient() {
        Some(facts) => {
            let (endpoint, write) = endpoint::merge(delta.study(), &found.endpoint, rules)?;
            merged.writes.extend(write);
            // The study of a late change may be another patient's by now; and one that names no
            // patient says nothing about whose the study is.
            let kept = match delta.is_late() || facts.key().of_study {
                true => imaging_study::subject(delta.study(), &found.study, rules)?,
                false => None,
            };
            let (subject, write) = patient::merge(
                delta,
                facts.key(),
                kept,
                &found.patient,
                rules,
                &mut merged.disagreements,
            )?;
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
