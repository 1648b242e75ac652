//! The invented patients, and the places that examine them.

use dicom_dictionary_std::tags;

use super::attribute::{Attribute, Value};

const fn text(value: &'static str) -> Value {
    Value::Text(value)
}

pub(super) const JANE: &[Attribute] = &[
    (tags::SPECIFIC_CHARACTER_SET, text("ISO_IR 100")),
    (tags::PATIENT_NAME, text("Sample^Jane^Q^Dr.")),
    (tags::PATIENT_ID, text("RC-1001")),
    (tags::ISSUER_OF_PATIENT_ID, text("SAMPLE-CLINIC")),
    (tags::PATIENT_BIRTH_DATE, text("19710314")),
    (tags::PATIENT_SEX, text("F")),
    (tags::PATIENT_WEIGHT, text("68.5")),
    (tags::PATIENT_SIZE, text("1.72")),
];

pub(super) const LUCAS: &[Attribute] = &[
    (tags::SPECIFIC_CHARACTER_SET, text("ISO_IR 100")),
    (tags::PATIENT_NAME, text("Müller^Lucas")),
    (tags::PATIENT_ID, text("RC-1002")),
    (tags::PATIENT_BIRTH_DATE, text("19851130")),
    (tags::PATIENT_SEX, text("M")),
];

pub(super) const ROBIN: &[Attribute] = &[
    (tags::SPECIFIC_CHARACTER_SET, text("ISO_IR 192")),
    (tags::PATIENT_NAME, text("Sample^Robin")),
    (tags::PATIENT_ID, text("RC-1003")),
    (tags::PATIENT_BIRTH_DATE, text("20010909")),
    (tags::PATIENT_SEX, text("O")),
];

/// `Yamada^Tarou=山田^太郎=やまだ^たろう`, the example of PS3.5 annex H.3.1, with its escape
/// sequences.
pub(super) const TAROU: &[Attribute] = &[
    (tags::SPECIFIC_CHARACTER_SET, text("\\ISO 2022 IR 87")),
    (
        tags::PATIENT_NAME,
        Value::Encoded(
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\
            \x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B ",
        ),
    ),
    (tags::PATIENT_ID, text("RC-1004")),
    (tags::PATIENT_BIRTH_DATE, text("19590228")),
    (tags::PATIENT_SEX, text("M")),
];

pub(super) const ANNA: &[Attribute] = &[
    (tags::SPECIFIC_CHARACTER_SET, text("ISO_IR 144")),
    (tags::PATIENT_NAME, text("Примерова^Анна^Ивановна")),
    (tags::PATIENT_ID, text("RC-1005")),
    (tags::PATIENT_BIRTH_DATE, text("19930521")),
    (tags::PATIENT_SEX, text("F")),
];

/// What modalities send on bad days.
pub(super) const BAD_VALUES: &[Attribute] = &[
    (tags::SPECIFIC_CHARACTER_SET, text("ISO_IR 100")),
    (tags::PATIENT_NAME, text("Sample^^^^^^")),
    (tags::PATIENT_ID, text("RC-1006")),
    (tags::PATIENT_BIRTH_DATE, text("31.02.70")),
    (tags::PATIENT_SEX, text("X")),
];

pub(super) const CLINIC: &[Attribute] = &[
    (tags::INSTITUTION_NAME, text("Sample Clinic")),
    (tags::REFERRING_PHYSICIAN_NAME, text("Referrer^Rita^^Dr.")),
    (tags::TIMEZONE_OFFSET_FROM_UTC, text("+0100")),
];
