//! `Patient.address`: where the patient lives, in one address of ours.

use dicom_core::Tag;
use serde_json::Value;

use super::super::edit::EditError;
use super::super::fact::Fact;
use super::super::object::Object;
use super::super::reading::Reading;
use super::super::row::Row;
use super::member::Item;

const HOME: Item = Item {
    list: "address",
    mark: "PatientAddress",
    fixed: Some(("use", "home")),
};

/// Patient's Address (0010,1040). Where it came from HL7 v2, carets part its components.
pub(super) fn read_text(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let text = reading.dataset.text(*tags.first()?);
    let text = reading.accept(text)?;
    let parts = text.split('^').map(str::trim);
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| Fact::text(parts.join(", ")))
}

pub(super) fn put_text(patient: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    put(patient, row, fact, "text")
}

pub(super) fn put_country(patient: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    put(patient, row, fact, "country")
}

pub(super) fn put_state(patient: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    put(patient, row, fact, "state")
}

pub(super) fn remove_text(patient: &mut Object, _: &Row) -> Result<(), EditError> {
    remove(patient, "text")
}

pub(super) fn remove_country(patient: &mut Object, _: &Row) -> Result<(), EditError> {
    remove(patient, "country")
}

pub(super) fn remove_state(patient: &mut Object, _: &Row) -> Result<(), EditError> {
    remove(patient, "state")
}

/// An address of nothing but its use is none.
fn remove(patient: &mut Object, member: &str) -> Result<(), EditError> {
    HOME.remove(patient, member, |name| !["id", "use"].contains(&name))
}

pub(super) fn has_text(patient: &Object, _: &Row) -> Result<bool, EditError> {
    HOME.has(patient, "text")
}

pub(super) fn has_country(patient: &Object, _: &Row) -> Result<bool, EditError> {
    HOME.has(patient, "country")
}

pub(super) fn has_state(patient: &Object, _: &Row) -> Result<bool, EditError> {
    HOME.has(patient, "state")
}

fn put(
    patient: &mut Object,
    row: &Row,
    fact: &Fact,
    member: &'static str,
) -> Result<(), EditError> {
    let Fact::Text(text) = fact else {
        return Err(EditError::Build(row.element));
    };
    HOME.put(patient, member, &Value::from(&**text))
}
