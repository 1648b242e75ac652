//! What a study is connected with: its patient and, as its series are, the service's Endpoint.

use std::fmt;

use super::super::edit::EditError;
use super::super::identifier::{self, Token};
use super::super::mapping::{Derived, Origin};
use super::super::object::Object;
use super::super::patient::subject::Subject;
use super::super::{ResourceName, element, reference};

/// The references, as rows of the mapping.
pub(super) const DERIVED: &[Derived] = &[
    Derived::new(
        "subject",
        Origin::Reference,
        "the Patient; an update that moves the study to another patient sets it anew, another entry only by `ImagingStudy:OnOtherPatient`",
    ),
    Derived::new(
        "endpoint",
        Origin::Reference,
        "the Endpoint of the service, among those of others",
    ),
    Derived::new(
        "series.endpoint",
        Origin::Reference,
        "the same, of each series that an entry speaks of",
    ),
];

/// What the study is connected with.
pub(crate) struct Links {
    /// The patient.
    pub(crate) subject: Subject,
    /// Reference to the service's Endpoint, unless that is entered in error.
    pub(crate) endpoint: Option<String>,
}

impl Links {
    /// Brings `subject` and `endpoint` in step. A subject that is there stays when the change is
    /// `late`.
    pub(super) fn put(&self, study: &mut Object, late: bool) -> Result<(), EditError> {
        if !late || subject(study)?.is_none() {
            put_subject(study, &self.subject.reference)?;
        }
        self.put_endpoint(study)
    }

    /// Brings `endpoint` of a study or series in step: ours among the others, so that a study fed
    /// by several services says which of them holds which series.
    pub(super) fn put_endpoint(&self, object: &mut Object) -> Result<(), EditError> {
        let Some(endpoint) = &self.endpoint else {
            return Ok(());
        };
        for stored in object.objects("endpoint")? {
            let stored = stored
                .text("reference")
                .map_err(|error| error.within("endpoint"))?;
            if stored.is_some_and(|stored| reference::same(&stored, endpoint)) {
                return Ok(());
            }
        }
        object.push("endpoint", &element::reference(endpoint)?)
    }
}

/// The patient of a stored study, as far as it says one.
pub(in crate::cast) struct StoredSubject {
    pub(in crate::cast) reference: Option<String>,
    pub(in crate::cast) identifier: Option<Token>,
}

impl StoredSubject {
    pub(super) fn read(study: &Object) -> Result<Self, EditError> {
        let within = |error: EditError| error.within("subject");
        let stored = study.object("subject")?.unwrap_or_default();
        let identifier = stored.object("identifier").map_err(within)?;
        let identifier = identifier.as_ref().map(identifier::token).transpose();
        Ok(Self {
            reference: stored.text("reference").map_err(within)?,
            identifier: identifier.map_err(within)?.filter(|it| it.value.is_some()),
        })
    }
}

impl fmt::Display for StoredSubject {
    /// `Type/id`, or the element: an identifier is a patient's, and a reference in another form may
    /// hold one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reference = self.reference.as_deref();
        let name = reference.and_then(|it| ResourceName::of(it, None));
        match (name, reference) {
            (Some(name), _) => name.fmt(f),
            (None, Some(_)) => f.write_str("subject.reference"),
            (None, None) => f.write_str("subject.identifier"),
        }
    }
}

/// The reference to a patient, if there is one.
pub(in crate::cast) fn subject(study: &Object) -> Result<Option<String>, EditError> {
    let Some(subject) = study.object("subject")? else {
        return Ok(None);
    };
    let reference = subject.text("reference");
    reference.map_err(|error| error.within("subject"))
}

/// `subject`: what described another patient goes with the reference to it.
pub(in crate::cast) fn put_subject(study: &mut Object, patient: &str) -> Result<(), EditError> {
    let Some(mut subject) = study.object("subject")? else {
        return study.set("subject", &element::reference(patient)?);
    };
    let stored = subject
        .text("reference")
        .map_err(|error| error.within("subject"))?;
    if stored
        .as_deref()
        .is_some_and(|stored| reference::same(stored, patient))
    {
        return Ok(());
    }
    if stored.is_some() {
        for stale in ["type", "identifier", "display", "_display"] {
            subject.remove(stale);
        }
    }
    subject.set("reference", patient)?;
    study.set("subject", &subject)
}
