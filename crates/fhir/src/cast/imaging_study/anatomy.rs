//! Which part of the body a series shows, and which side: `ImagingStudy.series.bodySite` and
//! `laterality`.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use fhir_model::r4b::types::Coding;

use super::super::concept;
use super::super::element;
use super::super::fact::Fact;
use super::super::reading::Reading;
use super::super::terminology::{Code, body_part, laterality};
use radcast_dicom::{Dataset, InvalidValue, Reason};

/// The attributes of `bodySite`.
pub(super) const BODY_SITE: &[Tag] = &[
    tags::BODY_PART_EXAMINED,
    tags::ANATOMIC_REGION_SEQUENCE,
    tags::FRAME_ANATOMY_SEQUENCE,
];

/// The attributes of `laterality`.
pub(super) const LATERALITY: &[Tag] = &[
    tags::LATERALITY,
    tags::IMAGE_LATERALITY,
    tags::FRAME_LATERALITY,
];

/// Where the attributes of frames are.
pub(in crate::cast) const FRAMES: &[Tag] = &[
    tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
];

/// The coded region of the object or of its frames, else the term. The standard does not close
/// the list of terms (PS3.16 Annex L), so one that it does not know is no error.
pub(super) fn read_body_site(reading: &mut Reading<'_>, _: &'static [Tag]) -> Option<Fact> {
    let dataset = reading.dataset;
    let region = region(reading, dataset).or_else(|| {
        let frame = frame_anatomy(reading, dataset)?;
        region(reading, &frame)
    });
    if let Some(region) = region {
        return Fact::json(&region);
    }
    let term = reading.accept(dataset.code_string(tags::BODY_PART_EXAMINED))?;
    match body_part::coding(&term) {
        Some(code) => coded(code),
        None => Fact::json(&Coding::builder().display(term).build().ok()?),
    }
}

/// The side of the series, else of the image, else of its frames.
pub(super) fn read_laterality(reading: &mut Reading<'_>, _: &'static [Tag]) -> Option<Fact> {
    let dataset = reading.dataset;
    let side = side(reading, dataset, tags::LATERALITY)
        .or_else(|| side(reading, dataset, tags::IMAGE_LATERALITY))
        .or_else(|| {
            let frame = frame_anatomy(reading, dataset)?;
            side(reading, &frame, tags::FRAME_LATERALITY)
        });
    coded(side?)
}

fn side(reading: &mut Reading<'_>, dataset: &Dataset, tag: Tag) -> Option<Code> {
    let undefined = InvalidValue::new(tag, Reason::UndefinedTerm("R, L, U, B"));
    let code = |term: &String| laterality::coding(term);
    reading.find(dataset.code_string(tag), code, undefined)
}

/// The first of Anatomic Region Sequence (0008,2218).
fn region(reading: &mut Reading<'_>, dataset: &Dataset) -> Option<Coding> {
    let concepts = dataset.coded_concepts(tags::ANATOMIC_REGION_SEQUENCE);
    let first = concepts.into_iter().next()?;
    concept::coding(&reading.accept(first.map(Some))?)
}

/// Frame Anatomy Sequence (0020,9071): all frames', else the first one's (PS3.3 C.7.6.16.2.8).
fn frame_anatomy(reading: &mut Reading<'_>, dataset: &Dataset) -> Option<Dataset> {
    reading.reject_unread(FRAMES);
    let anatomy = |groups: Dataset| groups.first_item(tags::FRAME_ANATOMY_SEQUENCE);
    let mut groups = FRAMES.iter().filter_map(|tag| dataset.first_item(*tag));
    groups.find_map(anatomy)
}

fn coded(code: Code) -> Option<Fact> {
    let mut coding = element::coding(&code.system, &code.code).ok()?;
    coding.display = code.display.map(Into::into);
    Fact::json(&coding)
}
