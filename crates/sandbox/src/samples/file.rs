//! One instance of the catalogue as a Part 10 file.

use std::fs;
use std::path::Path;

use dicom_core::{DataElement, PrimitiveValue, VR, dicom_value};
use dicom_dictionary_std::{tags, uids};
use dicom_object::mem::InMemElement;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use uuid::Uuid;

use super::SamplesError;
use super::attribute::element;
use super::catalogue::{Content, Series, Study};
use super::dose_report;
use super::people::CLINIC;

/// Rows and columns of the images.
const SIZE: u16 = 16;

pub(super) fn write(
    path: &Path,
    study: &Study,
    series: &Series,
    number: u32,
) -> Result<(), SamplesError> {
    let failed = |reason: String| SamplesError::Encode {
        path: path.to_owned(),
        reason,
    };
    let mut bytes = Vec::new();
    data_set(study, series, number)
        .with_meta(FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN))
        .map_err(|error| failed(error.to_string()))?
        .write_all(&mut bytes)
        .map_err(|error| failed(error.to_string()))?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, bytes)?)
}

fn data_set(study: &Study, series: &Series, number: u32) -> InMemDicomObject {
    let study_uid = uid(study.name);
    let series_name = format!("{}/{}", study.name, series_index(study, series));
    let mut object = InMemDicomObject::from_element_iter([
        text(tags::SOP_CLASS_UID, VR::UI, series.sop_class),
        text(
            tags::SOP_INSTANCE_UID,
            VR::UI,
            &uid(&format!("{series_name}/{number}")),
        ),
        text(tags::STUDY_INSTANCE_UID, VR::UI, &study_uid),
        text(tags::SERIES_INSTANCE_UID, VR::UI, &uid(&series_name)),
        text(tags::INSTANCE_NUMBER, VR::IS, &number.to_string()),
    ]);
    // The more particular list has the last word.
    for attributes in [CLINIC, study.patient, study.attributes, series.attributes] {
        for (tag, value) in attributes {
            object.put(element(*tag, *value));
        }
    }
    let content = match series.content {
        Content::Image => image(number),
        Content::DoseReport => dose_report::elements(&study_uid, uid),
    };
    for element in content {
        object.put(element);
    }
    object
}

fn series_index(study: &Study, series: &Series) -> usize {
    let found = study.series.iter().position(|s| std::ptr::eq(s, series));
    found.unwrap_or_default()
}

/// A grey ramp that moves from image to image.
fn image(number: u32) -> Vec<InMemElement> {
    let pixels = (0..SIZE * SIZE).map(|position| (position + number as u16) % 256);
    let short = |tag, value: u16| DataElement::new(tag, VR::US, dicom_value!(U16, [value]));
    vec![
        short(tags::SAMPLES_PER_PIXEL, 1),
        text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        short(tags::ROWS, SIZE),
        short(tags::COLUMNS, SIZE),
        short(tags::BITS_ALLOCATED, 16),
        short(tags::BITS_STORED, 8),
        short(tags::HIGH_BIT, 7),
        short(tags::PIXEL_REPRESENTATION, 0),
        DataElement::new(
            tags::PIXEL_DATA,
            VR::OW,
            PrimitiveValue::U16(pixels.collect()),
        ),
    ]
}

/// The UID that stands for this name at every run, derived from a UUID (PS3.5 annex B.2).
fn uid(name: &str) -> String {
    let uuid = Uuid::new_v5(
        &Uuid::NAMESPACE_OID,
        format!("radcast sample {name}").as_bytes(),
    );
    format!("2.25.{}", uuid.as_u128())
}

fn text(tag: dicom_core::Tag, vr: VR, value: &str) -> InMemElement {
    DataElement::new(tag, vr, PrimitiveValue::from(value))
}
