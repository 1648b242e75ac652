use jiff::Timestamp;

use super::*;
use crate::failure::Subject;

fn open(folder: &tempfile::TempDir) -> SqliteStore {
    SqliteStore::open(&folder.path().join("radcast.db")).unwrap()
}

fn state(sequence: u64) -> SyncState {
    SyncState::at(sequence, "2024-06-02T08:15:30.1234567Z".parse().ok())
}

fn failed(sequence: u64, code: Code, second: i64) -> FailedEntry {
    let subject = Subject {
        sequence: Some(sequence),
        ..Subject::default()
    };
    let at = Timestamp::from_second(second).unwrap();
    FailedEntry::new(subject, Failure::new(code, "why"), at)
}

#[tokio::test]
async fn a_new_store_has_no_state_and_a_saved_one_survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    assert_eq!(store.sync_state().await.unwrap(), None);
    let etag = store.save_sync_state(state(41), None).await.unwrap();
    drop(store);
    assert_eq!(
        open(&folder).sync_state().await.unwrap(),
        Some((state(41), etag))
    );
}

#[tokio::test]
async fn a_second_writer_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let first = store.save_sync_state(state(1), None).await.unwrap();
    let second = store.save_sync_state(state(2), Some(&first)).await.unwrap();
    for stale in [None, Some(&first)] {
        let refused = store.save_sync_state(state(9), stale).await.unwrap_err();
        assert_eq!(refused.code, Code::StoreConflict);
    }
    assert_eq!(store.sync_state().await.unwrap(), Some((state(2), second)));
}

#[tokio::test]
async fn a_failed_entry_has_one_row_that_counts_its_attempts() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    store
        .record(vec![failed(7, Code::FhirRejected, 100)])
        .await
        .unwrap();
    store
        .record(vec![failed(7, Code::FhirInvalidResponse, 200)])
        .await
        .unwrap();
    let records = store
        .records(&RecordFilter::default(), None, 10)
        .await
        .unwrap();
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!(
        (record.attempts, record.code.as_str()),
        (2, "fhir.invalid-response")
    );
    assert_eq!(record.first_failed.as_second(), 100);
    assert_eq!(record.last_failed.as_second(), 200);
    assert!(!record.cure.is_empty());
}

#[tokio::test]
async fn records_are_walked_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let entries = (1..=5)
        .map(|n| failed(n, Code::DicomMissingAttribute, 0))
        .collect();
    store.record(entries).await.unwrap();
    let mut after: Option<RecordKey> = None;
    let mut seen = Vec::new();
    loop {
        let all = RecordFilter::default();
        let page = store.records(&all, after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        seen.extend(
            page.into_iter()
                .filter_map(|record| record.subject.sequence),
        );
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_check_leaves_nothing_behind_and_may_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    store.check().await.unwrap();
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_with_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("radcast.db");
    std::fs::write(&path, "this is no database, whatever its name says").unwrap();
    let failure = SqliteStore::open(&path).unwrap_err();
    assert_eq!(failure.code, Code::StoreWrongFile);
    assert!(failure.message.contains("Store:Path"), "{failure}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_those_of_the_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    store.save_sync_state(state(1), None).await.unwrap();
    let files = std::fs::read_dir(folder.path()).unwrap();
    let modes: Vec<_> = files
        .map(|file| file.unwrap().metadata().unwrap().permissions().mode() & 0o777)
        .collect();
    assert_eq!(modes, vec![0o600; modes.len()]);
    assert!(modes.len() > 1, "the log of changes is beside the file");
}

#[tokio::test]
async fn a_position_that_somebody_removed_is_not_written_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let first = store.save_sync_state(state(1), None).await.unwrap();
    let other = Connection::open(folder.path().join("radcast.db")).unwrap();
    other.execute("DELETE FROM SyncStateTable", []).unwrap();
    let refused = store.save_sync_state(state(2), Some(&first)).await;
    assert_eq!(refused.unwrap_err().code, Code::StoreConflict);
    assert_eq!(store.sync_state().await.unwrap(), None);
}

#[tokio::test]
async fn a_position_that_could_not_be_committed_is_not_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let fails_at_commit = "PRAGMA foreign_keys = ON;
        CREATE TABLE parent (id INTEGER PRIMARY KEY);
        CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
        CREATE TRIGGER orphan AFTER INSERT ON SyncStateTable
            BEGIN INSERT INTO child VALUES (1); END;";
    let prepared = store.with(move |connection| connection.execute_batch(fails_at_commit));
    prepared.await.unwrap();
    let refused = store.save_sync_state(state(1), None).await;
    assert_eq!(refused.unwrap_err().code, Code::StoreUnavailable);
    assert_eq!(store.sync_state().await.unwrap(), None);
}

#[tokio::test]
async fn an_entry_taken_over_keeps_its_history_and_may_be_taken_over_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let entry = FailedEntry {
        attempts: 3,
        ..failed(7, Code::FhirRejected, 300)
    };
    let first = Timestamp::from_second(100).unwrap();
    for _ in 0..2 {
        store.take_over(entry.clone(), first).await.unwrap();
    }
    let taken = store.get(&entry.key()).await.unwrap().unwrap();
    assert_eq!((taken.attempts, taken.first_failed), (3, first));
    assert_eq!(taken.last_failed, entry.at);
}

#[tokio::test]
async fn what_is_known_already_wins_over_what_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let known = failed(7, Code::DicomMissingAttribute, 500);
    store.record(vec![known.clone()]).await.unwrap();
    let entry = FailedEntry {
        attempts: 3,
        ..failed(7, Code::FhirRejected, 300)
    };
    let first = Timestamp::from_second(100).unwrap();
    store.take_over(entry.clone(), first).await.unwrap();
    assert_eq!(store.get(&entry.key()).await.unwrap(), None);
    let kept = store.get(&known.key()).await.unwrap().unwrap();
    assert_eq!(kept.code, Code::DicomMissingAttribute.as_str());
    assert_eq!((kept.attempts, kept.first_failed), (3, first));
    assert_eq!(kept.last_failed, known.at);
}
