//! `ImagingStudy.identifier` and `ImagingStudy.basedOn`: the numbers of orders.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use fhir_model::r4b::codes::IdentifierUse;

use super::super::edit::EditError;
use super::super::element;
use super::super::fact::Fact;
use super::super::marked;
use super::super::object::Object;
use super::super::order::OrderNumber;
use super::super::reading::Reading;
use super::super::row::Row;

pub(super) fn read_accession(reading: &mut Reading<'_>, _: &'static [Tag]) -> Option<Fact> {
    let orders = reading.orders();
    let identifier = orders.accession.as_ref()?.identifier().ok()?;
    Fact::json(&identifier)
}

pub(super) fn read_study_id(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let id = reading.dataset.text(*tags.first()?);
    let id = reading.accept(id)?;
    let mut identifier = element::identifier(None, None, &id).ok()?;
    identifier.r#use = Some(IdentifierUse::Secondary);
    Fact::list(&[identifier])
}

pub(super) fn read_accession_order(reading: &mut Reading<'_>, _: &'static [Tag]) -> Option<Fact> {
    references(reading.orders().accession.as_slice())
}

pub(super) fn read_placer_order(reading: &mut Reading<'_>, _: &'static [Tag]) -> Option<Fact> {
    references(reading.orders().placer.as_slice())
}

pub(super) fn read_filler_order(reading: &mut Reading<'_>, _: &'static [Tag]) -> Option<Fact> {
    references(reading.orders().filler.as_slice())
}

pub(super) fn read_requested_orders(reading: &mut Reading<'_>, _: &'static [Tag]) -> Option<Fact> {
    references(&reading.orders().requested)
}

/// References to orders that the requests may refer to as well.
pub(super) fn put(study: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    marked::put_before(study, row, fact, tags::REQUEST_ATTRIBUTES_SEQUENCE)
}

fn references(numbers: &[OrderNumber]) -> Option<Fact> {
    let references = numbers.iter().filter_map(|number| number.reference().ok());
    Fact::list(&references.collect::<Vec<_>>())
}
