//! `ImagingStudy.procedureCode` and `ImagingStudy.reasonCode`.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use fhir_model::r4b::types::CodeableConcept;

use super::super::concept;
use super::super::edit::EditError;
use super::super::element;
use super::super::fact::{Fact, distinct};
use super::super::marked;
use super::super::object::Object;
use super::super::reading::Reading;
use super::super::row::Row;
use radcast_dicom::{Dataset, Flawed};

/// Procedure Code Sequence (0008,1032).
pub(super) fn read_performed(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let dataset = reading.dataset;
    facts(concepts(reading, dataset, *tags.first()?))
}

/// Codes that may be requested too.
pub(super) fn put_performed(study: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    marked::put_before(study, row, fact, tags::REQUESTED_PROCEDURE_CODE_SEQUENCE)
}

/// Requested Procedure Code Sequence (0032,1064), while no other procedure is named.
pub(super) fn read_requested(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let requested = all_concepts(reading, *tags.first()?);
    if requested.is_empty() {
        return None;
    }
    let performed = reading
        .dataset
        .coded_concepts(tags::PROCEDURE_CODE_SEQUENCE);
    let is_used = |code: &Result<_, Flawed<_>>| {
        let flawed = code.as_ref().err();
        flawed.is_none_or(|flawed| flawed.kept.is_some())
    };
    if performed.iter().any(is_used) {
        return None;
    }
    facts(requested)
}

/// Reason for Requested Procedure Code Sequence (0040,100A).
pub(super) fn read_reason_codes(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    facts(all_concepts(reading, *tags.first()?))
}

/// Reasons whose words may be given too.
pub(super) fn put_reason_codes(
    study: &mut Object,
    row: &Row,
    fact: &Fact,
) -> Result<(), EditError> {
    marked::put_before(study, row, fact, tags::REASON_FOR_THE_REQUESTED_PROCEDURE)
}

/// Reason for the Requested Procedure (0040,1002).
pub(super) fn read_reasons(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let tag = *tags.first()?;
    let own = reading.dataset.text(tag);
    let mut reasons: Vec<_> = reading.accept(own).into_iter().collect();
    for request in reading.requests().iter() {
        let sequence = tags::REQUEST_ATTRIBUTES_SEQUENCE;
        let reason = request.text(tag);
        let reason = reason.map_err(|flawed| flawed.within(sequence));
        reasons.extend(reading.accept(reason));
    }
    let reasons = reasons.into_iter();
    let reasons = reasons.filter_map(|reason| element::concept(None, Some(reason)).ok());
    facts(reasons.collect())
}

/// The concepts of a code sequence of the dataset, and of each item of Request Attributes Sequence
/// (0040,0275).
fn all_concepts(reading: &mut Reading<'_>, tag: Tag) -> Vec<CodeableConcept> {
    let dataset = reading.dataset;
    let mut all = concepts(reading, dataset, tag);
    for request in reading.requests().iter() {
        all.extend(concepts(reading, request, tag));
    }
    all
}

fn concepts(reading: &mut Reading<'_>, dataset: &Dataset, tag: Tag) -> Vec<CodeableConcept> {
    let codes = dataset.coded_concepts(tag).into_iter();
    let codes = codes.filter_map(|code| reading.accept(code.map(Some)));
    codes.filter_map(|code| concept::codeable(&code)).collect()
}

/// Each concept once.
fn facts(concepts: Vec<CodeableConcept>) -> Option<Fact> {
    Fact::list(&distinct(concepts))
}
