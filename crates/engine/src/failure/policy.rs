//! The one place that decides what an error means: (dependency, operation, symptom) → code.

use super::{Class, Code};

/// Whose answer it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency {
    /// The DICOMweb service.
    Dicom,
    /// The FHIR server.
    Fhir,
    /// Azure Table Storage.
    Tables,
    /// Azure Blob Storage.
    Blobs,
    /// Where tokens come from: a managed identity's endpoint, Microsoft Entra.
    Identity,
}

/// What was asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Any read: a feed page, a search, the capability statement, rows, a token.
    Read,
    /// Any write of rows or blobs.
    Write,
    /// A FHIR transaction.
    Transaction,
}

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symptom {
    /// No connection: refused, reset, DNS, TLS, a body that broke off.
    NoConnection,
    /// No answer in time.
    Timeout,
    /// An HTTP status other than 2xx.
    Status(u16),
    /// A status of the 4xx range whose text says that a version or condition did not hold.
    PreconditionInText,
    /// A status whose error code says that the credentials are not accepted.
    CredentialsInText,
    /// A status whose error code says that the same request may succeed later.
    BusyInText,
    /// An answer that is not of the agreed form.
    Malformed,
    /// An answer of more bytes than are held.
    TooLarge,
}

/// The code of a symptom; its class and cure follow from the code.
#[must_use]
pub const fn classify(dependency: Dependency, operation: Operation, symptom: Symptom) -> Code {
    match dependency {
        Dependency::Dicom => classify_dicom(symptom),
        Dependency::Fhir => match operation {
            Operation::Read => classify_fhir_read(symptom),
            Operation::Write | Operation::Transaction => classify_fhir_transaction(symptom),
        },
        Dependency::Tables => classify_tables(operation, symptom),
        Dependency::Blobs => classify_blobs(symptom),
        Dependency::Identity => classify_identity(symptom),
    }
}

const fn classify_dicom(symptom: Symptom) -> Code {
    match symptom {
        Symptom::NoConnection => Code::DicomUnreachable,
        Symptom::Timeout | Symptom::Status(408) => Code::DicomTimeout,
        Symptom::Status(425 | 429) | Symptom::BusyInText => Code::DicomTooBusy,
        Symptom::Status(401) | Symptom::CredentialsInText => Code::DicomUnauthorized,
        Symptom::Status(403) => Code::DicomForbidden,
        // 424 is the DICOM service's own trouble with its encryption key.
        Symptom::Status(424 | 500..=599) => Code::DicomServerError,
        Symptom::Status(300..=499) => Code::DicomWrongAddress,
        Symptom::TooLarge => Code::DicomAnswerTooLarge,
        Symptom::Status(_) | Symptom::PreconditionInText | Symptom::Malformed => {
            Code::DicomInvalidResponse
        }
    }
}

const fn classify_fhir_read(symptom: Symptom) -> Code {
    match symptom {
        Symptom::NoConnection => Code::FhirUnreachable,
        Symptom::Timeout | Symptom::Status(408) => Code::FhirTimeout,
        Symptom::Status(425 | 429) | Symptom::BusyInText => Code::FhirTooBusy,
        Symptom::Status(401) | Symptom::CredentialsInText => Code::FhirUnauthorized,
        Symptom::Status(403) => Code::FhirForbidden,
        Symptom::Status(500..=599) => Code::FhirServerError,
        Symptom::Status(409 | 412) | Symptom::PreconditionInText => Code::FhirConflict,
        // 414, 431: the query is too long, which its values have made it.
        Symptom::Status(400 | 414 | 422 | 431) => Code::FhirRejected,
        Symptom::Status(300..=499) => Code::FhirWrongAddress,
        Symptom::TooLarge => Code::FhirAnswerTooLarge,
        Symptom::Status(_) | Symptom::Malformed => Code::FhirInvalidResponse,
    }
}

const fn classify_fhir_transaction(symptom: Symptom) -> Code {
    match symptom {
        // The resource that was to be updated has gone: read again, merge again.
        Symptom::Status(404 | 409 | 410 | 412) | Symptom::PreconditionInText => Code::FhirConflict,
        Symptom::Status(405 | 501) => Code::FhirNoTransactions,
        Symptom::Status(413) => Code::FhirTooLarge,
        // A redirect, a proxy that asks for credentials, a server that takes no FHIR JSON.
        Symptom::Status(300..=399 | 406 | 407 | 415) => Code::FhirWrongAddress,
        Symptom::Status(status) => match classify_fhir_read(Symptom::Status(status)) {
            Code::FhirWrongAddress => Code::FhirRejected,
            code => code,
        },
        other => classify_fhir_read(other),
    }
}

