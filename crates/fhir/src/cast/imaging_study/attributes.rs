//! The mapping of attributes, a table each for study, series and instance. The UIDs come from the
//! entry and the counts from the resource; neither are attributes.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::marked;
use super::super::put;
use super::super::reading::{date_time, modality, text, uid, unsigned};
use super::super::row::Row;
use super::anatomy::{self, BODY_SITE, LATERALITY};
use super::specimen::{self, SPECIMEN};
use super::title::{self, TITLE};
use super::{accession, orders, performer, physicians, procedure, visit};

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
const ACCESSION: &[Tag] = &[
    tags::ACCESSION_NUMBER,
    tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE,
];
const PLACER: &[Tag] = &[
    tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::ORDER_PLACER_IDENTIFIER_SEQUENCE,
];
const FILLER: &[Tag] = &[
    tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::ORDER_FILLER_IDENTIFIER_SEQUENCE,
];
const REQUESTS: &[Tag] = &[tags::REQUEST_ATTRIBUTES_SEQUENCE];
const ADMISSION: &[Tag] = &[tags::ADMISSION_ID, tags::ISSUER_OF_ADMISSION_ID_SEQUENCE];
const REFERRER: &[Tag] = &[
    tags::REFERRING_PHYSICIAN_NAME,
    tags::REFERRING_PHYSICIAN_IDENTIFICATION_SEQUENCE,
];
const READERS: &[Tag] = &[
    tags::NAME_OF_PHYSICIANS_READING_STUDY,
    tags::PHYSICIANS_READING_STUDY_IDENTIFICATION_SEQUENCE,
];
const PERFORMED: &[Tag] = &[tags::PROCEDURE_CODE_SEQUENCE];
const REQUESTED: &[Tag] = &[
    tags::REQUESTED_PROCEDURE_CODE_SEQUENCE,
    tags::REQUEST_ATTRIBUTES_SEQUENCE,
];
const LOCATION: &[Tag] = &[
    tags::INSTITUTIONAL_DEPARTMENT_NAME,
    tags::PERFORMED_LOCATION,
];
const REASON_CODES: &[Tag] = &[
    tags::REASON_FOR_REQUESTED_PROCEDURE_CODE_SEQUENCE,
    tags::REQUEST_ATTRIBUTES_SEQUENCE,
];
const REASONS: &[Tag] = &[
    tags::REASON_FOR_THE_REQUESTED_PROCEDURE,
    tags::REQUEST_ATTRIBUTES_SEQUENCE,
];
const PHYSICIANS: &[Tag] = &[
    tags::PERFORMING_PHYSICIAN_NAME,
    tags::PERFORMING_PHYSICIAN_IDENTIFICATION_SEQUENCE,
];
const OPERATORS: &[Tag] = &[tags::OPERATORS_NAME, tags::OPERATOR_IDENTIFICATION_SEQUENCE];
const EQUIPMENT: &[Tag] = &[
    tags::MANUFACTURER,
    tags::MANUFACTURER_MODEL_NAME,
    tags::DEVICE_SERIAL_NUMBER,
];

/// The rule of `started`.
const MOMENT: &str = "date and time with the offset, else in the zone of DicomCast:TimeZone; \
                      the date alone without time or zone; partial dates stay partial; \
                      takes no finer moment of the same day away";

/// The rule of numbers.
const NUMBER: &str = "left out when it is negative or more than FHIR can hold";

