//! The mapping of attributes, a table each for study, series and instance. The UIDs come from the
//! entry and the counts from the resource; neither are attributes.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::put;
use super::super::reading::{code_string, date_time, text, uid, unsigned};
use super::super::row::Row;
use super::accession;

const STUDY_MOMENT: &[Tag] = &[
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::TIMEZONE_OFFSET_FROM_UTC,
];
const SERIES_MOMENT: &[Tag] = &[
    tags::SERIES_DATE,
    tags::SERIES_TIME,
    tags::TIMEZONE_OFFSET_FROM_UTC,
];

/// `ImagingStudy`
pub(crate) const STUDY: &[Row] = &[
    Row::optional(
        &[tags::ACCESSION_NUMBER],
        "identifier",
        text,
        accession::put,
    )
    .present_if(accession::is_present),
    Row::optional(STUDY_MOMENT, "started", date_time, put::date_time),
    Row::optional(&[tags::STUDY_DESCRIPTION], "description", text, put::text),
];

/// `ImagingStudy.series`
pub(crate) const SERIES: &[Row] = &[
    Row::optional(&[tags::SERIES_NUMBER], "number", unsigned, put::unsigned),
    Row::required(&[tags::MODALITY], "modality", code_string, put::modality),
    Row::optional(&[tags::SERIES_DESCRIPTION], "description", text, put::text),
    Row::optional(SERIES_MOMENT, "started", date_time, put::date_time),
];

/// `ImagingStudy.series.instance`
pub(crate) const INSTANCE: &[Row] = &[
    Row::required(&[tags::SOP_CLASS_UID], "sopClass", uid, put::sop_class),
    Row::optional(&[tags::INSTANCE_NUMBER], "number", unsigned, put::unsigned),
];
