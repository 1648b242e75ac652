//! The other ids of a patient among `Patient.identifier`.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use fhir_model::r4b::types::Identifier;

use super::super::element;
use super::super::fact::Fact;
use super::super::issuer::stated;
use super::super::reading::Reading;
use super::identity;
use super::rows::OTHER_IDS;
use radcast_dicom::{Dataset, InvalidValue, Read, Reason, keyword, usable};

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
        let id = reading
            .accept(id)
            .and_then(|id| person(reading, sequence, id));
        let Some(id) = id else {
            continue;
        };
        identifiers.extend(identifier(reading, &item, &id));
    }
    Fact::list(&identifiers)
}

/// Other Patient IDs (0010,1000), retired: ids that nobody is named for.
pub(super) fn read_retired(reading: &mut Reading<'_>, of: &'static [Tag]) -> Option<Fact> {
    let tag = *of.first()?;
    let ids = reading.dataset.texts(tag);
    let ids = reading.accept(ids.map(Some))?;
    if !has_system(reading) {
        return None;
    }
    let ids = ids.into_iter().filter_map(|id| person(reading, tag, id));
    let ids: Vec<_> = ids.collect();
    let identifiers = ids
        .iter()
        .filter_map(|id| element::identifier(None, None, id).ok());
    Fact::list(&identifiers.collect::<Vec<_>>())
}

/// An id without blanks around it, unless it stands for nobody.
fn person(reading: &mut Reading<'_>, tag: Tag, id: String) -> Option<String> {
    let id = stated(id)?;
    if reading.rules.placeholder_ids.contains(&id) {
        reading.reject(InvalidValue::new(tag, Reason::Placeholder));
        return None;
    }
    Some(id)
}

fn in_item(item: &Dataset, sequence: Tag, tag: Tag) -> Read<String> {
    item.text(tag).map_err(|flawed| flawed.within(sequence))
}

/// The identifier of an item, with the system of its own issuer. Where nobody is stated it has none.
fn identifier(reading: &mut Reading<'_>, item: &Dataset, id: &str) -> Option<Identifier> {
    let sequence = tags::OTHER_PATIENT_I_DS_SEQUENCE;
    let issuer = identity::issuer(item).map_err(|flawed| flawed.within(sequence));
    let issuer = reading.accept(issuer.map(Some))?;
    if issuer.name().is_none() {
        let alone = element::identifier(None, None, id).ok();
        return alone.filter(|_| has_system(reading));
    }
    let Ok(system) = identity::system(&issuer, reading.rules) else {
        reading.reject(InvalidValue::new(sequence, Reason::UnknownIssuer));
        return None;
    };
    if system.uri.is_none() && !has_system(reading) {
        return None;
    }
    let mut identifier = element::identifier(None, system.uri.as_deref(), id).ok()?;
    identifier.assigner = system.issuer.as_deref().and_then(identity::assigner);
    Some(identifier)
}

/// Whether PatientID has a system, so that an id without one is not taken for it.
fn has_system(reading: &Reading<'_>) -> bool {
    let issuer = usable(identity::issuer(reading.dataset)).ok();
    let system = issuer.and_then(|(issuer, _)| identity::system(&issuer, reading.rules).ok());
    system.is_some_and(|system| system.uri.is_some())
}
