//! Patients that are animals: the extension `patient-animal` (PS3.3 C.7.1.1.1.3).

use dicom_core::Tag;
use fhir_model::r4b::types::{CodeableConcept, Extension, ExtensionValue};

use super::super::concept;
use super::super::edit::EditError;
use super::super::element;
use super::super::fact::Fact;
use super::super::object::Object;
use super::super::reading::Reading;
use super::super::row::Row;
use super::extension::Complex;
use radcast_dicom::{InvalidValue, Reason};

/// Codes of the part `genderStatus`.
const GENDER_STATUS: &str = "http://terminology.hl7.org/CodeSystem/animal-genderstatus";

const ANIMAL: Complex = Complex {
    url: "http://hl7.org/fhir/StructureDefinition/patient-animal",
    mark: "PatientSpeciesDescription",
};

/// Patient Species Description (0010,2201) and its code sequence (0010,2202).
pub(super) fn read_species(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    part("species", described(reading, tags)?)
}

/// Patient Breed Description (0010,2292) and its code sequence (0010,2293).
pub(super) fn read_breed(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    part("breed", described(reading, tags)?)
}

/// Patient's Sex Neutered (0010,2203).
pub(super) fn read_neutered(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let tag = *tags.first()?;
    let term = reading.dataset.code_string(tag);
    let code = |term: &String| match term.to_ascii_uppercase().as_str() {
        "ALTERED" => Some("neutered"),
        "UNALTERED" => Some("intact"),
        _ => None,
    };
    let undefined = InvalidValue::new(tag, Reason::UndefinedTerm("ALTERED, UNALTERED"));
    let code = reading.find(term, code, undefined)?;
    let coding = element::coding(GENDER_STATUS, code).ok()?;
    let concept = CodeableConcept::builder().coding(vec![Some(coding)]);
    part("genderStatus", concept.build().ok()?)
}

/// A description and a code sequence as one concept. The first code's meaning stands for a
/// description that there is none of.
fn described(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<CodeableConcept> {
    let &[description, sequence] = tags else {
        return None;
    };
    let text = reading.dataset.text(description);
    let mut text = reading.accept(text);
    let mut codings = Vec::new();
    for coded in reading.dataset.coded_concepts(sequence) {
        let Some(coded) = reading.accept(coded.map(Some)) else {
            continue;
        };
        codings.extend(concept::coding(&coded).map(Some));
        text = text.or(coded.meaning);
    }
    if text.is_none() && codings.is_empty() {
        return None;
    }
    let mut concept = CodeableConcept::builder().coding(codings).build().ok()?;
    concept.text = text;
    Some(concept)
}

fn part(url: &str, concept: CodeableConcept) -> Option<Fact> {
    let part = Extension::builder()
        .url(url.to_owned())
        .value(ExtensionValue::CodeableConcept(concept));
    Fact::json(&part.build().ok()?)
}

pub(super) fn put_species(patient: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    ANIMAL.put(patient, row, fact, true)
}

/// Breed and gender status, which there are only beside a species.
pub(super) fn put_other(patient: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    ANIMAL.put(patient, row, fact, false)
}

pub(super) fn remove_species(patient: &mut Object, row: &Row) -> Result<(), EditError> {
    ANIMAL.remove(patient, row, "species", true)
}

pub(super) fn remove_breed(patient: &mut Object, row: &Row) -> Result<(), EditError> {
    ANIMAL.remove(patient, row, "breed", false)
}

pub(super) fn remove_neutered(patient: &mut Object, row: &Row) -> Result<(), EditError> {
    ANIMAL.remove(patient, row, "genderStatus", false)
}

pub(super) fn has_species(patient: &Object, row: &Row) -> Result<bool, EditError> {
    ANIMAL.has(patient, row, "species")
}

pub(super) fn has_breed(patient: &Object, row: &Row) -> Result<bool, EditError> {
    ANIMAL.has(patient, row, "breed")
}

pub(super) fn has_neutered(patient: &Object, row: &Row) -> Result<bool, EditError> {
    ANIMAL.has(patient, row, "genderStatus")
}
