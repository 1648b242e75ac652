//! Rows of the failure table.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tracing::error;

use super::trouble;
use crate::failure::{Code, Subject};
use crate::store::{
    ETag, FailedEntry, FailureRecord, FailureTable, OmittedValueRow, PARTITION, RecordKey,
    RecordState,
};

/// What a row is written from.
pub(super) struct NewRow<'a> {
    pub(super) key: RecordKey,
    pub(super) subject: &'a Subject,
    pub(super) class: &'a str,
    pub(super) code: &'a str,
    pub(super) message: &'a str,
    pub(super) cure: &'a str,
    pub(super) attempts: u32,
    /// Of a row that is not there yet.
    pub(super) first_failed: Timestamp,
    pub(super) at: Timestamp,
    pub(super) next_retry: Option<Timestamp>,
    pub(super) automatic_retries: u32,
    pub(super) archive: Option<&'a str>,
    pub(super) attribute: Option<String>,
}

impl<'a> NewRow<'a> {
    pub(super) fn failed(entry: &'a FailedEntry) -> Self {
        let failure = &entry.failure;
        Self {
            key: entry.key(),
            subject: &entry.subject,
            class: failure.class().as_str(),
            code: failure.code.as_str(),
            message: &failure.message,
            cure: failure.cure(),
            attempts: entry.attempts,
            first_failed: entry.at,
            at: entry.at,
            next_retry: entry.next_retry,
            automatic_retries: entry.automatic_retries,
            archive: entry.archive.as_deref(),
            attribute: None,
        }
    }

    pub(super) fn omitted(value: &'a OmittedValueRow) -> Self {
        let code = Code::DicomInvalidValue;
        Self {
            key: value.key(),
            subject: &value.subject,
            class: code.class().as_str(),
            code: code.as_str(),
            message: &value.message,
            cure: code.cure(),
            attempts: 1,
            first_failed: value.at,
            at: value.at,
            next_retry: None,
            automatic_retries: 0,
            archive: None,
            attribute: Some(format!("{} {}", value.tag, value.keyword)),
        }
    }
}

/// How many attempts a row that is there had: they are added, or written over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempts {
    Add,
    Replace,
}

/// What becomes of a request for a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Stays,
    Answered,
}

/// Writes a row; one that is there keeps its first failure.
pub(super) fn upsert(
    connection: &Connection,
    new: &NewRow<'_>,
    attempts: Attempts,
    asked: Asked,
) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO FailureTable (TableName, RowKey, ChangeFeedSequence, StudyUid, SeriesUid,
            InstanceUid, Class, Code, Exception, Cure, Attempts, FirstFailed, LastFailed,
            PartitionName, Action, EntryTimestamp, Digest, Retry, NextRetry, AutomaticRetries,
            Archive, Attribute)
        VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?23,?12,?13,?14,?15,?16,0,?18,?19,?20,?21)
        ON CONFLICT DO UPDATE SET Class = ?7, Code = ?8, Exception = ?9, Cure = ?10,
            Attempts = ?11 + CASE ?22 WHEN 1 THEN Attempts ELSE 0 END, LastFailed = ?12,
            Retry = CASE ?17 WHEN 1 THEN Retry ELSE 0 END, NextRetry = ?18,
            AutomaticRetries = ?19,
            Archive = coalesce(?20, Archive), State = 'open', ETag = ETag + 1";
    let subject = new.subject;
    connection.prepare_cached(sql)?.execute(params![
        new.key.table.name(),
        new.key.row,
        subject.sequence.map(u64::cast_signed),
        subject.study,
        subject.series,
        subject.instance,
        new.class,
        new.code,
        new.message,
        new.cure,
        new.attempts,
        new.at.to_string(),
        subject.partition,
        subject.action,
        subject.timestamp.map(|at| at.to_string()),
        subject.digest,
        asked == Asked::Stays,
        new.next_retry.map(|at| at.to_string()),
        new.automatic_retries,
        new.archive,
        new.attribute,
        attempts == Attempts::Add,
        new.first_failed.to_string(),
    ])?;
    Ok(())
}

/// Moves what is kept of an entry in other tables of failed entries to this one.
pub(super) fn move_here(connection: &Connection, key: &RecordKey) -> rusqlite::Result<()> {
    for table in FailureTable::FAILED {
        if table != key.table {
            let sql = "UPDATE OR REPLACE FailureTable SET TableName = ?1
                       WHERE TableName = ?2 AND RowKey = ?3";
            let moved = params![key.table.name(), table.name(), key.row];
            connection.prepare_cached(sql)?.execute(moved)?;
        }
    }
    Ok(())
}

