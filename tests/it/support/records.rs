//! Failed entries in the store of a daemon that need not run.

use std::collections::BTreeSet;

use jiff::Timestamp;
use radcast_engine::failure::{Code, Failure, Subject};
use radcast_engine::store::{FailedEntry, FailureRecord, RecordFilter, Store};
use serde_json::Value;

use super::daemon::{Daemon, Ended, ended};

/// One failed entry of each table.
pub const MIXED: [(u64, Code); 4] = [
    (1, Code::FhirMultipleMatches),
    (2, Code::DicomMissingAttribute),
    (3, Code::FhirTimeout),
    (4, Code::FhirRejected),
];

/// A daemon that does not run, between services that are not there.
pub fn idle() -> Daemon {
    Daemon::between("http://127.0.0.1:1", "http://127.0.0.1:1")
}

/// An entry that failed once, an hour into 1970 for each sequence.
pub fn failed(sequence: u64, code: Code) -> FailedEntry {
    let subject = Subject {
        sequence: Some(sequence),
        study: Some(format!("1.2.{}", sequence % 10)),
        series: Some("1.2.3".to_owned()),
        instance: Some(format!("1.2.3.{sequence}")),
        action: Some("create".to_owned()),
        ..Subject::default()
    };
    let message = format!("what went wrong with {sequence}");
    let at = Timestamp::from_second(sequence.cast_signed() * 3_600).unwrap();
    FailedEntry::new(subject, Failure::new(code, message), at)
}

/// A daemon that does not run, with failed entries of these sequences and codes.
pub async fn idle_with(entries: &[(u64, Code)]) -> Daemon {
    let daemon = idle();
    let entries = entries
        .iter()
        .map(|(sequence, code)| failed(*sequence, *code));
    daemon.store().record(entries.collect()).await.unwrap();
    daemon
}

/// Every failed entry in the store.
pub async fn records(daemon: &Daemon) -> Vec<FailureRecord> {
    let all = RecordFilter {
        superseded: true,
        ..RecordFilter::default()
    };
    daemon.store().records(&all, None, 10_000).await.unwrap()
}

/// The sequences whose retry was asked for.
pub async fn asked_for(daemon: &Daemon) -> Vec<u64> {
    let asked = records(daemon)
        .await
        .into_iter()
        .filter(|record| record.retry);
    let mut sequences: Vec<u64> = asked.filter_map(|record| record.subject.sequence).collect();
    sequences.sort_unstable();
    sequences
}

/// Runs a command with the settings of the daemon to its end.
pub fn run(daemon: &Daemon, arguments: &[&str]) -> Ended {
    ended(&mut daemon.command(arguments))
}

/// What a command prints as JSON when it succeeds.
pub fn json(daemon: &Daemon, arguments: &[&str]) -> Value {
    let ended = run(daemon, arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

/// The sequences of a list.
pub fn sequences(list: &Value) -> BTreeSet<u64> {
    let items = list.as_array().unwrap().iter();
    items
        .map(|item| item["sequence"].as_u64().unwrap())
        .collect()
}
