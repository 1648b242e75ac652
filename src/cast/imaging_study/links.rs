//! What a study is connected with: its patient and the service's Endpoint.

use super::super::edit::EditError;
use super::super::object::Object;
use super::super::{element, reference};

/// What the study is connected with.
pub(crate) struct Links {
    /// Reference to the patient.
    pub(crate) subject: String,
    /// Reference to the service's Endpoint.
    pub(crate) endpoint: String,
}

impl Links {
    /// Brings `subject` and `endpoint` in step. A subject that is there stays when the change is
    /// `late`.
    pub(super) fn put(&self, study: &mut Object, late: bool) -> Result<(), EditError> {
        if !late || !has_subject(study)? {
            put_subject(study, &self.subject)?;
        }
        put_endpoint(study, &self.endpoint)
    }
}

/// Whether the study refers to a patient.
pub(super) fn has_subject(study: &Object) -> Result<bool, EditError> {
    let Some(subject) = study.object("subject")? else {
        return Ok(false);
    };
    let reference = subject.text("reference");
    Ok(reference
        .map_err(|error| error.within("subject"))?
        .is_some())
}

/// `subject`: what described another patient goes with the reference to it.
fn put_subject(study: &mut Object, patient: &str) -> Result<(), EditError> {
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

/// `endpoint`: ours among the others.
fn put_endpoint(study: &mut Object, endpoint: &str) -> Result<(), EditError> {
    for stored in study.objects("endpoint")? {
        let stored = stored
            .text("reference")
            .map_err(|error| error.within("endpoint"))?;
        if stored.is_some_and(|stored| reference::same(&stored, endpoint)) {
            return Ok(());
        }
    }
    study.push("endpoint", &element::reference(endpoint)?)
}
