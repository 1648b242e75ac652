//! Failed entries as they are handed over and as they are kept.

use jiff::Timestamp;

use super::ETag;
use crate::failure::{Class, Failure, Subject};

/// The partition of every row that radcast writes. dicom-cast's own rows carry the name of an
/// exception instead.
pub const PARTITION: &str = "ChangeFeed";

/// dicom-cast's tables of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureTable {
    /// Not stored because of the instance itself.
    Dicom,
    /// Not stored for a reason on the FHIR side, or a fault of our own.
    Fhir,
    /// Values that were left out of an entry that is otherwise stored.
    OmittedValue,
    /// Given up after the retries.
    Transient,
    /// Being retried at the moment.
    Retrying,
}

impl FailureTable {
    /// Every table.
    pub const ALL: [Self; 5] = [
        Self::Dicom,
        Self::Fhir,
        Self::OmittedValue,
        Self::Transient,
        Self::Retrying,
    ];

    /// The tables of entries that failed for good: each entry is in at most one of them.
    pub const FAILED: [Self; 3] = [Self::Dicom, Self::Fhir, Self::Transient];

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
            Self::Dicom => "DicomFailToStoreExceptionTable",
            Self::Fhir => "FhirFailToStoreExceptionTable",
            Self::OmittedValue => "InvalidDicomTagExceptionTable",
            Self::Transient => "TransientFailureExceptionTable",
            Self::Retrying => "TransientRetryExceptionTable",
        }
    }

    /// The short name that people filter by.
    #[must_use]
    pub const fn category(self) -> &'static str {
        match self {
            Self::Dicom => "dicom",
            Self::Fhir => "fhir",
            Self::OmittedValue => "tag",
            Self::Transient => "transient-exhausted",
            Self::Retrying => "transient-retry",
        }
    }

    /// The table of a short name.
    #[must_use]
    pub fn of_category(category: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|table| table.category() == category)
    }
}

/// Where a row is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey {
    /// The table.
    pub table: FailureTable,
    /// [`PARTITION`], or the exception that dicom-cast named a row of its own after.
    pub partition: String,
    /// Key within table and partition.
    pub row: String,
}

/// An entry that failed, to be recorded.
#[derive(Debug, Clone)]
pub struct FailedEntry {
    /// Which entry.
    pub subject: Subject,
    /// What went wrong.
    pub failure: Failure,
    /// When it failed.
    pub at: Timestamp,
    /// How often it was attempted this time.
    pub attempts: u32,
    /// When it is to be retried without a signal; `None`: only on a signal.
    pub next_retry: Option<Timestamp>,
    /// How many retries without a signal it has had.
    pub automatic_retries: u32,
    /// Where its raw entry and the server's answer are archived.
    pub archive: Option<String>,
}

impl FailedEntry {
    /// An entry that failed once, to be retried on a signal only.
    #[must_use]
    pub const fn new(subject: Subject, failure: Failure, at: Timestamp) -> Self {
        Self {
            subject,
            failure,
            at,
            attempts: 1,
            next_retry: None,
            automatic_retries: 0,
            archive: None,
        }
    }

    /// Where it is kept. A replay of the feed arrives at the same row, if in another table of
    /// [`FailureTable::FAILED`] when it failed for another cause.
    #[must_use]
    pub fn key(&self) -> RecordKey {
        RecordKey {
            table: FailureTable::of(self.failure.class()),
            partition: PARTITION.to_owned(),
            row: row_key(&self.subject),
        }
    }
}

/// The key of the row that a failed entry is recorded in: the sequence with leading zeros; without
/// one, what else tells the entry from others.
#[must_use]
pub fn row_key(subject: &Subject) -> String {
    match (subject.sequence, &subject.digest, &subject.instance) {
        (Some(sequence), _, _) => format!("{sequence:020}"),
        (None, Some(digest), _) => format!("entry-{digest}"),
        (None, None, Some(instance)) => format!("instance-{instance}"),
        (None, None, None) => "unknown".to_owned(),
    }
}

/// Whether a record still waits for a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RecordState {
    /// It does.
    #[default]
    Open,
    /// A later entry of the same instance was applied: nothing is missing any more.
    Superseded,
}

impl RecordState {
    /// The word in the row.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Superseded => "superseded",
        }
    }
}

