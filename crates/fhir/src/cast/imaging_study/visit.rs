//! `ImagingStudy.encounter` and `ImagingStudy.location`.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::element;
use super::super::fact::Fact;
use super::super::reading::Reading;

/// The visit that has the Admission ID (0038,0010).
pub(super) fn read_encounter(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let dataset = reading.dataset;
    let id = reading.accept(dataset.text(*tags.first()?))?;
    let system = reading.issuer(dataset, tags::ISSUER_OF_ADMISSION_ID_SEQUENCE);
    let identifier = element::identifier(Some("VN"), system.as_deref(), &id).ok()?;
    let encounter = element::logical_reference("Encounter", Some(identifier), None);
    Fact::json(&encounter.ok()?)
}

/// The first attribute that says something.
pub(super) fn read_location(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let name = tags.iter().find_map(|tag| {
        let name = reading.dataset.text(*tag);
        reading.accept(name)
    });
    let location = element::logical_reference("Location", None, Some(name?));
    Fact::json(&location.ok()?)
}
