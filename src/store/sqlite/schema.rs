//! The tables of the embedded store, with dicom-cast's columns and more.

use rusqlite::Connection;

const TABLES: &str = "
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
    CREATE TABLE IF NOT EXISTS StatusTable (
        Role TEXT PRIMARY KEY,
        Replica TEXT NOT NULL,
        Version TEXT NOT NULL,
        State TEXT NOT NULL,
        Code TEXT,
        Detail TEXT,
        Position INTEGER NOT NULL,
        PositionTimestamp TEXT,
        Latest INTEGER NOT NULL,
        LastSuccess TEXT,
        At TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS HomeIssuerTable (
        PartitionKey TEXT NOT NULL,
        RowKey TEXT NOT NULL,
        Name TEXT,
        UniversalId TEXT,
        PRIMARY KEY (PartitionKey, RowKey)
    ) WITHOUT ROWID;
";

/// Columns that a file of version 0 does not have.
const SINCE_VERSION_1: &str = "
    ALTER TABLE FailureTable ADD COLUMN PartitionName TEXT;
    ALTER TABLE FailureTable ADD COLUMN Action TEXT;
    ALTER TABLE FailureTable ADD COLUMN EntryTimestamp TEXT;
    ALTER TABLE FailureTable ADD COLUMN Digest TEXT;
    ALTER TABLE FailureTable ADD COLUMN Retry INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE FailureTable ADD COLUMN NextRetry TEXT;
    ALTER TABLE FailureTable ADD COLUMN AutomaticRetries INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE FailureTable ADD COLUMN State TEXT NOT NULL DEFAULT 'open';
    ALTER TABLE FailureTable ADD COLUMN Archive TEXT;
    ALTER TABLE FailureTable ADD COLUMN Attribute TEXT;
    ALTER TABLE FailureTable ADD COLUMN ETag INTEGER NOT NULL DEFAULT 1;
    CREATE INDEX ToBeRetried ON FailureTable (TableName, RowKey)
        WHERE Retry <> 0 OR NextRetry IS NOT NULL;
";

/// What a file of version 1 does not have.
const SINCE_VERSION_2: &str = "
    CREATE INDEX OfStudy ON FailureTable (TableName, StudyUid, RowKey);
";

/// What a file of version 2 does not have: what the feed of the position is known again by.
const SINCE_VERSION_3: &str = "
    ALTER TABLE SyncStateTable ADD COLUMN Feed TEXT;
    ALTER TABLE SyncStateTable ADD COLUMN SyncedEntry TEXT;
";

/// What a file of version 3 does not have: the ways to what filters ask for among many records.
const SINCE_VERSION_4: &str = "
    CREATE INDEX OfInstance ON FailureTable (TableName, InstanceUid, RowKey);
    CREATE INDEX OfCode ON FailureTable (TableName, Code, RowKey);
";

/// Makes the tables, or brings those of an earlier version up to date.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version < 1 {
        transaction.execute_batch(SINCE_VERSION_1)?;
    }
    if version < 2 {
        transaction.execute_batch(SINCE_VERSION_2)?;
    }
    if version < 3 {
        transaction.execute_batch(SINCE_VERSION_3)?;
    }
    if version < 4 {
        transaction.execute_batch(SINCE_VERSION_4)?;
        transaction.pragma_update(None, "user_version", 4)?;
    }
    transaction.commit()
}