const fn classify_tables(operation: Operation, symptom: Symptom) -> Code {
    match symptom {
        Symptom::NoConnection => Code::StoreUnavailable,
        Symptom::Timeout | Symptom::Status(408 | 504) => Code::StoreTimeout,
        Symptom::Status(425 | 429 | 503) | Symptom::BusyInText => Code::StoreTooBusy,
        Symptom::Status(401) | Symptom::CredentialsInText => Code::StoreUnauthorized,
        Symptom::Status(403) => Code::StoreForbidden,
        // 501: a service that is no table service knows no such request.
        Symptom::Status(300..=399 | 404 | 405 | 407 | 410 | 501) => Code::StoreWrongAddress,
        Symptom::Status(500..=599) => Code::StoreUnavailable,
        Symptom::Status(409 | 412) | Symptom::PreconditionInText => match operation {
            Operation::Read => Code::StoreRejected,
            Operation::Write | Operation::Transaction => Code::StoreConflict,
        },
        Symptom::Status(400..=499) => Code::StoreRejected,
        Symptom::Status(_) | Symptom::Malformed | Symptom::TooLarge => Code::StoreInvalidResponse,
    }
}

const fn classify_blobs(symptom: Symptom) -> Code {
    match symptom {
        Symptom::NoConnection
        | Symptom::Timeout
        | Symptom::BusyInText
        | Symptom::PreconditionInText
        | Symptom::Malformed
        | Symptom::TooLarge => Code::BlobUnavailable,
        Symptom::Status(401) | Symptom::CredentialsInText => Code::BlobUnauthorized,
        Symptom::Status(403) => Code::BlobForbidden,
        // 409, 412: another replica does the same at the same time.
        Symptom::Status(408 | 409 | 412 | 425 | 429 | 500 | 502..=599) => Code::BlobUnavailable,
        Symptom::Status(300..=501) => Code::BlobWrongAddress,
        Symptom::Status(_) => Code::BlobUnavailable,
    }
}

const fn classify_identity(symptom: Symptom) -> Code {
    match symptom {
        Symptom::CredentialsInText | Symptom::PreconditionInText => Code::IdentityRefused,
        // 404, 410: the endpoint is being updated.
        Symptom::Status(404 | 408 | 410 | 425 | 429) => Code::IdentityUnavailable,
        Symptom::Status(400..=499) => Code::IdentityRefused,
        Symptom::NoConnection
        | Symptom::Timeout
        | Symptom::BusyInText
        | Symptom::Malformed
        | Symptom::TooLarge
        | Symptom::Status(_) => Code::IdentityUnavailable,
    }
}

impl Code {
    /// Whether one entry among many may have brought the failure in, so that halving the work
    /// finds it.
    #[must_use]
    pub const fn isolates(self) -> bool {
        matches!(
            self,
            Self::FhirRejected
                | Self::FhirTooLarge
                | Self::FhirInvalidResponse
                | Self::FhirPatientMismatch
                | Self::FhirOtherPatient
                | Self::InternalPanic
        )
    }

    /// Whether one entry of a feed page may have brought the failure in: the service failed over the
    /// page, broke it off, or answered what is no page.
    #[must_use]
    pub const fn doubts_page(self) -> bool {
        matches!(
            self,
            Self::DicomServerError
                | Self::DicomInvalidResponse
                | Self::DicomUnreachable
                | Self::DicomAnswerTooLarge
        )
    }

    /// Whether reading the feed waits until somebody mends something, rather than for the next
    /// attempt.
    #[must_use]
    pub const fn pauses_feed(self) -> bool {
        matches!(self.class(), Class::Setup)
            || matches!(
                self,
                Self::DicomInvalidResponse | Self::DicomUnreliableFeed | Self::DicomAnswerTooLarge
            )
    }

    /// Whether a pause of the feed may need a decision of a person: entries may be passed over or
    /// read again by it.
    #[must_use]
    pub const fn needs_decision(self) -> bool {
        matches!(self, Self::DicomFeedReplaced | Self::DicomPositionAhead)
    }

