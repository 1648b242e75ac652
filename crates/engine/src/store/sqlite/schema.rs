//! The tables of the embedded store, with dicom-cast's columns and more.

use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

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

/// The version of the tables. A new table needs a new version as well.
pub(super) const VERSION: i64 = 4;

/// What the header of our files says of their application: `rdct`.
const APPLICATION: i64 = 0x7264_6374;

/// How long others that work at the file are waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How often somebody else may come in between.
const ROUNDS: usize = 20;

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Ours.
    Ours,
    /// Nobody's.
    Empty,
    /// Another application's.
    Foreign,
    /// That of a later radcast, with the version of its tables.
    Newer(i64),
}

/// Finds out whose a file is. Files of before the application was written have our tables.
pub(super) fn kind(connection: &Connection) -> rusqlite::Result<Kind> {
    let (application, version) = header(connection)?;
    let count = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let ours = "SELECT count(*) FROM sqlite_schema
                WHERE type = 'table' AND name IN ('SyncStateTable', 'FailureTable')";
    Ok(match application {
        APPLICATION if version > VERSION => Kind::Newer(version),
        APPLICATION => Kind::Ours,
        0 if count(ours)? == 2 && version <= VERSION => Kind::Ours,
        0 if count("SELECT count(*) FROM sqlite_schema")? == 0 => Kind::Empty,
        _ => Kind::Foreign,
    })
}

fn header(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let number = |sql| connection.query_row(sql, [], |row| row.get(0));
    Ok((
        number("PRAGMA application_id")?,
        number("PRAGMA user_version")?,
    ))
}

/// Makes the tables, or brings those of an earlier version up to date, and sets how changes are
/// written.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    use_log(connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    if header(connection)? == (APPLICATION, VERSION) {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(TABLES)?;
    let (_, version) = header(&transaction)?;
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
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// Has changes written to a log first. SQLite does not wait for others when it sets that up, but to
/// be alone with the file it does.
fn use_log(connection: &Connection) -> rusqlite::Result<()> {
    let set = || connection.pragma_update(None, "journal_mode", "WAL");
    for _ in 0..ROUNDS {
        match set() {
            Err(error) if is_busy(&error) => connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?,
            done => return done,
        }
    }
    set()
}

fn is_busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}
