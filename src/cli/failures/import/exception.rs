//! What dicom-cast's exceptions are called here.

use crate::failure::Code;
use crate::store::FailureTable;

/// The code of an exception that dicom-cast recorded in this table.
pub(super) fn code(exception: &str, table: FailureTable) -> Code {
    match exception {
        "MultipleMatchingResourcesException" => Code::FhirMultipleMatches,
        "FhirResourceValidationException" => Code::FhirInvalidResource,
        "InvalidFhirResponseException" => Code::FhirInvalidResponse,
        "MissingRequiredDicomTagException" => Code::DicomMissingAttribute,
        _ => match table {
            FailureTable::Dicom | FailureTable::OmittedValue => Code::DicomInvalidValue,
            FailureTable::Fhir => Code::FhirRejected,
            // Its name for every passing cause that outlasted the retries.
            FailureTable::Transient | FailureTable::Retrying => Code::FhirTimeout,
        },
    }
}
