//! `ImagingStudy.series.specimen`: what was taken of the patient and put under the microscope.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use fhir_model::r4b::types::Reference;

use super::super::element;
use super::super::fact::Fact;
use super::super::reading::Reading;
use radcast_dicom::Dataset;

/// The attributes of `specimen`.
pub(super) const SPECIMEN: &[Tag] = &[
    tags::SPECIMEN_DESCRIPTION_SEQUENCE,
    tags::SPECIMEN_IDENTIFIER,
    tags::ISSUER_OF_THE_SPECIMEN_IDENTIFIER_SEQUENCE,
];

/// A logical reference to each specimen (PS3.3 C.7.6.22).
pub(super) fn read(reading: &mut Reading<'_>, _: &'static [Tag]) -> Option<Fact> {
    let items = reading
        .dataset
        .sequence(tags::SPECIMEN_DESCRIPTION_SEQUENCE);
    let specimens = items.into_iter().filter_map(|item| {
        let item = reading.accept(item.map(Some))?;
        specimen(reading, &item)
    });
    Fact::list(&specimens.collect::<Vec<_>>())
}

fn specimen(reading: &mut Reading<'_>, item: &Dataset) -> Option<Reference> {
    let id = item.text(tags::SPECIMEN_IDENTIFIER);
    let id = id.map_err(|flawed| flawed.within(tags::SPECIMEN_DESCRIPTION_SEQUENCE));
    let id = reading.accept(id)?;
    let system = reading.issuer(item, tags::ISSUER_OF_THE_SPECIMEN_IDENTIFIER_SEQUENCE);
    let identifier = element::identifier(None, system.as_deref(), &id).ok()?;
    element::logical_reference("Specimen", Some(identifier), None).ok()
}
