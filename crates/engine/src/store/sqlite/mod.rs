//! The embedded store: one SQLite file, write-ahead log, synced before a write is acknowledged.

mod file;
mod reports;
mod rows;
mod schema;
mod trouble;
mod walk;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use self::file::{DatabaseFile, Holding};
use self::rows::{Asked, Attempts, NewRow};
use self::trouble::told;
use self::walk::Walk;
use super::{
    ETag, FailedEntry, FailureRecord, FailureTable, HomeIssuer, OmittedValueRow, RecordFilter,
    RecordKey, Report, Store, SyncState,
};
use crate::failure::{Code, Failure};

const STATE_PARTITION: &str = "SyncStatePartitionKey";
const STATE_ROW: &str = "SyncStateRowKey";

/// The store in one SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    opened: Arc<Opened>,
}

/// The connection ends before the lock of the file.
#[derive(Debug)]
struct Opened {
    connection: Mutex<Connection>,
    file: DatabaseFile,
}

impl SqliteStore {
    /// Opens the file, or makes it for the user of the process alone. What SQLite keeps beside it has
    /// the same permissions. Others may have it open as well.
    ///
    /// # Errors
    /// The file cannot be opened, or is none of ours.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        Self::open_held(path, Holding::Shared)
    }

    /// As [`SqliteStore::open`], for the one process that consumes the feed: it holds a lock beside
    /// the file until it ends.
    ///
    /// # Errors
    /// As well: `store.conflict`, when another process holds the lock.
    pub fn open_alone(path: &Path) -> Result<Self, Failure> {
        Self::open_held(path, Holding::Alone)
    }

    fn open_held(path: &Path, holding: Holding) -> Result<Self, Failure> {
        let file = DatabaseFile::find(path, holding)?;
        let connection = Mutex::new(file.connect()?);
        let opened = Arc::new(Opened { connection, file });
        Ok(Self { opened })
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let opened = Arc::clone(&self.opened);
        let done = tokio::task::spawn_blocking(move || opened.work(work)).await;
        // Not in the panic's own words, which may hold what was to be stored.
        done.unwrap_or_else(|_| {
            let text = "the work at the store panicked";
            Err(Failure::new(Code::StoreUnavailable, text))
        })
    }

    async fn in_transaction(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), Failure> {
        self.with(move |connection| {
            let transaction = writing(connection)?;
            work(&transaction)?;
            transaction.commit()
        })
        .await
    }

    async fn change(&self, sql: &'static str, key: &RecordKey) -> Result<bool, Failure> {
        let key = key.clone();
        self.with(move |connection| rows::change(connection, sql, &key))
            .await
    }
}

impl Opened {
    /// Works at the file that was opened; nothing is acknowledged that went into a file that is no
    /// longer there.
    fn work<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Failure> {
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.file.verify()?;
        let done = work(&mut connection);
        self.file.verify()?;
        done.map_err(|error| told(&self.file.place, &error))
    }
}