/// `ImagingStudy`
pub(crate) const STUDY: &[Row] = &[
    Row::optional(ACCESSION, "identifier", orders::read_accession, accession::put)
        .qualified()
        .removed_by(accession::remove)
        .part("accession number")
        .rule("type ACSN of v2-0203; the system is the issuer's, else the configured one")
        .present_if(accession::is_present),
    Row::optional(&[tags::STUDY_ID], "identifier", orders::read_study_id, marked::put_list)
        .removed_by(marked::remove)
        .part("study id")
        .rule("use `secondary`, no system")
        .present_if(marked::has_items),
    Row::optional(STUDY_MOMENT, "started", date_time, put::date_time)
        .qualified()
        .finer_by(put::is_finer)
        .rule(MOMENT),
    Row::optional(&[tags::STUDY_DESCRIPTION], "description", text, put::text).rule("as it is"),
    Row::optional(ADMISSION, "encounter", visit::read_encounter, marked::put_one)
        .qualified()
        .removed_by(marked::remove)
        .rule("logical reference to the Encounter with this visit number (VN of v2-0203)"),
    Row::optional(ACCESSION, "basedOn", orders::read_accession_order, orders::put)
        .qualified()
        .removed_by(marked::remove)
        .part("accession number")
        .rule("logical reference to the ServiceRequest with this number (ACSN of v2-0203)")
        .present_if(marked::has_items),
    Row::optional(PLACER, "basedOn", orders::read_placer_order, orders::put)
        .qualified()
        .removed_by(marked::remove)
        .part("placer order number")
        .rule("logical reference to the ServiceRequest with this number (PLAC of v2-0203)")
        .present_if(marked::has_items),
    Row::optional(FILLER, "basedOn", orders::read_filler_order, orders::put)
        .qualified()
        .removed_by(marked::remove)
        .part("filler order number")
        .rule("logical reference to the ServiceRequest with this number (FILL of v2-0203)")
        .present_if(marked::has_items),
    Row::optional(REQUESTS, "basedOn", orders::read_requested_orders, marked::put_list)
        .removed_by(marked::remove)
        .part("requests")
        .rule("logical references by the numbers in each item, as those of the study itself, which are not repeated")
        .present_if(marked::has_items),
    Row::optional(REFERRER, "referrer", physicians::read_one, marked::put_one)
        .removed_by(marked::remove)
        .rule("logical reference to a Practitioner; display is the name as it is said, identifier the person's code"),
    Row::optional(READERS, "interpreter", physicians::read_all, marked::put_list)
        .removed_by(marked::remove)
        .rule("as `referrer`, for each; codes belong to the names in the same places")
        .present_if(marked::has_items),
    Row::optional(PERFORMED, "procedureCode", procedure::read_performed, procedure::put_performed)
        .removed_by(marked::remove)
        .part("performed procedure")
        .rule("each code")
        .present_if(marked::has_items),
    Row::optional(REQUESTED, "procedureCode", procedure::read_requested, marked::put_list)
        .removed_by(marked::remove)
        .part("requested procedure")
        .rule("each code, also of each request, while Procedure Code Sequence gives none; R4 maps these codes to `basedOn`, where they would identify no order")
        .present_if(marked::has_items),
    Row::optional(LOCATION, "location", visit::read_location, marked::put_one)
        .removed_by(marked::remove)
        .rule("reference to a Location by its display; the first attribute that has a value"),
    Row::optional(REASON_CODES, "reasonCode", procedure::read_reason_codes, procedure::put_reason_codes)
        .removed_by(marked::remove)
        .part("codes")
        .rule("each code, also of each request")
        .present_if(marked::has_items),
    Row::optional(REASONS, "reasonCode", procedure::read_reasons, marked::put_list)
        .removed_by(marked::remove)
        .part("words")
        .rule("text, also of each request, unless a code says it in the same words")
        .present_if(marked::has_items),
];

/// `ImagingStudy.series`
pub(crate) const SERIES: &[Row] = &[
    Row::optional(&[tags::SERIES_NUMBER], "number", unsigned, put::unsigned)
        .rule(NUMBER),
    Row::required(&[tags::MODALITY], "modality", modality, put::modality)
        .rule("system DCM, in capitals, the first of several; an entry without it fails, because nobody could tell a guessed `OT`"),
    Row::optional(&[tags::SERIES_DESCRIPTION], "description", text, put::text)
        .rule("as it is"),
    Row::optional(SERIES_MOMENT, "started", date_time, put::date_time)
        .qualified()
        .finer_by(put::is_finer)
        .rule(MOMENT),
    Row::optional(BODY_SITE, "bodySite", anatomy::read_body_site, put::concept)
        .removed_by(put::remove_concept)
        .rule("the coded region, SNOMED RT as SNOMED CT; else the frames'; else the concept of the term (PS3.16 Annex L), of any other term the display alone"),
    Row::optional(LATERALITY, "laterality", anatomy::read_laterality, put::concept)
        .removed_by(put::remove_concept)
        .rule("SNOMED CT concept (PS3.16 CID 244) of the first that is there"),
    Row::optional(SPECIMEN, "specimen", specimen::read, marked::put_list)
        .removed_by(marked::remove)
        .present_if(marked::has_items)
        .rule("logical reference for each item; the system is the issuer's"),
    Row::optional(
        PHYSICIANS,
        "performer",
        performer::read_physicians,
        marked::put_list,
    )
    .removed_by(marked::remove)
    .part("physicians")
    .rule("function PRF of v3-ParticipationType; actor as `referrer`, for each")
    .present_if(marked::has_items),
    Row::optional(
        OPERATORS,
        "performer",
        performer::read_operators,
        marked::put_list,
    )
    .removed_by(marked::remove)
    .part("operators")
    .rule("function SPRF of v3-ParticipationType; actor as `referrer`, for each")
    .present_if(marked::has_items),
    Row::optional(
        EQUIPMENT,
        "performer",
        performer::read_equipment,
        marked::put_list,
    )
    .removed_by(marked::remove)
    .part("equipment")
    .rule("actor is a Device by manufacturer and model, and serial number (SNO of v2-0203)")
    .present_if(marked::has_items),
];

/// `ImagingStudy.series.instance`
pub(crate) const INSTANCE: &[Row; 3] = &[
    Row::required(&[tags::SOP_CLASS_UID], "sopClass", uid, put::sop_class)
        .rule("system `urn:ietf:rfc:3986`, code `urn:oid:` and the UID; an entry without it fails"),
    Row::optional(&[tags::INSTANCE_NUMBER], "number", unsigned, put::unsigned).rule(NUMBER),
    Row::optional(TITLE, "title", title::read, put::text)
        .rule("the first that is there; of a code its meaning, Image Type joined by backslashes"),
];
