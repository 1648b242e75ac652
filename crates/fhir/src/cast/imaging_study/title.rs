//! `ImagingStudy.series.instance.title`: what an instance is called.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::fact::Fact;
use super::super::reading::Reading;

/// The attributes of `title`, the one that comes first where several are there.
pub(super) const TITLE: &[Tag] = &[
    tags::DOCUMENT_TITLE,
    tags::CONTENT_LABEL,
    tags::CONCEPT_NAME_CODE_SEQUENCE,
    tags::IMAGE_TYPE,
];

/// The title of a document, the label of a presentation, the name of a report, the type of an
/// image.
pub(super) fn read(reading: &mut Reading<'_>, _: &'static [Tag]) -> Option<Fact> {
    let dataset = reading.dataset;
    let title = reading.accept(dataset.text(tags::DOCUMENT_TITLE));
    let title = title.and_then(|title| reading.string(tags::DOCUMENT_TITLE, &title));
    let title = title.or_else(|| reading.accept(dataset.code_string(tags::CONTENT_LABEL)));
    let title = title.or_else(|| concept_name(reading));
    let title = title.or_else(|| image_type(reading));
    title.map(Fact::text)
}

fn concept_name(reading: &mut Reading<'_>) -> Option<String> {
    const NAME: Tag = tags::CONCEPT_NAME_CODE_SEQUENCE;
    let name = reading.dataset.sequence(NAME).into_iter().next()?;
    let name = reading.accept(name.map(Some))?;
    let meaning = name.text(tags::CODE_MEANING);
    reading.accept(meaning.map_err(|flawed| flawed.within(NAME)))
}

fn image_type(reading: &mut Reading<'_>) -> Option<String> {
    let values = reading.dataset.code_strings(tags::IMAGE_TYPE).map(Some);
    let values = reading.accept(values)?;
    (!values.is_empty()).then(|| values.join("\\"))
}
