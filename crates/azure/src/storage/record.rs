//! Rows of the tables of failures, with dicom-cast's columns and more.

use jiff::Timestamp;

use super::dicom_cast;
use super::entity::{Entity, kept};
use super::keys;
use radcast_engine::failure::{Code, Subject};
use radcast_engine::store::{
    ETag, FailedEntry, FailureRecord, FailureTable, OmittedValueRow, RecordKey, RecordState,
};

/// The record of an entry that failed, as it would be without an earlier one.
pub(super) fn failed(entry: &FailedEntry) -> FailureRecord {
    let failure = &entry.failure;
    FailureRecord {
        key: keys::cut(entry.key()),
        etag: ETag(String::new()),
        subject: entry.subject.clone(),
        class: failure.class().as_str().to_owned(),
        code: failure.code.as_str().to_owned(),
        message: failure.message.clone(),
        cure: failure.cure().to_owned(),
        attempts: entry.attempts,
        first_failed: kept(entry.at),
        last_failed: kept(entry.at),
        retry: false,
        next_retry: entry.next_retry.map(kept),
        automatic_retries: entry.automatic_retries,
        state: RecordState::Open,
        archive: entry.archive.clone(),
        attribute: None,
    }
}

/// The record of a value that was left out, as it would be without an earlier one.
pub(super) fn omitted(value: &OmittedValueRow) -> FailureRecord {
    let code = Code::DicomInvalidValue;
    FailureRecord {
        key: keys::cut(value.key()),
        etag: ETag(String::new()),
        subject: value.subject.clone(),
        class: code.class().as_str().to_owned(),
        code: code.as_str().to_owned(),
        message: value.message.clone(),
        cure: code.cure().to_owned(),
        attempts: 1,
        first_failed: kept(value.at),
        last_failed: kept(value.at),
        retry: false,
        next_retry: None,
        automatic_retries: 0,
        state: RecordState::Open,
        archive: None,
        attribute: Some(format!("{} {}", value.tag, value.keyword)),
    }
}

/// A row as it was read. What dicom-cast did not write is filled in.
pub(super) fn read(table: FailureTable, row: &Entity) -> FailureRecord {
    let partition = row.partition();
    let text = |column| row.text(column).map(str::to_owned);
    let own_code = row.text("Code");
    let code = dicom_cast::code(table, partition);
    let changed = row.time("Timestamp").unwrap_or(Timestamp::UNIX_EPOCH);
    let last_failed = row.time("LastFailed").unwrap_or(changed);
    FailureRecord {
        key: RecordKey {
            table,
            partition: partition.to_owned(),
            row: keys::known(partition, row.row()),
        },
        etag: row.etag().unwrap_or(ETag(String::new())),
        subject: subject(row),
        class: text("Class").unwrap_or_else(|| dicom_cast::class(table).as_str().to_owned()),
        code: own_code.unwrap_or(code.as_str()).to_owned(),
        message: match own_code {
            Some(_) => text("Exception").unwrap_or_default(),
            None => dicom_cast::message(partition),
        },
        cure: text("Cure").unwrap_or_else(|| code.cure().to_owned()),
        attempts: number(row, "Attempts")
            .or_else(|| number(row, "RetryNumber"))
            .unwrap_or(1),
        first_failed: row.time("FirstFailed").unwrap_or(last_failed),
        last_failed,
        retry: row.flag("Retry"),
        next_retry: row.time("NextRetry"),
        automatic_retries: number(row, "AutomaticRetries").unwrap_or(0),
        state: if row.text("State") == Some(RecordState::Superseded.as_str()) {
            RecordState::Superseded
        } else {
            RecordState::Open
        },
        archive: text("Archive"),
        attribute: text("Attribute").or_else(|| {
            let exception = row.text("Exception").filter(|_| own_code.is_none())?;
            dicom_cast::attribute(table, exception)
        }),
    }
}

fn subject(row: &Entity) -> Subject {
    let text = |column| row.text(column).map(str::to_owned);
    Subject {
        sequence: row.integer("ChangeFeedSequence").map(i64::cast_unsigned),
        study: text("StudyUid"),
        series: text("SeriesUid"),
        instance: text("InstanceUid"),
        partition: text("PartitionName"),
        action: text("Action"),
        timestamp: row.time("EntryTimestamp"),
        digest: text("Digest"),
    }
}

fn number(row: &Entity, column: &str) -> Option<u32> {
    u32::try_from(row.integer(column)?).ok()
}

/// Writes a record into a row: one of its key that was read, or a new one.
pub(super) fn write(record: &FailureRecord, into: Option<Entity>) -> Entity {
    let key = &record.key;
    let mut row = into.unwrap_or_else(|| Entity::new(&key.partition, &keys::stored(key)));
    write_subject(&record.subject, &mut row);
    row.set_text("Class", &record.class);
    row.set_text("Code", &record.code);
    row.set_text("Exception", &record.message);
    row.set_text("Cure", &record.cure);
    row.set_int32("Attempts", record.attempts);
    if key.table == FailureTable::Retrying {
        row.set_int32("RetryNumber", record.attempts);
    }
    row.set_time("FirstFailed", record.first_failed);
    row.set_time("LastFailed", record.last_failed);
    row.set_flag("Retry", record.retry);
    match record.next_retry {
        Some(due) => row.set_time("NextRetry", due),
        None => row.remove("NextRetry"),
    }
    row.set_int32("AutomaticRetries", record.automatic_retries);
    row.set_text("State", record.state.as_str());
    set_some("Archive", record.archive.as_deref(), &mut row);
    set_some("Attribute", record.attribute.as_deref(), &mut row);
    row
}

fn write_subject(subject: &Subject, row: &mut Entity) {
    for (column, text) in [
        ("StudyUid", &subject.study),
        ("SeriesUid", &subject.series),
        ("InstanceUid", &subject.instance),
        ("PartitionName", &subject.partition),
        ("Action", &subject.action),
        ("Digest", &subject.digest),
    ] {
        set_some(column, text.as_deref(), row);
    }
    if let Some(sequence) = subject.sequence {
        row.set_int64("ChangeFeedSequence", sequence);
    }
    if let Some(timestamp) = subject.timestamp {
        row.set_time("EntryTimestamp", timestamp);
    }
}

fn set_some(column: &str, text: Option<&str>, row: &mut Entity) {
    if let Some(text) = text {
        row.set_text(column, text);
    }
}
