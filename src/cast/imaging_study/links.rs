//! What a study is connected with: its patient and, as its series are, the service's Endpoint.

use super::super::edit::EditError;
use super::super::mapping::{Derived, Origin};
use super::super::object::Object;
use super::super::{element, reference};

/// The references, as rows of the mapping.
pub(super) const DERIVED: &[Derived] = &[
    Derived::new(
        "subject",
        Origin::Reference,
        "the Patient; an update that moves the study to another patient sets it anew",
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
    /// Reference to the patient.
    pub(crate) subject: String,
    /// Reference to the service's Endpoint, unless that is entered in error.
    pub(crate) endpoint: Option<String>,
}

impl Links {
    /// Brings `subject` and `endpoint` in step. A subject that is there stays when the change is
    /// `late`.
    pub(super) fn put(&self, study: &mut Object, late: bool) -> Result<(), EditError> {
        if !late || subject(study)?.is_none() {
            put_subject(study, &self.subject)?;
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
