//! Ethnic group: R4 has no element for it, and no extension of its own. That of US Core takes a
//! plain text, and nothing of what DICOM has fits its codes.

use dicom_core::Tag;
use fhir_model::r4b::types::{Extension, ExtensionValue};

use super::super::edit::EditError;
use super::super::fact::Fact;
use super::super::object::Object;
use super::super::reading::Reading;
use super::super::row::Row;
use super::extension::Complex;

const ETHNICITY: Complex = Complex {
    url: "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity",
    mark: "EthnicGroup",
};

/// Ethnic Group (0010,2160), or Ethnic Groups (0010,2162), which replace it.
pub(super) fn read(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let &[one, several] = tags else {
        return None;
    };
    let group = reading.dataset.text(one);
    let groups = reading.dataset.texts(several);
    let groups = reading.accept(groups.map(Some)).unwrap_or_default();
    let joined = (!groups.is_empty()).then(|| groups.join(", "));
    let text = reading.accept(group).or(joined)?;
    let text = Extension::builder()
        .url("text".to_owned())
        .value(ExtensionValue::String(text))
        .build();
    Fact::json(&text.ok()?)
}

pub(super) fn put(patient: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    ETHNICITY.put(patient, row, fact, true)
}

pub(super) fn remove(patient: &mut Object, row: &Row) -> Result<(), EditError> {
    ETHNICITY.remove(patient, row, "text", true)
}

pub(super) fn is_present(patient: &Object, row: &Row) -> Result<bool, EditError> {
    ETHNICITY.has(patient, row, "text")
}
