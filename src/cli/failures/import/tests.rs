use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::gathering::Gathering;
use super::takeover::{Summary, TakeOver};
use radcast_engine::failure::{Code, Failure, Subject};
use radcast_engine::store::{
    ETag, FailedEntry, FailureRecord, FailureTable, HomeIssuer, OmittedValueRow, RecordFilter,
    RecordKey, RecordState, Report, Store, SyncState,
};

/// Rows as Azure Table Storage keeps them, dicom-cast's own among them.
#[derive(Default)]
struct Tables {
    rows: Mutex<BTreeMap<RecordKey, FailureRecord>>,
    /// Removals fail once there are so few rows left.
    fewest: usize,
}

impl Tables {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<RecordKey, FailureRecord>> {
        self.rows.lock().unwrap()
    }

    /// A row as dicom-cast wrote it.
    fn by_dicom_cast(&self, table: FailureTable, exception: &str, sequence: u64, second: i64) {
        let at = Timestamp::from_second(second).unwrap();
        let row = self.rows().len();
        let key = RecordKey {
            table,
            partition: exception.to_owned(),
            row: format!("{row:08}-d9cb-469f-a165-70867728950e"),
        };
        self.put(FailureRecord {
            message: "Doe is no sex".to_owned(),
            attribute: (table == FailureTable::OmittedValue)
                .then(|| "(0010,0040) PatientSex".to_owned()),
            ..row_of(key, Some(sequence), at)
        });
    }

    fn put(&self, record: FailureRecord) {
        self.rows().insert(record.key.clone(), record);
    }

    fn own(&self) -> Vec<FailureRecord> {
        let rows = self.rows();
        let own = rows.values().filter(|row| row.key.is_own());
        own.cloned().collect()
    }
}

/// A row that was written once.
fn row_of(key: RecordKey, sequence: Option<u64>, at: Timestamp) -> FailureRecord {
    FailureRecord {
        key,
        etag: ETag(String::new()),
        subject: Subject {
            sequence,
            ..Subject::default()
        },
        class: String::new(),
        code: String::new(),
        message: String::new(),
        cure: String::new(),
        attempts: 1,
        first_failed: at,
        last_failed: at,
        retry: false,
        next_retry: None,
        automatic_retries: 0,
        state: RecordState::Open,
        archive: None,
        attribute: None,
    }
}

#[async_trait]
impl Store for Tables {
    async fn sync_state(&self) -> Result<Option<(SyncState, ETag)>, Failure> {
        unreachable!()
    }

    async fn save_sync_state(&self, _: SyncState, _: Option<&ETag>) -> Result<ETag, Failure> {
        unreachable!()
    }

    async fn keep_home_issuer(&self, _: HomeIssuer) -> Result<Option<HomeIssuer>, Failure> {
        unreachable!()
    }

    async fn record(&self, _: Vec<FailedEntry>) -> Result<(), Failure> {
        unreachable!()
    }

    async fn record_again(&self, _: &FailureRecord, _: FailedEntry) -> Result<(), Failure> {
        unreachable!()
    }

    async fn record_omitted(&self, values: Vec<OmittedValueRow>) -> Result<(), Failure> {
        for value in values {
            self.put(FailureRecord {
                message: format!("{} {}", value.keyword, value.message),
                ..row_of(value.key(), value.subject.sequence, value.at)
            });
        }
        Ok(())
    }

    async fn take_over(&self, entry: FailedEntry, first: Timestamp) -> Result<(), Failure> {
        let row = row_of(entry.key(), entry.subject.sequence, entry.at);
        let known = self.rows().contains_key(&row.key);
        if !known {
            self.put(FailureRecord {
                message: entry.failure.to_string(),
                first_failed: first,
                attempts: entry.attempts,
                ..row
            });
        }
        Ok(())
    }

    async fn show_retrying(&self, _: &FailedEntry) -> Result<(), Failure> {
        unreachable!()
    }

