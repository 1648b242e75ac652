//! What must outlive the process: how far the feed has been settled, and what failed.
//!
//! The trait is cut to the keys and ETags of Azure Table Storage, with dicom-cast's tables and
//! columns; the embedded default is one SQLite file.

mod archive;
mod home_issuer;
mod lease;
mod record;
mod record_id;
mod report;
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

pub use archive::Archive;
pub use home_issuer::HomeIssuer;
pub use lease::Lease;
pub use record::{
    FailedEntry, FailureRecord, FailureTable, OmittedValueRow, PARTITION, RecordFilter, RecordKey,
    RecordState, row_key,
};
pub use record_id::{RecordId, UnreadableId};
pub use report::{Report, Role};
pub use sqlite::SqliteStore;

use crate::failure::Failure;
use crate::feed::EntryIdentity;

/// How far the feed has been settled, and what that feed is known again by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncState {
    /// Every entry up to this sequence is applied, skipped or durably recorded as failed.
    pub sequence: u64,
    /// The newest time among those entries, by the feed's clock.
    pub timestamp: Option<Timestamp>,
    /// The address of the service whose feed is counted; `None` where somebody else wrote the
    /// position, or an earlier version.
    pub feed: Option<Arc<str>>,
    /// The last entry at the position or before it that could be read; `None` likewise.
    pub entry: Option<Arc<EntryIdentity>>,
}

impl SyncState {
    /// A position of which nothing else is known.
    #[must_use]
    pub const fn at(sequence: u64, timestamp: Option<Timestamp>) -> Self {
        Self {
            sequence,
            timestamp,
            feed: None,
            entry: None,
        }
    }

    /// Whether it counts the same entries, at whatever address.
    #[must_use]
    pub fn is_where(&self, other: &Self) -> bool {
        self.sequence == other.sequence
            && self.timestamp == other.timestamp
            && self.entry == other.entry
    }

    /// With what its feed is known again by, as the columns tell it. An entry beyond the position is
    /// none of it: somebody has moved the position back by hand.
    #[must_use]
    pub fn told(self, feed: Option<&str>, entry: Option<&str>) -> Self {
        let entry = entry.and_then(|text| text.parse::<EntryIdentity>().ok());
        let entry = entry.filter(|entry| entry.sequence <= self.sequence);
        Self {
            feed: feed.filter(|feed| !feed.is_empty()).map(Arc::from),
            entry: entry.map(Arc::new),
            ..self
        }
    }
}

/// The version of a stored row, as the store gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ETag(pub String);

/// Keeps the sync state and the failed entries. What is acknowledged survives a crash.
///
/// Every method may be called again after an error, and then has the effect of one call: a write
/// whose answer was lost may have happened.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The sync state with its version; `None` only when none was ever saved.
    ///
    /// # Errors
    /// The store cannot be read.
    async fn sync_state(&self) -> Result<Option<(SyncState, ETag)>, Failure>;

    /// Saves the sync state, given the version that was read or saved last (`None`: none yet).
    ///
    /// # Errors
    /// `store.conflict` when the version is another one: somebody else writes as well, or an
    /// earlier call was carried out whose answer was lost. Otherwise the store cannot be written.
    async fn save_sync_state(
        &self,
        state: SyncState,
        expected: Option<&ETag>,
    ) -> Result<ETag, Failure>;

    /// Keeps the issuer whose patient ids count as the site's own, unless one is kept already:
    /// that one, or `None` when it is this one from now on. It stays, whatever becomes of the
    /// position.
    ///
    /// # Errors
    /// The store cannot be read or written; the issuer may be kept.
    async fn keep_home_issuer(&self, issuer: HomeIssuer) -> Result<Option<HomeIssuer>, Failure>;

    /// Keeps failed entries, one row each. A row that is there keeps its first failure and a
    /// request for a retry, and the attempts are added. A row of the same entry in another table of
    /// [`FailureTable::FAILED`] is taken over and removed.
    ///
    /// # Errors
    /// The store cannot be written; some of the entries may be kept.
    async fn record(&self, failed: Vec<FailedEntry>) -> Result<(), Failure>;

    /// Keeps what a retry of a record came to, if it failed again: [`Store::record`], but of
    /// requests for a retry only one stays that was made since `record` was read.
    ///
    /// # Errors
    /// The store cannot be written.
    async fn record_again(
        &self,
        record: &FailureRecord,
        failed: FailedEntry,
    ) -> Result<(), Failure>;

    /// Keeps values that were left out, one row for each entry and attribute.
    ///
    /// # Errors
    /// The store cannot be written; some may be kept.
    async fn record_omitted(&self, values: Vec<OmittedValueRow>) -> Result<(), Failure>;

    /// Takes over an entry whose failures somebody else recorded, the first of them at
    /// `first_failed`. A row of it in a table of [`FailureTable::FAILED`] stays as it is, with the
    /// earlier first failure and the larger number of attempts.
    ///
    /// # Errors
    /// The store cannot be written.
    async fn take_over(&self, entry: FailedEntry, first_failed: Timestamp) -> Result<(), Failure>;

    /// Shows that an entry is being retried, with the attempts so far.
    ///
    /// # Errors
    /// The store cannot be written.
    async fn show_retrying(&self, entry: &FailedEntry) -> Result<(), Failure>;

    /// The wanted records after `after` in the order of their keys, at most `limit`.
    ///
    /// # Errors
    /// The store cannot be read.
    async fn records(
        &self,
        filter: &RecordFilter,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<FailureRecord>, Failure>;

    /// One record.
    ///
    /// # Errors
    /// The store cannot be read.
    async fn get(&self, key: &RecordKey) -> Result<Option<FailureRecord>, Failure>;

    /// Asks for a record to be retried; `false` when there is no such record.
    ///
    /// # Errors
    /// The store cannot be written.
    async fn request_retry(&self, key: &RecordKey) -> Result<bool, Failure>;

    /// Marks a record: a later entry of the same instance was applied. Its request for a retry is
    /// withdrawn. Nothing happens when there is no such record.
    ///
    /// # Errors
    /// The store cannot be written.
    async fn supersede(&self, key: &RecordKey) -> Result<(), Failure>;

    /// Removes a row of any table; `false` when there was none.
    ///
    /// # Errors
    /// The store cannot be written.
    async fn remove(&self, key: &RecordKey) -> Result<bool, Failure>;

    /// Keeps what a replica says of itself, over what was said last in the same role.
    ///
    /// # Errors
    /// The store cannot be written.
    async fn save_report(&self, report: &Report) -> Result<(), Failure>;

    /// What the replicas said last.
    ///
    /// # Errors
    /// The store cannot be read.
    async fn reports(&self) -> Result<Vec<Report>, Failure>;

    /// Reads and writes once, leaving nothing behind.
    ///
    /// # Errors
    /// The store cannot be read or written.
    async fn check(&self) -> Result<(), Failure>;
}
