//! `ImagingStudy.series.performer`.

use dicom_core::Tag;
use fhir_model::r4b::resources::ImagingStudySeriesPerformer;
use fhir_model::r4b::types::{CodeableConcept, Reference};

use super::super::edit::EditError;
use super::super::element::{self, system};
use super::super::fact::Fact;
use super::super::reading::Reading;

/// Physicians who performed: `PRF`.
pub(super) fn read_physicians(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    persons(reading, tags, "PRF", "primary performer")
}

/// Operators, who performed too: `SPRF`.
pub(super) fn read_operators(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    persons(reading, tags, "SPRF", "secondary performer")
}

/// The equipment, by manufacturer and model, with its serial number.
pub(super) fn read_equipment(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let mut texts = tags.iter().map(|tag| {
        let text = reading.dataset.text(*tag);
        reading.accept(text)
    });
    let [manufacturer, model, serial] = [(); 3].map(|()| texts.next().flatten());
    let named: Vec<_> = [manufacturer, model].into_iter().flatten().collect();
    let display = (!named.is_empty()).then(|| named.join(" "));
    let serial = serial.map(|serial| element::identifier(Some("SNO"), None, &serial));
    let serial = serial.transpose().ok()?;
    if display.is_none() && serial.is_none() {
        return None;
    }
    let device = element::logical_reference("Device", serial, display).ok()?;
    Fact::list(&[performer(None, device).ok()?])
}

fn persons(
    reading: &mut Reading<'_>,
    tags: &'static [Tag],
    code: &str,
    meaning: &str,
) -> Option<Fact> {
    let &[names, identifications] = tags else {
        return None;
    };
    let persons = reading.persons(names, identifications);
    if persons.is_empty() {
        return None;
    }
    let mut coding = element::coding(system::PARTICIPATION_TYPE, code).ok()?;
    coding.display = Some(meaning.to_owned());
    let function = element::concept(Some(coding), None).ok()?;
    let performers = persons.into_iter();
    let performers = performers.filter_map(|person| performer(Some(&function), person).ok());
    Fact::list(&performers.collect::<Vec<_>>())
}

fn performer(
    function: Option<&CodeableConcept>,
    actor: Reference,
) -> Result<ImagingStudySeriesPerformer, EditError> {
    let mut builder = ImagingStudySeriesPerformer::builder().actor(actor);
    if let Some(function) = function {
        builder = builder.function(function.clone());
    }
    builder.build().map_err(|_| EditError::Build("performer"))
}
