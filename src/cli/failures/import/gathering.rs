//! Joins the rows that dicom-cast wrote of one entry. Pure.

use std::collections::BTreeMap;

use dicom_core::Tag;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_dictionary_std::StandardDataDictionary;
use jiff::Timestamp;

use radcast_engine::failure::{Code, Failure, Subject};
use radcast_engine::store::{FailedEntry, FailureRecord, FailureTable, OmittedValueRow};

/// The rows of the lowest sequences that were seen, joined by sequence; only so many are held.
#[derive(Debug)]
pub(super) struct Gathering {
    entries: BTreeMap<u64, Entry>,
    most: usize,
    /// Whether there were more.
    pub(super) overflown: bool,
}

/// What dicom-cast's rows tell of one entry.
#[derive(Debug)]
pub(super) struct Entry {
    subject: Subject,
    /// The code and the exception of the last row in a table of failed entries, and its time.
    failed: Option<(Timestamp, Code, String)>,
    first: Timestamp,
    last: Timestamp,
    attempts: u32,
    omitted: BTreeMap<Option<Tag>, Timestamp>,
    /// How many rows there are in all.
    pub(super) rows: u64,
}

impl Gathering {
    pub(super) const fn of_at_most(most: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            most,
            overflown: false,
        }
    }

    /// Adds a row; `false` when it has no sequence and cannot be joined.
    pub(super) fn add(&mut self, row: &FailureRecord) -> bool {
        let Some(sequence) = row.subject.sequence else {
            return false;
        };
        self.entries
            .entry(sequence)
            .or_insert_with(|| Entry::of(row))
            .add(row);
        if self.entries.len() > self.most {
            self.entries.pop_last();
            self.overflown = true;
        }
        true
    }

    /// The highest sequence among them.
    pub(super) fn highest(&self) -> Option<u64> {
        self.entries.last_key_value().map(|(sequence, _)| *sequence)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
}

impl Entry {
    fn of(row: &FailureRecord) -> Self {
        Self {
            subject: row.subject.clone(),
            failed: None,
            first: row.first_failed,
            last: row.last_failed,
            attempts: 0,
            omitted: BTreeMap::new(),
            rows: 0,
        }
    }

    fn add(&mut self, row: &FailureRecord) {
        self.rows += 1;
        let at = row.last_failed;
        if row.key.table == FailureTable::OmittedValue {
            let last = self.omitted.entry(attribute(row)).or_insert(at);
            *last = at.max(*last);
            return;
        }
        if self.attempts == 0 {
            (self.first, self.last) = (row.first_failed, at);
        }
        self.first = self.first.min(row.first_failed);
        self.last = self.last.max(at);
        self.attempts = self.attempts.saturating_add(1);
        let failed = FailureTable::FAILED.contains(&row.key.table);
        if failed && self.failed.as_ref().is_none_or(|(known, ..)| *known <= at) {
            self.failed = Some((at, code(row), row.key.partition.clone()));
        }
    }

    /// The failed entry and when it failed first; `None` when it was only retried, or only lacks
    /// values: such an entry was stored in the end.
    pub(super) fn failed(&self) -> Option<(FailedEntry, Timestamp)> {
        let (_, code, exception) = self.failed.as_ref()?;
        let message = match self.attempts {
            1 => format!("dicom-cast recorded {exception}"),
            rows => format!("dicom-cast recorded {exception}, after {rows} attempts in all"),
        };
        let failed = FailedEntry {
            attempts: self.attempts,
            ..FailedEntry::new(
                self.subject.clone(),
                Failure::new(*code, message),
                self.last,
            )
        };
        Some((failed, self.first))
    }

    /// The values that were left out of it.
    pub(super) fn omitted(&self) -> Vec<OmittedValueRow> {
        let row = |(tag, at): (&Option<Tag>, &Timestamp)| OmittedValueRow {
            subject: self.subject.clone(),
            tag: tag.map(|tag| tag.to_string()).unwrap_or_default(),
            keyword: keyword(*tag),
            message: "dicom-cast did not store this value, which is invalid".to_owned(),
            at: *at,
        };
        self.omitted.iter().map(row).collect()
    }
}

/// What the exception of a row is called here.
fn code(row: &FailureRecord) -> Code {
    Code::named(&row.code).unwrap_or(match row.key.table {
        FailureTable::Dicom | FailureTable::OmittedValue => Code::DicomInvalidValue,
        FailureTable::Fhir => Code::FhirRejected,
        FailureTable::Transient | FailureTable::Retrying => Code::FhirTimeout,
    })
}

/// The attribute that a row is about.
fn attribute(row: &FailureRecord) -> Option<Tag> {
    tag(row.attribute.as_deref()?.strip_prefix('(')?)
}

/// The tag at the start of a text: `0010,0040)…`.
fn tag(text: &str) -> Option<Tag> {
    let (tag, _) = text.split_once(')')?;
    let (group, element) = tag.split_once(',')?;
    let number = |digits: &str| {
        let digits = digits.trim();
        u16::from_str_radix(digits, 16)
            .ok()
            .filter(|_| digits.len() == 4)
    };
    Some(Tag(number(group)?, number(element)?))
}

fn keyword(tag: Option<Tag>) -> String {
    let entry = tag.and_then(|tag| StandardDataDictionary.by_tag(tag));
    entry
        .map_or("an attribute", |entry| entry.alias())
        .to_owned()
}