    async fn records(
        &self,
        filter: &RecordFilter,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<FailureRecord>, Failure> {
        let rows = self.rows();
        let wanted = rows
            .values()
            .filter(|row| after.is_none_or(|after| row.key > *after) && filter.matches(row));
        Ok(wanted.take(limit).cloned().collect())
    }

    async fn get(&self, key: &RecordKey) -> Result<Option<FailureRecord>, Failure> {
        Ok(self.rows().get(key).cloned())
    }

    async fn request_retry(&self, _: &RecordKey) -> Result<bool, Failure> {
        unreachable!()
    }

    async fn supersede(&self, _: &RecordKey) -> Result<(), Failure> {
        unreachable!()
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, Failure> {
        let mut rows = self.rows();
        if rows.len() <= self.fewest {
            return Err(Failure::new(Code::StoreUnavailable, "down"));
        }
        Ok(rows.remove(key).is_some())
    }

    async fn save_report(&self, _: &Report) -> Result<(), Failure> {
        unreachable!()
    }

    async fn reports(&self) -> Result<Vec<Report>, Failure> {
        unreachable!()
    }

    async fn check(&self) -> Result<(), Failure> {
        unreachable!()
    }
}

async fn take_over(tables: &Tables, writes: bool, removes: bool) -> (Summary, bool) {
    let stop = CancellationToken::new();
    let mut takeover = TakeOver {
        store: tables,
        writes,
        removes,
        stop: &stop,
        summary: Summary::default(),
        progress: |_| {},
    };
    let ended = takeover.run().await;
    (takeover.summary, ended.is_ok())
}

/// Entry 4 failed for good after two retries, entry 5 was stored after one, entry 6 lacks a value.
fn tables() -> Tables {
    let tables = Tables::default();
    tables.by_dicom_cast(FailureTable::Retrying, "RetryableException", 4, 100);
    tables.by_dicom_cast(FailureTable::Retrying, "ServerTooBusyException", 4, 200);
    tables.by_dicom_cast(FailureTable::Transient, "TimeoutRejectedException", 4, 300);
    tables.by_dicom_cast(FailureTable::Retrying, "RetryableException", 5, 100);
    tables.by_dicom_cast(
        FailureTable::OmittedValue,
        "InvalidDicomTagValueException",
        6,
        400,
    );
    tables
}

#[tokio::test]
async fn the_rows_of_an_entry_become_one_record_and_are_removed() {
    let tables = tables();
    let (summary, complete) = take_over(&tables, true, true).await;
    assert!(complete);
    let expected = Summary {
        rows: 5,
        entries: 1,
        omitted: 1,
        stored: 1,
        strays: 0,
        removed: 5,
    };
    assert_eq!(summary, expected);
    let own = tables.own();
    assert_eq!(tables.rows().len(), own.len());
    let names: Vec<String> = own.iter().map(|record| record.key.full_id()).collect();
    assert_eq!(names, ["tag/6-00100040", "transient-exhausted/4"]);
    let failed = &own[1];
    assert_eq!(failed.attempts, 3);
    assert_eq!(failed.first_failed.as_second(), 100);
    assert_eq!(failed.last_failed.as_second(), 300);
    assert!(own[0].message.starts_with("PatientSex"), "{:?}", own[0]);
}

#[tokio::test]
async fn what_broke_off_is_completed_by_the_next_import_with_the_same_result() {
    let undisturbed = tables();
    take_over(&undisturbed, true, true).await;
    let tables = Tables {
        fewest: 4,
        ..tables()
    };
    let (summary, complete) = take_over(&tables, true, true).await;
    assert!(!complete);
    assert_eq!(summary.removed, 3);
    let tables = Tables {
        fewest: 0,
        ..tables
    };
    let (_, complete) = take_over(&tables, true, true).await;
    assert!(complete);
    assert_eq!(*tables.rows(), *undisturbed.rows());
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_keeping_removes_nothing() {
    let tables = tables();
    let before = tables.rows().clone();
    let (dry, _) = take_over(&tables, false, false).await;
    assert_eq!(*tables.rows(), before);
    assert_eq!((dry.entries, dry.removed), (1, 0));
    let (kept, _) = take_over(&tables, true, false).await;
    assert_eq!((kept.entries, kept.removed), (1, 0));
    assert_eq!(tables.rows().len(), before.len() + 2);
}

#[test]
fn an_entry_is_called_by_the_last_exception_and_no_text_of_dicom_cast_is_taken_over() {
    let tables = Tables::default();
    for (exception, second, code) in [
        ("TransactionFailedException", 1, Code::FhirRejected),
        ("InvalidFhirResponseException", 3, Code::FhirInvalidResponse),
        (
            "FhirResourceValidationException",
            2,
            Code::FhirInvalidResource,
        ),
    ] {
        tables.by_dicom_cast(FailureTable::Fhir, exception, 9, second);
        let mut rows = tables.rows();
        let unnamed = rows.values_mut().filter(|row| row.code.is_empty());
        unnamed.for_each(|row| row.code = code.as_str().to_owned());
    }
    let rows = tables.rows();
    let mut gathering = Gathering::of_at_most(1);
    assert!(rows.values().all(|row| gathering.add(row)));
    let (failed, _) = gathering.entries().next().unwrap().failed().unwrap();
    assert_eq!(failed.failure.code, Code::FhirInvalidResponse);
    let message = failed.failure.message;
    assert!(
        message.contains("InvalidFhirResponseException"),
        "{message}"
    );
    assert!(!message.contains("Doe"), "{message}");
}

#[test]
fn an_exception_that_nobody_knows_is_called_after_its_table() {
    for (table, code) in [
        (FailureTable::Dicom, Code::DicomInvalidValue),
        (FailureTable::Fhir, Code::FhirRejected),
        (FailureTable::Transient, Code::FhirTimeout),
    ] {
        let tables = Tables::default();
        tables.by_dicom_cast(table, "SomeException", 9, 1);
        let mut gathering = Gathering::of_at_most(1);
        assert!(tables.rows().values().all(|row| gathering.add(row)));
        let (failed, _) = gathering.entries().next().unwrap().failed().unwrap();
        assert_eq!(failed.failure.code, code);
    }
}

#[tokio::test]
async fn rows_without_a_sequence_stay_and_are_told_of() {
    let tables = tables();
    let key = RecordKey {
        table: FailureTable::Fhir,
        partition: "TransactionFailedException".to_owned(),
        row: "stray".to_owned(),
    };
    tables.put(row_of(key.clone(), None, Timestamp::UNIX_EPOCH));
    let (summary, complete) = take_over(&tables, true, true).await;
    assert!(complete && tables.rows().contains_key(&key));
    assert_eq!((summary.strays, summary.removed), (1, 5));
}

#[test]
fn only_so_many_entries_are_held_and_those_are_whole() {
    let tables = Tables::default();
    for second in 0..10_i64 {
        let sequence = 10 - second.unsigned_abs() / 2;
        tables.by_dicom_cast(
            FailureTable::Fhir,
            "TransactionFailedException",
            sequence,
            second,
        );
    }
    let mut gathering = Gathering::of_at_most(3);
    tables.rows().values().for_each(|row| {
        gathering.add(row);
    });
    assert!(gathering.overflown);
    assert_eq!(gathering.highest(), Some(8));
    let attempts: Vec<u32> = gathering
        .entries()
        .map(|entry| entry.failed().unwrap().0.attempts)
        .collect();
    assert_eq!(attempts, [2, 2, 2]);
}
