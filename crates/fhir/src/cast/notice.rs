//! What a person should know about a merge.

use std::fmt;

use super::{ResourceName, StudyKey};

/// What a person should know about a merge. Never holds a value of a dataset but UIDs.
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
    /// The last instance was removed from a study to which others added, or that they refer to
    /// another service, so the `ImagingStudy` stays, without instances and without our service.
    AnnotatedStudyEmptied {
        /// The study.
        study: StudyKey,
        /// Logical id of the `ImagingStudy`.
        id: String,
    },
    /// The last instance was removed from a study to which something refers, so that the server
    /// deletes it not; the `ImagingStudy` stays, without instances.
    ReferencedStudyEmptied {
        /// The study.
        study: StudyKey,
        /// Logical id of the `ImagingStudy`.
        id: String,
    },
    /// Instances were deleted that another service of the study may hold: they stay listed.
    HeldByOthers {
        /// The study.
        study: StudyKey,
        /// Logical id of the `ImagingStudy`.
        id: String,
    },
    /// Instances were deleted that the study lists as those of other services alone: they stay listed.
    ListedByOthers {
        /// The study.
        study: StudyKey,
        /// `ImagingStudy/id`
        resource: String,
        /// The Endpoints of the study that are others'.
        endpoints: Vec<ResourceName>,
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
    /// Entries name another patient than the study has, whose it stays.
    OtherPatient {
        /// The study.
        study: StudyKey,
        /// Reference to the patient of the study.
        subject: String,
        /// SOP Instance UID of the last instance that names the other patient.
        instance: String,
    },
    /// The study becomes another patient's than it was.
    StudyMoved {
        /// The study.
        study: StudyKey,
        /// Reference to the patient that the study had, or the element that named them.
        from: String,
        /// SOP Instance UID of the last instance that names the other patient.
        instance: String,
    },
    /// A stored resource said something else than an instance says, whose value counts.
    StoredValueReplaced {
        /// The study.
        study: StudyKey,
        /// Keyword of the attribute (PS3.6).
        keyword: &'static str,
        /// SOP Instance UID.
        instance: String,
        /// `Type/id`
        resource: String,
    },
    /// An update has emptied attributes of patient or study, which series may still say of which
    /// nothing came with it.
    StillSaid {
        /// The study.
        study: StudyKey,
    },
    /// Only an inactive `Patient` has the identifier: the study is referred to it, and nothing of it
    /// is changed.
    InactivePatient {
        /// The study.
        study: StudyKey,
        /// `Patient/id`
        patient: String,
    },
    /// The service's `Endpoint` is out of use by its status, which stays as it is.
    EndpointOutOfUse {
        /// `Endpoint/id`
        endpoint: String,
        /// `off` or `entered-in-error`
        status: String,
    },
    /// The `ImagingStudy` is cancelled or marked as entered in error. It was brought in step, and
    /// keeps its status.
    StudyOutOfUse {
        /// The study.
        study: StudyKey,
        /// Logical id of the `ImagingStudy`.
        id: String,
        /// `cancelled` or `entered-in-error`
        status: String,
    },
}

impl Notice {
    /// The name of the event.
    #[must_use]
    pub fn event(&self) -> &'static str {
        match self {
            Self::ForeignStudyEmptied { .. } => "foreign_study_emptied",
            Self::AnnotatedStudyEmptied { .. } => "annotated_study_emptied",
            Self::ReferencedStudyEmptied { .. } => "referenced_study_emptied",
            Self::HeldByOthers { .. } => "held_by_others",
            Self::ListedByOthers { .. } => "listed_by_others",
            Self::AmbiguousReference { .. } => "ambiguous_reference",
            Self::OtherPatient { .. } => "study_of_other_patient",
            Self::StudyMoved { .. } => "study_moved",
            Self::StoredValueReplaced { .. } => "stored_value_replaced",
            Self::StillSaid { .. } => "still_said",
            Self::InactivePatient { .. } => "inactive_patient",
            Self::EndpointOutOfUse { .. } => "endpoint_out_of_use",
            Self::StudyOutOfUse { .. } => "study_out_of_use",
        }
    }

    /// Whether a study is left without instances.
    #[must_use]
    pub const fn is_of_emptied_study(&self) -> bool {
        matches!(
            self,
            Self::ForeignStudyEmptied { .. }
                | Self::AnnotatedStudyEmptied { .. }
                | Self::ReferencedStudyEmptied { .. }
        )
    }

    /// Whether it is the same for every study, so that it need not be told of each.
    #[must_use]
    pub fn is_of_service(&self) -> bool {
        matches!(self, Self::EndpointOutOfUse { .. })
    }
}

impl fmt::Display for Notice {
    #[expect(clippy::too_many_lines, reason = "a sentence for each notice")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForeignStudyEmptied { study, id } => write!(
                f,
                "the last instance of study {} was deleted; ImagingStudy/{id} has another source \
                 than this service and is left without series",
                study.uid()
            ),
            Self::AnnotatedStudyEmptied { study, id } => write!(
                f,
                "the last instance of study {} was deleted; others added to ImagingStudy/{id}, which \
                 is left without instances",
                study.uid()
            ),
            Self::ReferencedStudyEmptied { study, id } => write!(
                f,
                "the last instance of study {} was deleted; other resources refer to \
                 ImagingStudy/{id}, which is left without instances",
                study.uid()
            ),
            Self::HeldByOthers { study, id } => write!(
                f,
                "instances of study {} were deleted that another Endpoint of ImagingStudy/{id} may \
                 hold: they stay listed until that one has deleted them too",
                study.uid()
            ),
            Self::ListedByOthers {
                study,
                resource,
                endpoints,
            } => {
                let endpoints: Vec<_> = endpoints.iter().map(ResourceName::to_string).collect();
                write!(
                    f,
                    "instances of study {} were deleted that {resource} lists, but not as this \
                     service's: they stay listed; if an Endpoint of it ({}) is this service under a \
                     former address, that Endpoint needs the new address as its identifier, or the \
                     status off",
                    study.uid(),
                    endpoints.join(", ")
                )
            }
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
            Self::OtherPatient {
                study,
                subject,
                instance,
            } => write!(
                f,
                "the instance {instance} names another patient than {subject}, who has study {} \
                 and keeps it; it became part of the study, and nothing else was taken from it",
                study.uid()
            ),
            Self::StudyMoved {
                study,
                from,
                instance,
            } => write!(
                f,
                "study {} moves from {from} to the patient whom the instance {instance} names",
                study.uid()
            ),
            Self::StoredValueReplaced {
                study,
                keyword,
                instance,
                resource,
            } => write!(
                f,
                "the instance {instance} of study {} disagrees with {resource} on {keyword}; the \
                 instance is the later and counts",
                study.uid()
            ),
            Self::StillSaid { study } => write!(
                f,
                "an update of study {} empties attributes, which stay as they are: series of which \
                 nothing came with it may still say them",
                study.uid()
            ),
            Self::InactivePatient { study, patient } => write!(
                f,
                "study {} is of {patient}, which is inactive and is not changed",
                study.uid()
            ),
            Self::EndpointOutOfUse { endpoint, status } => write!(
                f,
                "{endpoint} is this service's and has the status {status}: it is not changed{}",
                match status.as_str() {
                    "off" => "",
                    _ => ", and no study is referred to it",
                }
            ),
            Self::StudyOutOfUse { study, id, status } => write!(
                f,
                "study {} was brought in step although ImagingStudy/{id} has the status {status}, \
                 which it keeps",
                study.uid()
            ),
        }
    }
}
