//! What must outlive the process: how far the feed has been settled, and what failed.
//!
//! The trait is cut to the keys and ETags of Azure Table Storage, with dicom-cast's tables and
//! columns; the embedded default is one SQLite file.

mod sqlite;

use std::future::Future;

use jiff::Timestamp;

pub use sqlite::SqliteStore;

use crate::failure::{Class, Failure, Subject};

/// How far the feed has been settled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncState {
    /// Every entry up to this sequence is applied, skipped or durably recorded as failed.
    pub sequence: u64,
    /// The newest time among those entries, by the feed's clock.
    pub timestamp: Option<Timestamp>,
}

/// The version of a stored row, as the store gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ETag(pub String);

/// dicom-cast's tables of failed entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureTable {
    /// Not stored for a reason on the FHIR side, or a fault of our own.
    Fhir,
    /// Not stored because of the instance itself.
    Dicom,
    /// Given up after the retries.
    Transient,
}

impl FailureTable {
    /// The table that entries failed in this class are kept in.
    #[must_use]
    pub const fn of(class: Class) -> Self {
        match class {
            Class::Dicom => Self::Dicom,
            Class::Transient | Class::Conflict | Class::Setup => Self::Transient,
            Class::Fhir | Class::Internal => Self::Fhir,
        }
    }

    /// The table's name in dicom-cast, before the prefix.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fhir => "FhirFailToStoreExceptionTable",
            Self::Dicom => "DicomFailToStoreExceptionTable",
            Self::Transient => "TransientFailureExceptionTable",
        }
    }
}

/// An entry that failed, to be recorded.
#[derive(Debug, Clone)]
pub struct FailedEntry {
    /// Sequence and UIDs.
    pub subject: Subject,
    /// What went wrong.
    pub failure: Failure,
    /// When it failed.
    pub at: Timestamp,
}

impl FailedEntry {
    /// The table of this failure.
    #[must_use]
    pub const fn table(&self) -> FailureTable {
        FailureTable::of(self.failure.class())
    }

    /// The row key: the sequence with leading zeros, or the instance where the sequence could not
    /// be read. A replay writes the same row.
    #[must_use]
    pub fn row_key(&self) -> String {
        match self.subject.sequence {
            Some(sequence) => format!("{sequence:020}"),
            None => format!(
                "instance-{}",
                self.subject.instance.as_deref().unwrap_or("unknown")
            ),
        }
    }
}

/// A failed entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRecord {
    /// Name of the table.
    pub table: String,
    /// Key of the row within the table.
    pub row_key: String,
    /// Sequence and UIDs.
    pub subject: Subject,
    /// Class of the last failure.
    pub class: String,
    /// Code of the last failure.
    pub code: String,
    /// What went wrong, without patient data.
    pub message: String,
    /// What can be done about it.
    pub cure: String,
    /// How many times it failed.
    pub attempts: u32,
    /// When it failed first.
    pub first_failed: Timestamp,
    /// When it failed last.
    pub last_failed: Timestamp,
}

/// Keeps the sync state and the failed entries. What is acknowledged survives a crash.
pub trait Store: Send + Sync + 'static {
    /// The sync state with its version; `None` only when none was ever saved.
    ///
    /// # Errors
    /// The store cannot be read.
    fn sync_state(&self)
    -> impl Future<Output = Result<Option<(SyncState, ETag)>, Failure>> + Send;

    /// Saves the sync state, given the version that was read or saved last (`None`: none yet).
    ///
    /// # Errors
    /// `store.conflict` when the version is another one: somebody else writes as well. Otherwise
    /// the store cannot be written.
    fn save_sync_state(
        &self,
        state: SyncState,
        expected: Option<&ETag>,
    ) -> impl Future<Output = Result<ETag, Failure>> + Send;

    /// Keeps failed entries, one row each; a row that is there counts one more attempt.
    ///
    /// # Errors
    /// The store cannot be written; none of them is kept.
    fn record(&self, failed: Vec<FailedEntry>) -> impl Future<Output = Result<(), Failure>> + Send;

    /// The records after `after` (table and row key) in order, at most `limit`.
    ///
    /// # Errors
    /// The store cannot be read.
    fn records(
        &self,
        after: Option<(String, String)>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<FailureRecord>, Failure>> + Send;

    /// Reads and writes once, leaving nothing behind.
    ///
    /// # Errors
    /// The store cannot be read or written.
    fn check(&self) -> impl Future<Output = Result<(), Failure>> + Send;
}
