//! The embedded store: one SQLite file, write-ahead log, synced before a write is acknowledged.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{ETag, FailedEntry, FailureRecord, Store, SyncState};
use crate::failure::{Code, Failure, Subject};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS SyncStateTable (
        PartitionKey TEXT NOT NULL,
        RowKey TEXT NOT NULL,
        SyncedSequence INTEGER NOT NULL,
        SyncedTimestamp TEXT,
        ETag INTEGER NOT NULL,
        PRIMARY KEY (PartitionKey, RowKey)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS FailureTable (
        TableName TEXT NOT NULL,
        RowKey TEXT NOT NULL,
        ChangeFeedSequence INTEGER,
        StudyUid TEXT,
        SeriesUid TEXT,
        InstanceUid TEXT,
        Class TEXT NOT NULL,
        Code TEXT NOT NULL,
        Exception TEXT NOT NULL,
        Cure TEXT NOT NULL,
        Attempts INTEGER NOT NULL,
        FirstFailed TEXT NOT NULL,
        LastFailed TEXT NOT NULL,
        PRIMARY KEY (TableName, RowKey)
    ) WITHOUT ROWID;
";
const PARTITION: &str = "SyncStatePartitionKey";
const ROW: &str = "SyncStateRowKey";

/// The store in one SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
    place: PathBuf,
}

impl SqliteStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// The file cannot be opened or is no database.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let connection = Connection::open(path).and_then(prepare);
        Ok(Self {
            connection: Arc::new(Mutex::new(connection.map_err(|error| told(path, &error))?)),
            place: path.to_owned(),
        })
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || {
            work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match done.await {
            Ok(result) => result.map_err(|error| told(&self.place, &error)),
            // Not in the panic's own words, which may hold what was to be stored.
            Err(_) => Err(Failure::new(
                Code::StoreUnavailable,
                "the work at the store panicked",
            )),
        }
    }
}

fn prepare(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

fn told(place: &Path, error: &rusqlite::Error) -> Failure {
    Failure::new(
        Code::StoreUnavailable,
        format!("Store:Path {}: {error}", place.display()),
    )
}

impl Store for SqliteStore {
    async fn sync_state(&self) -> Result<Option<(SyncState, ETag)>, Failure> {
        self.with(|connection| {
            let sql = "SELECT SyncedSequence, SyncedTimestamp, ETag FROM SyncStateTable
                       WHERE PartitionKey = ?1 AND RowKey = ?2";
            connection
                .query_row(sql, [PARTITION, ROW], sync_state)
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
            .with(move |connection| save(connection, state, expected.as_ref()))
            .await?;
        saved.ok_or_else(|| {
            Failure::new(
                Code::StoreConflict,
                "the position was moved by somebody else",
            )
        })
    }

    async fn record(&self, failed: Vec<FailedEntry>) -> Result<(), Failure> {
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            failed
                .iter()
                .try_for_each(|entry| upsert(&transaction, entry))?;
            transaction.commit()
        })
        .await
    }

    async fn records(
        &self,
        after: Option<(String, String)>,
        limit: u32,
    ) -> Result<Vec<FailureRecord>, Failure> {
        let (table, row) = after.unwrap_or_default();
        self.with(move |connection| {
            let sql = "SELECT * FROM FailureTable WHERE (TableName, RowKey) > (?1, ?2)
                       ORDER BY TableName, RowKey LIMIT ?3";
            let mut statement = connection.prepare_cached(sql)?;
            statement
                .query_map(params![table, row, limit], record)?
                .collect()
        })
        .await
    }

    async fn check(&self) -> Result<(), Failure> {
        self.with(|connection| {
            let transaction = connection.transaction()?;
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
    state: SyncState,
    expected: Option<&ETag>,
) -> rusqlite::Result<Option<ETag>> {
    let timestamp = state.timestamp.map(|timestamp| timestamp.to_string());
    let sequence = state.sequence.cast_signed();
    let transaction = connection.transaction()?;
    let etag = match expected {
        None => transaction.query_row(
            "INSERT INTO SyncStateTable VALUES (?1, ?2, ?3, ?4, 1)
             ON CONFLICT DO NOTHING RETURNING ETag",
            params![PARTITION, ROW, sequence, timestamp],
            etag,
        ),
        Some(ETag(expected)) => transaction.query_row(
            "UPDATE SyncStateTable SET SyncedSequence = ?3, SyncedTimestamp = ?4, ETag = ETag + 1
             WHERE PartitionKey = ?1 AND RowKey = ?2 AND ETag = CAST(?5 AS INTEGER)
             RETURNING ETag",
            params![PARTITION, ROW, sequence, timestamp, expected],
            etag,
        ),
    };
    let etag = etag.optional()?;
    transaction.commit()?;
    Ok(etag)
}

fn etag(row: &Row<'_>) -> rusqlite::Result<ETag> {
    Ok(ETag(row.get::<_, i64>("ETag")?.to_string()))
}

fn sync_state(row: &Row<'_>) -> rusqlite::Result<(SyncState, ETag)> {
    let timestamp: Option<String> = row.get(1)?;
    let state = SyncState {
        sequence: row.get::<_, i64>(0)?.cast_unsigned(),
        timestamp: timestamp.and_then(|text| text.parse().ok()),
    };
    Ok((state, etag(row)?))
}

fn upsert(transaction: &Transaction<'_>, entry: &FailedEntry) -> rusqlite::Result<()> {
    let sql = "INSERT INTO FailureTable VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,1,?11,?11)
               ON CONFLICT DO UPDATE SET Class = ?7, Code = ?8, Exception = ?9, Cure = ?10,
                   Attempts = Attempts + 1, LastFailed = ?11";
    let FailedEntry {
        subject,
        failure,
        at,
    } = entry;
    transaction.prepare_cached(sql)?.execute(params![
        entry.table().name(),
        entry.row_key(),
        subject.sequence.map(u64::cast_signed),
        subject.study,
        subject.series,
        subject.instance,
        failure.class().as_str(),
        failure.code.as_str(),
        failure.message,
        failure.cure(),
        at.to_string(),
    ])?;
    Ok(())
}

fn record(row: &Row<'_>) -> rusqlite::Result<FailureRecord> {
    let subject = Subject {
        sequence: row.get::<_, Option<i64>>(2)?.map(i64::cast_unsigned),
        study: row.get(3)?,
        series: row.get(4)?,
        instance: row.get(5)?,
    };
    Ok(FailureRecord {
        table: row.get(0)?,
        row_key: row.get(1)?,
        subject,
        class: row.get(6)?,
        code: row.get(7)?,
        message: row.get(8)?,
        cure: row.get(9)?,
        attempts: row.get(10)?,
        first_failed: time(row, 11)?,
        last_failed: time(row, 12)?,
    })
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get::<_, String>(column)?.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            Box::new(error),
        )
    })
}

#[cfg(test)]
mod tests;