/// A row: a failed entry, or a value that was left out of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRecord {
    /// Where it is kept.
    pub key: RecordKey,
    /// Its version.
    pub etag: ETag,
    /// Which entry.
    pub subject: Subject,
    /// Class of the last failure.
    pub class: String,
    /// Code of the last failure.
    pub code: String,
    /// What went wrong, without patient data.
    pub message: String,
    /// What can be done about it.
    pub cure: String,
    /// How many times it was attempted.
    pub attempts: u32,
    /// When it failed first.
    pub first_failed: Timestamp,
    /// When it failed last.
    pub last_failed: Timestamp,
    /// Whether somebody asked for it to be retried.
    pub retry: bool,
    /// When it is to be retried without being asked.
    pub next_retry: Option<Timestamp>,
    /// How many retries without a signal it has had.
    pub automatic_retries: u32,
    /// Whether it still waits for a person.
    pub state: RecordState,
    /// Where its raw entry and the server's answer are archived.
    pub archive: Option<String>,
    /// The attribute that was left out, e.g. `(0010,0040) PatientSex`; of
    /// [`FailureTable::OmittedValue`] only.
    pub attribute: Option<String>,
}

/// Which records are wanted. Everything that is given has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Their tables; empty for those of [`FailureTable::FAILED`].
    pub tables: Vec<FailureTable>,
    /// Their class.
    pub class: Option<String>,
    /// Their code.
    pub code: Option<String>,
    /// Study Instance UID.
    pub study: Option<String>,
    /// SOP Instance UID.
    pub instance: Option<String>,
    /// The lowest sequence.
    pub from_sequence: Option<u64>,
    /// The highest sequence.
    pub to_sequence: Option<u64>,
    /// They failed last at this time or later.
    pub since: Option<Timestamp>,
    /// They failed last before this time.
    pub until: Option<Timestamp>,
    /// Superseded ones as well.
    pub superseded: bool,
    /// Only those that are to be retried by now: asked for, or due at this time.
    pub retry_by: Option<Timestamp>,
}

impl RecordFilter {
    /// The tables to look into, in order.
    #[must_use]
    pub fn tables(&self) -> Vec<FailureTable> {
        let mut tables = if self.tables.is_empty() {
            FailureTable::FAILED.to_vec()
        } else {
            self.tables.clone()
        };
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    /// Whether a record is wanted.
    #[must_use]
    pub fn matches(&self, record: &FailureRecord) -> bool {
        let text = |wanted: &Option<String>, is: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| is == Some(wanted))
        };
        let sequence = record.subject.sequence;
        self.tables().contains(&record.key.table)
            && text(&self.class, Some(&record.class))
            && text(&self.code, Some(&record.code))
            && text(&self.study, record.subject.study.as_deref())
            && text(&self.instance, record.subject.instance.as_deref())
            && self.from_sequence.is_none_or(|from| sequence >= Some(from))
            && self
                .to_sequence
                .is_none_or(|to| sequence.is_some_and(|sequence| sequence <= to))
            && self.since.is_none_or(|since| record.last_failed >= since)
            && self.until.is_none_or(|until| record.last_failed < until)
            && (self.superseded || record.state == RecordState::Open)
            && self.retry_by.is_none_or(|now| record.is_to_be_retried(now))
    }
}

impl FailureRecord {
    /// Whether it was asked to be retried, or is due by itself.
    #[must_use]
    pub fn is_to_be_retried(&self, now: Timestamp) -> bool {
        self.retry || self.next_retry.is_some_and(|due| due <= now)
    }
}

/// A value that was left out of an entry, to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OmittedValueRow {
    /// Which entry.
    pub subject: Subject,
    /// The attribute, e.g. `(0010,0040)`.
    pub tag: String,
    /// Its keyword, e.g. `PatientSex`.
    pub keyword: String,
    /// What is wrong with it, without its value.
    pub message: String,
    /// When it was found.
    pub at: Timestamp,
}

impl OmittedValueRow {
    /// Where it is kept: a row per entry and attribute.
    #[must_use]
    pub fn key(&self) -> RecordKey {
        let digits: String = self.tag.chars().filter(char::is_ascii_hexdigit).collect();
        RecordKey {
            table: FailureTable::OmittedValue,
            partition: PARTITION.to_owned(),
            row: format!("{}-{digits}", row_key(&self.subject)),
        }
    }
}