    /// Whether something else may have answered in the service's place, so that the service has to
    /// be asked before an entry is blamed.
    #[must_use]
    pub const fn doubts_service(self) -> bool {
        matches!(self, Self::FhirInvalidResponse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPENDENCIES: [Dependency; 5] = [
        Dependency::Dicom,
        Dependency::Fhir,
        Dependency::Tables,
        Dependency::Blobs,
        Dependency::Identity,
    ];

    const OPERATIONS: [Operation; 3] = [Operation::Read, Operation::Write, Operation::Transaction];

    fn class(operation: Operation, status: u16) -> Class {
        classify(Dependency::Fhir, operation, Symptom::Status(status)).class()
    }

    #[test]
    fn r09_what_passes_by_itself_is_transient_everywhere() {
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert_eq!(class(Operation::Read, status), Class::Transient, "{status}");
            assert_eq!(
                class(Operation::Transaction, status),
                Class::Transient,
                "{status}"
            );
            for dependency in [
                Dependency::Dicom,
                Dependency::Tables,
                Dependency::Blobs,
                Dependency::Identity,
            ] {
                let code = classify(dependency, Operation::Read, Symptom::Status(status));
                assert_eq!(code.class(), Class::Transient, "{dependency:?} {status}");
            }
        }
    }

    #[test]
    fn what_is_not_heard_passes_by_itself_wherever_it_happens() {
        for dependency in DEPENDENCIES {
            for operation in OPERATIONS {
                for symptom in [Symptom::NoConnection, Symptom::Timeout, Symptom::BusyInText] {
                    let code = classify(dependency, operation, symptom);
                    assert_eq!(code.class(), Class::Transient, "{dependency:?} {symptom:?}");
                }
            }
        }
    }

    #[test]
    fn a_refused_identity_is_a_matter_of_setup() {
        for status in [401, 403] {
            assert_eq!(
                class(Operation::Transaction, status),
                Class::Setup,
                "{status}"
            );
            for dependency in DEPENDENCIES {
                let code = classify(dependency, Operation::Read, Symptom::Status(status));
                assert_eq!(code.class(), Class::Setup, "{dependency:?} {status}");
            }
        }
    }

    #[test]
    fn a_lost_race_is_a_conflict_also_when_only_the_text_says_so() {
        assert_eq!(class(Operation::Transaction, 412), Class::Conflict);
        let told = classify(
            Dependency::Fhir,
            Operation::Transaction,
            Symptom::PreconditionInText,
        );
        assert_eq!(told.class(), Class::Conflict);
    }

    #[test]
    fn only_a_read_takes_404_for_a_wrong_address() {
        assert_eq!(class(Operation::Read, 404), Class::Setup);
        assert_eq!(class(Operation::Transaction, 404), Class::Conflict);
    }

    #[test]
    fn a_redirect_means_a_wrong_address() {
        for operation in [Operation::Read, Operation::Transaction] {
            assert_eq!(class(operation, 308), Class::Setup);
        }
    }

    #[test]
    fn a_query_that_one_entry_made_too_long_does_not_stop_the_feed() {
        for status in [414, 431] {
            assert_eq!(class(Operation::Read, status), Class::Fhir, "{status}");
        }
    }

    #[test]
    fn a_server_that_takes_no_fhir_json_at_all_is_no_fault_of_an_entry() {
        for status in [406, 407, 415] {
            assert_eq!(
                class(Operation::Transaction, status),
                Class::Setup,
                "{status}"
            );
        }
    }

    #[test]
    fn a_feed_that_waits_for_somebody_is_paused_and_one_that_waits_for_time_is_not() {
        let pauses = |symptom| {
            let code = classify(Dependency::Dicom, Operation::Read, symptom);
            code.pauses_feed()
        };
        assert!(pauses(Symptom::Malformed) && pauses(Symptom::Status(403)));
        assert!(!pauses(Symptom::Status(503)) && !pauses(Symptom::NoConnection));
    }

    #[test]
    fn a_page_is_not_blamed_for_a_busy_service_or_a_refused_identity() {
        let doubted = |symptom| {
            let code = classify(Dependency::Dicom, Operation::Read, symptom);
            code.doubts_page()
        };
        for symptom in [
            Symptom::Status(500),
            Symptom::Malformed,
            Symptom::NoConnection,
        ] {
            assert!(doubted(symptom), "{symptom:?}");
        }
        for symptom in [429, 401, 403, 404, 408].map(Symptom::Status) {
            assert!(!doubted(symptom), "{symptom:?}");
        }
        assert!(!doubted(Symptom::Timeout));
    }

    #[test]
    fn every_status_has_a_code_with_a_cure() {
        for status in 0..=999 {
            for operation in OPERATIONS {
                for dependency in DEPENDENCIES {
                    let code = classify(dependency, operation, Symptom::Status(status));
                    assert!(!code.cure().is_empty());
                }
            }
        }
    }
}
