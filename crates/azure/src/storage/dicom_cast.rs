//! What dicom-cast's own rows mean: it named the partition after the exception, kept its text with
//! stack trace, and no time but that of the row.

use radcast_engine::failure::{Class, Code};
use radcast_engine::store::FailureTable;

/// The exceptions of dicom-cast, and what they are called here.
const EXCEPTIONS: [(&str, Code); 11] = [
    ("DicomTagException", Code::DicomInvalidValue),
    ("FhirNonRetryableException", Code::FhirRejected),
    ("FhirResourceValidationException", Code::FhirInvalidResource),
    ("InvalidDicomTagValueException", Code::DicomInvalidValue),
    ("InvalidFhirResponseException", Code::FhirInvalidResponse),
    (
        "MissingRequiredDicomTagException",
        Code::DicomMissingAttribute,
    ),
    (
        "MultipleMatchingResourcesException",
        Code::FhirMultipleMatches,
    ),
    ("ResourceConflictException", Code::FhirConflict),
    ("RetryableException", Code::FhirUnreachable),
    ("ServerTooBusyException", Code::FhirTooBusy),
    ("TransactionFailedException", Code::FhirRejected),
];

/// The attributes whose values dicom-cast left out when they were invalid.
const LEFT_OUT: [&str; 2] = [
    "(0010,0040) PatientSex",
    "(0008,0201) TimezoneOffsetFromUTC",
];

/// The code of a row of this table in a partition of this name.
pub(super) fn code(table: FailureTable, partition: &str) -> Code {
    let known = EXCEPTIONS.into_iter().find(|(name, _)| *name == partition);
    known.map_or_else(
        || match table {
            FailureTable::Dicom | FailureTable::OmittedValue => Code::DicomInvalidValue,
            FailureTable::Fhir => Code::FhirRejected,
            // TimeoutRejectedException: the time for retries had run out.
            FailureTable::Transient | FailureTable::Retrying => Code::FhirTimeout,
        },
        |(_, code)| code,
    )
}

/// The class of a row of this table, whatever the exception.
pub(super) const fn class(table: FailureTable) -> Class {
    match table {
        FailureTable::Dicom | FailureTable::OmittedValue => Class::Dicom,
        FailureTable::Fhir => Class::Fhir,
        FailureTable::Transient | FailureTable::Retrying => Class::Transient,
    }
}

/// What is said of a row instead of the text of its exception, which may quote a patient.
pub(super) fn message(partition: &str) -> String {
    format!("recorded by dicom-cast as {partition}; its text is in the column Exception of the row")
}

/// The attribute that the text of an exception names, of those that dicom-cast left out. Nothing
/// else of the text is taken.
pub(super) fn attribute(table: FailureTable, exception: &str) -> Option<String> {
    let named = LEFT_OUT.into_iter().find(|attribute| {
        let (_, keyword) = attribute.split_once(' ').unwrap_or_default();
        exception.contains(keyword)
    });
    named
        .filter(|_| table == FailureTable::OmittedValue)
        .map(str::to_owned)
}
