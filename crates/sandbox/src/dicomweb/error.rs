//! Why the service cannot do what its owner asked of it.

use std::io;

/// Failure of an operation of [`DicomService`](super::DicomService).
#[derive(Debug, thiserror::Error)]
pub enum DicomServiceError {
    /// The instance is stored already; the service does not overwrite.
    #[error("instance {instance} of series {series} is stored already; delete it first")]
    Conflict {
        /// Series Instance UID.
        series: String,
        /// SOP Instance UID.
        instance: String,
    },
    /// The metadata cannot be stored.
    #[error("the metadata {0}")]
    Metadata(MetadataFault),
    /// The partition's name is not one.
    #[error("{0:?} is no partition name: 1 to 64 letters, digits, '.', '-' or '_', not only dots")]
    Partition(String),
    /// The sequence number was not skipped, or has been used since.
    #[error("sequence {0} is not free: skip it first, with skip_sequences")]
    SequenceTaken(u64),
    /// The folder could not be used.
    #[error("cannot use the folder of the DICOM service: {0}")]
    Folder(#[from] io::Error),
    /// The index could not be read or written.
    #[error("cannot use the index of the DICOM service: {0}")]
    Index(#[from] rusqlite::Error),
}

/// What is wrong with metadata.
#[derive(Debug, thiserror::Error)]
pub enum MetadataFault {
    /// No JSON object.
    #[error("is no DICOM JSON object (line {line}, column {column})")]
    NotAnObject {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
    /// An identifying attribute is missing or is no UID.
    #[error("has no valid {0}: 1 to 64 digits and dots")]
    Uid(&'static str),
    /// A change of an attribute that identifies the instance.
    #[error("of a change must not touch {0}, which identifies the instance")]
    Identifying(&'static str),
}

impl From<MetadataFault> for DicomServiceError {
    fn from(fault: MetadataFault) -> Self {
        Self::Metadata(fault)
    }
}

impl From<serde_json::Error> for MetadataFault {
    // Not its message, which can quote a value.
    fn from(error: serde_json::Error) -> Self {
        Self::NotAnObject {
            line: error.line(),
            column: error.column(),
        }
    }
}
