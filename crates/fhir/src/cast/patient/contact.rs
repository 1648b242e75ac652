//! `Patient.contact`: who decides for the patient, in one contact of ours.

use dicom_core::Tag;
use fhir_model::r4b::types::{CodeableConcept, Reference};
use serde_json::Value;

use super::super::edit::EditError;
use super::super::element;
use super::super::fact::Fact;
use super::super::object::Object;
use super::super::reading::Reading;
use super::super::row::Row;
use super::member::Item;
use super::other_names::human_name;

/// HL7 v2 table 0063, relationships.
const RELATIONSHIP: &str = "http://terminology.hl7.org/CodeSystem/v2-0063";

const RESPONSIBLE: Item = Item {
    list: "contact",
    mark: "ResponsiblePerson",
    fixed: None,
};

/// Responsible Person (0010,2297): a contact has but one name.
pub(super) fn read_name(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let name = reading.dataset.person_name(*tags.first()?);
    let name = reading.accept(name)?;
    let writings = [
        (&name.alphabetic, None),
        (&name.ideographic, Some("IDE")),
        (&name.phonetic, Some("SYL")),
    ];
    let first = writings.into_iter().find(|(group, _)| !group.is_empty());
    let (group, code) = first?;
    Fact::json(&human_name(group, None, code)?)
}

/// Responsible Organization (0010,2299).
pub(super) fn read_organization(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let text = reading.dataset.text(*tags.first()?);
    let display = reading.accept(text)?;
    Fact::json(&Reference::builder().display(display).build().ok()?)
}

/// Responsible Person Role (0010,2298), PS3.3 C.7.1.1.1.2.
pub(super) fn read_role(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let term = reading.dataset.code_string(*tags.first()?);
    let term = reading.accept(term)?;
    let mut concept = CodeableConcept::builder().text(term.clone());
    if let Some(code) = relationship(&term) {
        let coding = element::coding(RELATIONSHIP, code).ok()?;
        concept = concept.coding(vec![Some(coding)]);
    }
    Fact::json(&[concept.build().ok()?])
}

/// The code of a defined term, where one means the same.
fn relationship(term: &str) -> Option<&'static str> {
    Some(match term.to_ascii_uppercase().as_str() {
        "OWNER" => "OWN",
        "PARENT" => "PAR",
        "CHILD" => "CHD",
        "SPOUSE" => "SPO",
        "SIBLING" => "SIB",
        "GUARDIAN" => "GRD",
        _ => return None,
    })
}

pub(super) fn put_name(patient: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    put(patient, row, fact, "name")
}

pub(super) fn put_organization(
    patient: &mut Object,
    row: &Row,
    fact: &Fact,
) -> Result<(), EditError> {
    put(patient, row, fact, "organization")
}

/// A role alone is no contact (R4 Patient, pat-1).
pub(super) fn put_role(patient: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    if has_name(patient, row)? || has_organization(patient, row)? {
        put(patient, row, fact, "relationship")?;
    }
    Ok(())
}

pub(super) fn remove_name(patient: &mut Object, _: &Row) -> Result<(), EditError> {
    RESPONSIBLE.remove(patient, "name", is_contact)
}

pub(super) fn remove_organization(patient: &mut Object, _: &Row) -> Result<(), EditError> {
    RESPONSIBLE.remove(patient, "organization", is_contact)
}

pub(super) fn remove_role(patient: &mut Object, _: &Row) -> Result<(), EditError> {
    RESPONSIBLE.remove(patient, "relationship", is_contact)
}

/// What a contact needs one of (R4 Patient, pat-1).
fn is_contact(member: &str) -> bool {
    ["name", "telecom", "address", "organization"].contains(&member)
}

pub(super) fn has_name(patient: &Object, _: &Row) -> Result<bool, EditError> {
    RESPONSIBLE.has(patient, "name")
}

pub(super) fn has_organization(patient: &Object, _: &Row) -> Result<bool, EditError> {
    RESPONSIBLE.has(patient, "organization")
}

pub(super) fn has_role(patient: &Object, _: &Row) -> Result<bool, EditError> {
    RESPONSIBLE.has(patient, "relationship")
}

fn put(
    patient: &mut Object,
    row: &Row,
    fact: &Fact,
    member: &'static str,
) -> Result<(), EditError> {
    let Fact::Json(json) = fact else {
        return Err(EditError::Build(row.element));
    };
    let value: Value = serde_json::from_str(json).map_err(|_| EditError::Build(row.element))?;
    RESPONSIBLE.put(patient, member, &value)
}
