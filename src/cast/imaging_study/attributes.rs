//! The mapping of attributes, a table each for study, series and instance. The UIDs come from the
//! entry and the counts from the resource; neither are attributes.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::marked;
use super::super::put;
use super::super::reading::{code_string, date_time, text, uid, unsigned};
use super::super::row::Row;
use super::accession;
use super::anatomy::{self, BODY_SITE, LATERALITY};
use super::specimen::{self, SPECIMEN};
use super::title::{self, TITLE};

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
    Row::optional(&[tags::SERIES_NUMBER], "number", unsigned, put::unsigned)
        .rule("left out when it is negative or more than FHIR can hold"),
    Row::required(&[tags::MODALITY], "modality", code_string, put::modality)
        .rule("system DCM; an entry without it fails, because nobody could tell a guessed `OT`"),
    Row::optional(&[tags::SERIES_DESCRIPTION], "description", text, put::text)
        .rule("as it is"),
    Row::optional(SERIES_MOMENT, "started", date_time, put::date_time)
        .rule("date alone unless time and zone are known; the zone is the offset, else the configured one"),
    Row::optional(BODY_SITE, "bodySite", anatomy::read_body_site, put::concept)
        .rule("the coded region, SNOMED RT as SNOMED CT; else the frames'; else the concept of the term (PS3.16 Annex L), of any other term the display alone"),
    Row::optional(LATERALITY, "laterality", anatomy::read_laterality, put::concept)
        .rule("SNOMED CT concept (PS3.16 CID 244) of the first that is there"),
    Row::optional(SPECIMEN, "specimen", specimen::read, marked::put_list)
        .present_if(marked::has_items)
        .rule("logical reference for each item; the system is the issuer's"),
];

/// `ImagingStudy.series.instance`
pub(crate) const INSTANCE: &[Row] = &[
    Row::required(&[tags::SOP_CLASS_UID], "sopClass", uid, put::sop_class)
        .rule("system `urn:ietf:rfc:3986`, code `urn:oid:` and the UID; an entry without it fails"),
    Row::optional(&[tags::INSTANCE_NUMBER], "number", unsigned, put::unsigned)
        .rule("left out when it is negative or more than FHIR can hold"),
    Row::optional(TITLE, "title", title::read, put::text)
        .rule("the first that is there; of a code its meaning, Image Type joined by backslashes"),
];
