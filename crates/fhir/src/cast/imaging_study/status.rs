//! `ImagingStudy.status`.
//!
//! | stored | entries that store or update | entries that delete |
//! |---|---|---|
//! | none, `registered` | become part of it; `available` | go out of it |
//! | `available`, `unknown` | become part of it | go out of it |
//! | `available`, of a study that stays because others made it, added to it or refer to it | | its last instance: `registered`, without series |
//! | `cancelled` | become part of it, with a notice: images of an examination that was broken off | go out of it, with a notice |
//! | `entered-in-error` | are refused (`fhir.study-retracted`): somebody has to say which of the two is right | go out of it, with a notice; the resource stays |

use radcast_engine::failure::{Code, Failure};

use super::super::edit::EditError;
use super::super::object::Object;
use super::super::stored::Stored;
use super::super::{Notice, StudyKey};

const RETRACTED: &str = "entered-in-error";

/// Whether the study is marked as entered in error.
pub(super) fn is_retracted(study: &Object) -> Result<bool, EditError> {
    Ok(study.text("status")?.as_deref() == Some(RETRACTED))
}

/// Says that there are instances, where nothing else was said.
pub(super) fn put_available(study: &mut Object) -> Result<(), EditError> {
    match study.text("status")?.as_deref() {
        None | Some("registered") => study.set("status", "available"),
        Some(_) => Ok(()),
    }
}

/// Says that there are no instances, where it was said that there are: R4's `registered` is a study
/// that is known and of which nothing is there.
pub(super) fn put_emptied(study: &mut Object) -> Result<(), EditError> {
    match study.text("status")?.as_deref() {
        Some("available") => study.set("status", "registered"),
        _ => Ok(()),
    }
}

/// Refuses what would become part of a study that is marked as entered in error.
pub(super) fn check(study: &Stored, key: &StudyKey) -> Result<(), Failure> {
    let name = study.reference();
    let is_retracted = is_retracted(&study.object);
    if !is_retracted.map_err(|error| error.into_failure(&name))? {
        return Ok(());
    }
    let message = format!(
        "{name}, of study {}, is marked as entered in error",
        key.uid()
    );
    Err(Failure::new(Code::FhirStudyRetracted, message))
}

/// The notice that a study was brought in step that is not in use.
pub(super) fn notice(study: &Stored, key: &StudyKey) -> Result<Option<Notice>, EditError> {
    let status = study.object.text("status")?;
    let status = status.filter(|status| [RETRACTED, "cancelled"].contains(&status.as_str()));
    Ok(status.map(|status| Notice::StudyOutOfUse {
        study: key.clone(),
        id: study.id.clone(),
        status,
    }))
}
