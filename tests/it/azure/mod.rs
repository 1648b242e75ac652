//! Azure Storage: what its tables and blobs hold, and what radcast does when they fail.

mod archiving;
mod canary;
mod commands;
mod daemon;
mod decision;
mod dicom_cast;
mod identity;
mod lease;
mod lost_answers;
mod refusals;
mod replicas;
mod rows;
mod secrets;

use jiff::Timestamp;
use radcast::failure::{Code, Failure, Subject};
use radcast::store::{FailedEntry, FailureRecord, FailureTable, RecordFilter, Store};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn failed(sequence: u64, code: Code, second: i64) -> FailedEntry {
    let subject = Subject {
        sequence: Some(sequence),
        study: Some("1.2".to_owned()),
        series: Some("1.2.3".to_owned()),
        instance: Some(format!("1.2.3.{sequence}")),
        partition: Some("clinic".to_owned()),
        action: Some("create".to_owned()),
        timestamp: Some("2024-06-02T08:15:30.1234567Z".parse().unwrap()),
        digest: Some("0123456789abcdef".to_owned()),
    };
    FailedEntry::new(subject, Failure::new(code, "why"), at(second))
}

async fn all(store: &dyn Store) -> Vec<FailureRecord> {
    let filter = RecordFilter {
        tables: FailureTable::ALL.to_vec(),
        superseded: true,
        ..RecordFilter::default()
    };
    store.records(&filter, None, 10_000).await.unwrap()
}

async fn only(store: &dyn Store) -> FailureRecord {
    let mut all = all(store).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// What is to be retried at once.
async fn to_be_retried(store: &dyn Store) -> Vec<FailureRecord> {
    let filter = RecordFilter {
        tables: FailureTable::ALL.to_vec(),
        retry_by: Some(at(0)),
        ..RecordFilter::default()
    };
    store.records(&filter, None, 100).await.unwrap()
}
