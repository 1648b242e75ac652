//! Azure Storage: what its tables and blobs hold, and what radcast does when they fail.

mod archiving;
mod canary;
mod commands;
mod daemon;
mod decision;
mod dicom_cast;
mod endless;
mod identity;
mod lease;
mod lost_answers;
mod refusals;
mod replicas;
mod rows;
mod secrets;

use radcast_engine::failure::{Code, Failure, Subject};
use radcast_engine::store::{FailedEntry, FailureRecord, FailureTable, RecordFilter, Store};

use crate::support::stored::{all, at, only};

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

/// What is to be retried at once.
async fn to_be_retried(store: &dyn Store) -> Vec<FailureRecord> {
    let filter = RecordFilter {
        tables: FailureTable::ALL.to_vec(),
        retry_by: Some(at(0)),
        ..RecordFilter::default()
    };
    store.records(&filter, None, 100).await.unwrap()
}