/// Joins what is known of earlier failures to the row of the same failed entry, in whichever table
/// it is; `false` when there is none.
pub(super) fn merge_history(connection: &Connection, new: &NewRow<'_>) -> rusqlite::Result<bool> {
    let sql = "UPDATE FailureTable SET FirstFailed = ?3, Attempts = ?4, ETag = ETag + 1
               WHERE TableName = ?1 AND RowKey = ?2";
    for table in FailureTable::FAILED {
        let key = RecordKey {
            table,
            ..new.key.clone()
        };
        if let Some(known) = get(connection, &key)? {
            if known.code == Code::StoreDamaged.as_str() {
                return Ok(true);
            }
            connection.prepare_cached(sql)?.execute(params![
                table.name(),
                key.row,
                known.first_failed.min(new.first_failed).to_string(),
                known.attempts.max(new.attempts),
            ])?;
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn get(
    connection: &Connection,
    key: &RecordKey,
) -> rusqlite::Result<Option<FailureRecord>> {
    let sql = "SELECT * FROM FailureTable WHERE TableName = ?1 AND RowKey = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    statement
        .query_row(params![key.table.name(), key.row], |row| {
            record_or_rest(row, key.table)
        })
        .optional()
}

/// Runs `sql`, whose first two parameters are table and row key; whether it found the row.
pub(super) fn change(
    connection: &Connection,
    sql: &str,
    key: &RecordKey,
) -> rusqlite::Result<bool> {
    let changed = connection
        .prepare_cached(sql)?
        .execute(params![key.table.name(), key.row])?;
    Ok(changed > 0)
}

/// A record; of a row that has a value which cannot be read, what is left of it.
pub(super) fn record_or_rest(
    row: &Row<'_>,
    table: FailureTable,
) -> rusqlite::Result<FailureRecord> {
    match record(row, table) {
        Err(error) if trouble::is_of_a_row(&error) => rest(row, table, &error),
        read => read,
    }
}

/// What is left of a row: at least its key, by which it can be removed. It is not retried.
fn rest(
    row: &Row<'_>,
    table: FailureTable,
    error: &rusqlite::Error,
) -> rusqlite::Result<FailureRecord> {
    let code = Code::StoreDamaged;
    let at = |column| required_time(row, column).unwrap_or(Timestamp::UNIX_EPOCH);
    let (first_failed, last_failed) = (at("FirstFailed"), at("LastFailed"));
    Ok(FailureRecord {
        key: RecordKey {
            table,
            partition: PARTITION.to_owned(),
            row: row.get("RowKey")?,
        },
        etag: ETag(row.get::<_, i64>("ETag").unwrap_or_default().to_string()),
        subject: subject(row).unwrap_or_default(),
        class: code.class().as_str().to_owned(),
        code: code.as_str().to_owned(),
        message: format!("this record is damaged: {}", trouble::unreadable(error)),
        cure: "Remove this record by `radcast failures dismiss`.".to_owned(),
        attempts: row.get("Attempts").unwrap_or(1),
        first_failed,
        last_failed,
        retry: false,
        next_retry: None,
        automatic_retries: 0,
        state: RecordState::Open,
        archive: None,
        attribute: None,
    })
}

/// Tells of a row whose very key cannot be read, so that nobody can ask for it.
pub(super) fn tell_of_lost(table: FailureTable, error: &rusqlite::Error) {
    error!(
        event = "row_unreadable",
        table = table.name(),
        code = %Code::StoreDamaged,
        cure = Code::StoreDamaged.cure(),
        "a row of the store is left out: {}",
        trouble::unreadable(error)
    );
}

fn record(row: &Row<'_>, table: FailureTable) -> rusqlite::Result<FailureRecord> {
    let state: String = row.get("State")?;
    Ok(FailureRecord {
        key: RecordKey {
            table,
            partition: PARTITION.to_owned(),
            row: row.get("RowKey")?,
        },
        etag: ETag(row.get::<_, i64>("ETag")?.to_string()),
        subject: subject(row)?,
        class: row.get("Class")?,
        code: row.get("Code")?,
        message: row.get("Exception")?,
        cure: row.get("Cure")?,
        attempts: row.get("Attempts")?,
        first_failed: required_time(row, "FirstFailed")?,
        last_failed: required_time(row, "LastFailed")?,
        retry: row.get("Retry")?,
        next_retry: time(row, "NextRetry")?,
        automatic_retries: row.get("AutomaticRetries")?,
        state: if state == RecordState::Superseded.as_str() {
            RecordState::Superseded
        } else {
            RecordState::Open
        },
        archive: row.get("Archive")?,
        attribute: row.get("Attribute")?,
    })
}

fn subject(row: &Row<'_>) -> rusqlite::Result<Subject> {
    Ok(Subject {
        sequence: row
            .get::<_, Option<i64>>("ChangeFeedSequence")?
            .map(i64::cast_unsigned),
        study: row.get("StudyUid")?,
        series: row.get("SeriesUid")?,
        instance: row.get("InstanceUid")?,
        partition: row.get("PartitionName")?,
        action: row.get("Action")?,
        timestamp: time(row, "EntryTimestamp")?,
        digest: row.get("Digest")?,
    })
}

/// A time of a nullable column.
pub(super) fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| parse_time(&text, column)).transpose()
}

/// A time of a column that is never null.
pub(super) fn required_time(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    parse_time(&row.get::<_, String>(column)?, column)
}

fn parse_time(text: &str, column: &str) -> rusqlite::Result<Timestamp> {
    let unreadable = |_| rusqlite::Error::InvalidColumnType(0, column.to_owned(), Type::Text);
    text.parse().map_err(unreadable)
}
