//! The other ids of a patient among `Patient.identifier`.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use fhir_model::r4b::types::{Identifier, Reference};

use super::super::element;
use super::super::fact::Fact;
use super::super::reading::Reading;
use super::identity;
use super::rows::OTHER_IDS;
use crate::dicom::{Dataset, InvalidValue, Reason, keyword};

/// Whether an `id` marks another id, see `marked.rs`.
pub(super) fn is_mark(id: &str) -> bool {
    id.starts_with(keyword(OTHER_IDS))
}

/// Other Patient IDs Sequence (0010,1002), an item each.
pub(super) fn read_sequence(reading: &mut Reading<'_>, of: &'static [Tag]) -> Option<Fact> {
    let sequence = *of.first()?;
    reading.dataset.element(sequence)?;
    let mut identifiers = Vec::new();
    for item in reading.dataset.items(sequence) {
        let id = in_item(&item, sequence, tags::PATIENT_ID);
        let Some(id) = reading.accept(id) else {
            continue;
        };
        identifiers.extend(identifier(reading, &item, &id));
    }
    Fact::list(&identifiers)
}

/// Other Patient IDs (0010,1000), retired: ids that nobody is named for.
pub(super) fn read_retired(reading: &mut Reading<'_>, of: &'static [Tag]) -> Option<Fact> {
    let ids = reading.dataset.texts(*of.first()?);
    let ids = reading.accept(ids.map(Some))?;
    if !has_system(reading) {
        return None;
    }
    let identifiers: Vec<_> = ids
        .iter()
        .filter_map(|id| element::identifier(None, None, id).ok())
        .collect();
    Fact::list(&identifiers)
}

fn in_item(item: &Dataset, sequence: Tag, tag: Tag) -> Result<Option<String>, InvalidValue> {
    item.text(tag)
        .map_err(|_| InvalidValue::new(sequence, Reason::Item(keyword(tag))))
}

/// The identifier of an item; its issuer is named where it has no system.
fn identifier(reading: &mut Reading<'_>, item: &Dataset, id: &str) -> Option<Identifier> {
    let issuer = identity::issuer(item).map_err(|invalid| {
        let sequence = tags::OTHER_PATIENT_I_DS_SEQUENCE;
        InvalidValue::new(sequence, Reason::Item(invalid.keyword))
    });
    let issuer = reading.accept(issuer.map(Some))?;
    let (mut system, local) = (issuer.system(&reading.rules.issuers), issuer.local);
    if reading.rules.issuer_as_system {
        system = system.or_else(|| local.clone());
    }
    if system.is_none() && !has_system(reading) {
        return None;
    }
    let mut identifier = element::identifier(None, system.as_deref(), id).ok()?;
    if let (None, Some(local)) = (system, local) {
        identifier.assigner = Reference::builder().display(local).build().ok();
    }
    Some(identifier)
}

/// Whether PatientID has a system, so that an id without one is not taken for it.
fn has_system(reading: &mut Reading<'_>) -> bool {
    let system = identity::system(reading).flatten();
    system.is_some_and(|system| !system.is_empty())
}