/// Begins to write: one that has read first is not let write when somebody else has meanwhile.
fn writing(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

#[async_trait]
impl Store for SqliteStore {
    async fn sync_state(&self) -> Result<Option<(SyncState, ETag)>, Failure> {
        self.with(|connection| {
            let sql = "SELECT SyncedSequence, SyncedTimestamp, ETag, Feed, SyncedEntry
                       FROM SyncStateTable WHERE PartitionKey = ?1 AND RowKey = ?2";
            connection
                .query_row(sql, [STATE_PARTITION, STATE_ROW], sync_state)
                .optional()
        })
        .await
    }

    async fn save_sync_state(
        &self,
        state: SyncState,
        expected: Option<&ETag>,
    ) -> Result<ETag, Failure> {
        let expected = expected.cloned();
        let saved = self
            .with(move |connection| save(connection, &state, expected.as_ref()))
            .await?;
        saved.ok_or_else(|| {
            Failure::new(
                Code::StoreConflict,
                "the position was moved by somebody else",
            )
        })
    }

    async fn keep_home_issuer(&self, issuer: HomeIssuer) -> Result<Option<HomeIssuer>, Failure> {
        self.with(move |connection| home_issuer(connection, &issuer))
            .await
    }

    async fn record(&self, failed: Vec<FailedEntry>) -> Result<(), Failure> {
        self.in_transaction(move |transaction| {
            failed.iter().try_for_each(|entry| {
                let row = NewRow::failed(entry);
                rows::move_here(transaction, &row.key)?;
                rows::upsert(transaction, &row, Attempts::Add, Asked::Stays)
            })
        })
        .await
    }

    async fn record_again(
        &self,
        record: &FailureRecord,
        failed: FailedEntry,
    ) -> Result<(), Failure> {
        let (key, etag) = (record.key.clone(), record.etag.clone());
        self.in_transaction(move |transaction| {
            let now = rows::get(transaction, &key)?;
            let again = now.is_some_and(|now| now.retry && now.etag != etag);
            let asked = if again { Asked::Stays } else { Asked::Answered };
            let row = NewRow::failed(&failed);
            rows::move_here(transaction, &row.key)?;
            rows::upsert(transaction, &row, Attempts::Add, asked)
        })
        .await
    }

    async fn record_omitted(&self, values: Vec<OmittedValueRow>) -> Result<(), Failure> {
        self.in_transaction(move |transaction| {
            values.iter().try_for_each(|value| {
                let row = NewRow::omitted(value);
                rows::upsert(transaction, &row, Attempts::Replace, Asked::Answered)
            })
        })
        .await
    }

    async fn take_over(&self, entry: FailedEntry, first_failed: Timestamp) -> Result<(), Failure> {
        self.in_transaction(move |transaction| {
            let row = NewRow {
                first_failed,
                ..NewRow::failed(&entry)
            };
            if rows::merge_history(transaction, &row)? {
                return Ok(());
            }
            rows::upsert(transaction, &row, Attempts::Replace, Asked::Answered)
        })
        .await
    }

    async fn show_retrying(&self, entry: &FailedEntry) -> Result<(), Failure> {
        let entry = entry.clone();
        self.in_transaction(move |transaction| {
            let mut row = NewRow::failed(&entry);
            row.key.table = FailureTable::Retrying;
            rows::upsert(transaction, &row, Attempts::Replace, Asked::Answered)
        })
        .await
    }

    async fn records(
        &self,
        filter: &RecordFilter,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<FailureRecord>, Failure> {
        let mut walk = Walk::new(filter.clone(), after, limit);
        loop {
            // The store is given back between two stretches: the engine needs it too.
            let (walked, ended) = self
                .with(move |connection| {
                    let ended = walk.go_on(connection)?;
                    Ok((walk, ended))
                })
                .await?;
            if ended {
                return Ok(walked.found);
            }
            walk = walked;
        }
    }

    async fn get(&self, key: &RecordKey) -> Result<Option<FailureRecord>, Failure> {
        let key = key.clone();
        self.with(move |connection| rows::get(connection, &key))
            .await
    }

    async fn request_retry(&self, key: &RecordKey) -> Result<bool, Failure> {
        let sql = "UPDATE FailureTable SET Retry = 1, ETag = ETag + 1
                   WHERE TableName = ?1 AND RowKey = ?2";
        self.change(sql, key).await
    }

    async fn supersede(&self, key: &RecordKey) -> Result<(), Failure> {
        let sql = "UPDATE FailureTable
                   SET State = 'superseded', Retry = 0, NextRetry = NULL, ETag = ETag + 1
                   WHERE TableName = ?1 AND RowKey = ?2";
        self.change(sql, key).await.map(drop)
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, Failure> {
        let sql = "DELETE FROM FailureTable WHERE TableName = ?1 AND RowKey = ?2";
        self.change(sql, key).await
    }

    async fn save_report(&self, report: &Report) -> Result<(), Failure> {
        let report = report.clone();
        self.with(move |connection| reports::save(connection, &report))
            .await
    }

    async fn reports(&self) -> Result<Vec<Report>, Failure> {
        self.with(|connection| reports::all(connection)).await
    }

    async fn check(&self) -> Result<(), Failure> {
        self.with(|connection| {
            let transaction = writing(connection)?;
            transaction.execute("CREATE TABLE radcast_check (written INTEGER)", [])?;
            transaction.execute("INSERT INTO radcast_check VALUES (1)", [])?;
            transaction.rollback()
        })
        .await
    }
}

/// The new version; `None` when the stored one is not the one expected.
///
/// The transaction is committed by itself: an implicit one ends after the row was returned, when
/// nobody hears any more that it failed.
fn save(
    connection: &mut Connection,
    state: &SyncState,
    expected: Option<&ETag>,
) -> rusqlite::Result<Option<ETag>> {
    let timestamp = state.timestamp.map(|timestamp| timestamp.to_string());
    let sequence = state.sequence.cast_signed();
    let feed = state.feed.as_deref();
    let entry = state.entry.as_ref().map(ToString::to_string);
    let transaction = writing(connection)?;
    let etag = match expected {
        None => transaction.query_row(
            "INSERT INTO SyncStateTable (PartitionKey, RowKey, SyncedSequence, SyncedTimestamp,
                 ETag, Feed, SyncedEntry)
             VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6)
             ON CONFLICT DO NOTHING RETURNING ETag",
            params![STATE_PARTITION, STATE_ROW, sequence, timestamp, feed, entry],
            etag,
        ),
        Some(ETag(expected)) => transaction.query_row(
            "UPDATE SyncStateTable SET SyncedSequence = ?3, SyncedTimestamp = ?4, ETag = ETag + 1,
                 Feed = ?5, SyncedEntry = ?6
             WHERE PartitionKey = ?1 AND RowKey = ?2 AND ETag = CAST(?7 AS INTEGER)
             RETURNING ETag",
            params![
                STATE_PARTITION,
                STATE_ROW,
                sequence,
                timestamp,
                feed,
                entry,
                expected
            ],
            etag,
        ),
    };
    let etag = etag.optional()?;
    transaction.commit()?;
    Ok(etag)
}

/// The issuer that is kept already; none when it is this one from now on.
fn home_issuer(
    connection: &mut Connection,
    new: &HomeIssuer,
) -> rusqlite::Result<Option<HomeIssuer>> {
    let transaction = writing(connection)?;
    // It writes first, so that of two only one gets to read.
    let written = transaction.execute(
        "INSERT INTO HomeIssuerTable VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        params![STATE_PARTITION, STATE_ROW, new.name, new.universal_id],
    )?;
    let sql = "SELECT Name, UniversalId FROM HomeIssuerTable
               WHERE PartitionKey = ?1 AND RowKey = ?2";
    let kept = transaction.query_row(sql, [STATE_PARTITION, STATE_ROW], |row| {
        Ok(HomeIssuer {
            name: row.get(0)?,
            universal_id: row.get(1)?,
        })
    })?;
    transaction.commit()?;
    Ok((written == 0).then_some(kept))
}

fn etag(row: &Row<'_>) -> rusqlite::Result<ETag> {
    Ok(ETag(row.get::<_, i64>("ETag")?.to_string()))
}

fn sync_state(row: &Row<'_>) -> rusqlite::Result<(SyncState, ETag)> {
    let timestamp: Option<String> = row.get(1)?;
    let timestamp = timestamp.and_then(|text| text.parse().ok());
    let state = SyncState::at(row.get::<_, i64>(0)?.cast_unsigned(), timestamp);
    let (feed, entry): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
    let state = state.told(feed.as_deref(), entry.as_deref());
    Ok((state, etag(row)?))
}

#[cfg(test)]
mod tests;
