//! How people spell the key of a record.

use std::str::FromStr;

use super::{FailureTable, PARTITION, RecordKey};

/// What somebody may call a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordId {
    /// `4711`: the failed entry of this sequence, whichever table it is in.
    Sequence(u64),
    /// `tag/4711-00100040`: this row of this table.
    Key(RecordKey),
}

/// Text that names no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableId {
    /// There is nothing before or behind the slash.
    #[error("{0:?} is no failure id: write a sequence such as 4711, or one such as fhir/4711")]
    Form(String),
    /// The word before the slash is no table.
    #[error("{word:?} in {id:?} is no category: it is one of {categories}", categories = categories())]
    Category {
        /// The whole text.
        id: String,
        /// The word.
        word: String,
    },
}

/// Every category, for a sentence.
fn categories() -> String {
    FailureTable::ALL.map(FailureTable::category).join(", ")
}

impl RecordKey {
    /// The shortest spelling that stays with the entry: its sequence for a failed entry, even when
    /// it moves to another table of [`FailureTable::FAILED`], else [`RecordKey::full_id`].
    #[must_use]
    pub fn id(&self) -> String {
        match short_row(&self.row).parse::<u64>() {
            Ok(sequence) if self.is_own() && FailureTable::FAILED.contains(&self.table) => {
                sequence.to_string()
            }
            _ => self.full_id(),
        }
    }

    /// Category and row, and between them the exception when dicom-cast wrote the row:
    /// `fhir/4711`, `fhir/TransactionFailedException/0f8fad5b-d9cb-469f-a165-70867728950e`.
    #[must_use]
    pub fn full_id(&self) -> String {
        let (category, partition) = (self.table.category(), &self.partition);
        if self.is_own() {
            let row = short_row(&self.row);
            // An instance UID may be anything; a second slash would stand for a partition.
            let row = row.replace('%', "%25").replace('/', "%2F");
            format!("{category}/{row}")
        } else {
            format!("{category}/{partition}/{}", self.row)
        }
    }

    /// Whether radcast wrote the row, rather than dicom-cast.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.partition == PARTITION
    }
}

impl FromStr for RecordId {
    type Err = UnreadableId;

    fn from_str(id: &str) -> Result<Self, UnreadableId> {
        if let Ok(sequence) = id.parse() {
            return Ok(Self::Sequence(sequence));
        }
        let unreadable = || UnreadableId::Form(id.to_owned());
        let (category, rest) = id.split_once('/').ok_or_else(unreadable)?;
        let table = FailureTable::of_category(category);
        let table = table.ok_or_else(|| UnreadableId::Category {
            id: id.to_owned(),
            word: category.to_owned(),
        })?;
        let (partition, row) = match rest.split_once('/') {
            None => {
                let row = rest.replace("%2F", "/").replace("%25", "%");
                (PARTITION, long_row(&row))
            }
            Some((partition, row)) => (partition, row.to_owned()),
        };
        if partition.is_empty() || row.is_empty() {
            return Err(unreadable());
        }
        Ok(Self::Key(RecordKey {
            table,
            partition: partition.to_owned(),
            row,
        }))
    }
}

/// A row key without the leading zeros of its sequence.
fn short_row(row: &str) -> String {
    let (sequence, rest) = split_sequence(row);
    match sequence.parse::<u64>() {
        Ok(number) if sequence.len() == 20 => format!("{number}{rest}"),
        _ => row.to_owned(),
    }
}

/// A row key with the leading zeros of its sequence.
fn long_row(short: &str) -> String {
    let (sequence, rest) = split_sequence(short);
    match sequence.parse::<u64>() {
        Ok(number) => format!("{number:020}{rest}"),
        Err(_) => short.to_owned(),
    }
}

/// The digits in front, when nothing or a hyphen is behind them.
fn split_sequence(row: &str) -> (&str, &str) {
    let end = row.find(|c: char| !c.is_ascii_digit()).unwrap_or(row.len());
    let (digits, rest) = row.split_at(end);
    if rest.is_empty() || rest.starts_with('-') {
        (digits, rest)
    } else {
        ("", row)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::failure::{Code, Failure, Subject};
    use crate::store::FailedEntry;

    fn key(table: FailureTable, partition: &str, row: &str) -> RecordKey {
        RecordKey {
            table,
            partition: partition.to_owned(),
            row: row.to_owned(),
        }
    }

    #[test]
    fn a_failed_entry_is_called_by_its_sequence_and_everything_else_by_its_table() {
        let subject = Subject {
            sequence: Some(4711),
            ..Subject::default()
        };
        let failure = Failure::new(Code::FhirRejected, "");
        let failed = FailedEntry::new(subject, failure, jiff::Timestamp::UNIX_EPOCH).key();
        assert_eq!(
            (failed.id(), failed.full_id()),
            ("4711".to_owned(), "fhir/4711".to_owned())
        );
        let omitted = key(
            FailureTable::OmittedValue,
            PARTITION,
            "00000000000000004711-00100040",
        );
        assert_eq!(omitted.id(), "tag/4711-00100040");
        let unread = key(FailureTable::Dicom, PARTITION, "entry-0123456789abcdef");
        assert_eq!(unread.id(), "dicom/entry-0123456789abcdef");
        let foreign = key(FailureTable::Fhir, "TransactionFailedException", "0f8fad5b");
        assert_eq!(foreign.id(), "fhir/TransactionFailedException/0f8fad5b");
    }

    #[test]
    fn text_that_names_no_record_is_told_from_text_that_could() {
        let read = |id: &str| id.parse::<RecordId>();
        assert_eq!(read("4711"), Ok(RecordId::Sequence(4711)));
        for id in ["", "abc", "fhir/", "/4711", "fhir//4711", "-1"] {
            assert!(read(id).is_err(), "{id}");
        }
        let told = read("fihr/4711").unwrap_err().to_string();
        assert!(
            told.contains("fihr") && told.contains("transient-retry"),
            "{told}"
        );
    }

    proptest! {
        #[test]
        fn each_spelling_leads_back_to_its_key(
            table in prop::sample::select(FailureTable::ALL.to_vec()),
            sequence: u64,
            partition in "ChangeFeed|[A-Z][a-z]{0,8}Exception",
            rest in "|-[0-9A-F]{8}|-[a-z]{3}",
        ) {
            let row = format!("{sequence:020}{rest}");
            let key = key(table, &partition, &row);
            prop_assert_eq!(key.full_id().parse(), Ok(RecordId::Key(key.clone())));
            let short = match key.id().parse() {
                Ok(RecordId::Sequence(short)) => short == sequence,
                read => read == Ok(RecordId::Key(key.clone())),
            };
            prop_assert!(short, "{}", key.id());
        }

        #[test]
        fn a_row_named_after_an_instance_is_found_whatever_its_uid(uid in "[0-9./%2F]{1,12}") {
            let key = key(FailureTable::Dicom, PARTITION, &format!("instance-{uid}"));
            prop_assert_eq!(key.id().parse(), Ok(RecordId::Key(key)));
        }

        #[test]
        fn a_row_of_dicom_cast_is_taken_as_it_is(row in "[0-9a-f]{8}-[0-9a-f]{4}") {
            let key = key(FailureTable::Fhir, "TransactionFailedException", &row);
            prop_assert_eq!(key.full_id().parse(), Ok(RecordId::Key(key)));
        }
    }
}
