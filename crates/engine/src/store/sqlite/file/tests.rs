use std::fs;
use std::io::{Seek, SeekFrom, Write};

use jiff::Timestamp;
use rusqlite::Connection;

use super::super::SqliteStore;
use super::*;
use crate::failure::{Class, Subject};
use crate::store::{FailedEntry, FailureTable, RecordFilter, Store, SyncState};

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("radcast.db");
    (folder, path)
}

fn failed(sequence: u64) -> FailedEntry {
    let subject = Subject {
        sequence: Some(sequence),
        ..Subject::default()
    };
    let failure = Failure::new(Code::FhirRejected, "why");
    FailedEntry::new(subject, failure, Timestamp::from_second(100).unwrap())
}

fn refused(path: &Path) -> Failure {
    let failure = SqliteStore::open(path).unwrap_err();
    let named = path.display().to_string();
    assert!(failure.message.contains(&named), "{failure}");
    failure
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_removed_or_replaced_takes_nothing_more_until_it_is_back() {
    let (folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let etag = store.save_sync_state(SyncState::at(1, None), None).await;
    let (aside, other) = (folder.path().join("aside"), folder.path().join("other"));
    drop(SqliteStore::open(&other).unwrap());
    fs::rename(&path, &aside).unwrap();
    let at = SyncState::at(2, None);
    let etag = etag.unwrap();
    for problem in ["was removed", "was replaced"] {
        let saved = store.save_sync_state(at.clone(), Some(&etag)).await;
        let failure = saved.unwrap_err();
        assert_eq!(failure.code, Code::StoreFileReplaced, "{failure}");
        assert_eq!(failure.class(), Class::Setup);
        assert!(failure.message.contains(problem), "{failure}");
        assert!(store.sync_state().await.is_err());
        let _ = fs::rename(&other, &path);
    }
    fs::rename(&aside, &path).unwrap();
    store.save_sync_state(at, Some(&etag)).await.unwrap();
}

#[test]
fn a_file_that_is_none_of_ours_is_refused_and_stays_as_it_is() {
    let (_folder, path) = folder();
    let database = |sql: &str| {
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(sql).unwrap();
    };
    let newer = format!(
        "{}; PRAGMA application_id = {}; PRAGMA user_version = 99",
        "CREATE TABLE SyncStateTable (x); CREATE TABLE FailureTable (x)", 0x7264_6374
    );
    let cases: [(&str, &dyn Fn()); 6] = [
        ("is empty", &|| fs::write(&path, "").unwrap()),
        ("is no SQLite database", &|| {
            fs::write(&path, "{\"Store\": {}}").unwrap();
        }),
        ("has no tables", &|| database("VACUUM")),
        ("of another application", &|| database("CREATE TABLE t (x)")),
        ("of another application", &|| {
            database("PRAGMA application_id = 7; CREATE TABLE SyncStateTable (x)");
        }),
        ("by a newer radcast: it has version 99", &|| {
            database(&newer)
        }),
    ];
    for (problem, write) in cases {
        write();
        let before = fs::read(&path).unwrap();
        let failure = refused(&path);
        assert_eq!(failure.code, Code::StoreWrongFile, "{failure}");
        assert!(failure.message.contains(problem), "{failure}");
        assert_eq!(fs::read(&path).unwrap(), before, "{problem}");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_log_without_its_file_is_not_applied_to_a_new_one() {
    let (_folder, path) = folder();
    fs::write(beside(&path, "-wal"), "what was written last").unwrap();
    let failure = refused(&path);
    assert_eq!(failure.code, Code::StoreWrongFile);
    assert!(failure.message.contains("radcast.db-wal"), "{failure}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_file_of_before_its_application_was_written_is_ours() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let at = SyncState::at(7, None);
    store.save_sync_state(at.clone(), None).await.unwrap();
    drop(store);
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("PRAGMA application_id = 0; DROP TABLE HomeIssuerTable")
        .unwrap();
    drop(connection);
    for _ in 0..2 {
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.sync_state().await.unwrap().unwrap().0, at);
        let issuer = crate::store::HomeIssuer {
            name: Some("site".to_owned()),
            universal_id: None,
        };
        store.keep_home_issuer(issuer).await.unwrap();
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_costs_itself_alone_and_can_be_removed() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    store.record((1..=4).map(failed).collect()).await.unwrap();
    let connection = Connection::open(&path).unwrap();
    let spoil = "UPDATE FailureTable SET LastFailed = 'SECRET', NextRetry = 'x', Retry = 1
                     WHERE ChangeFeedSequence = 2;
                 UPDATE FailureTable SET RowKey = x'ff', Attempts = 'many'
                     WHERE ChangeFeedSequence = 4";
    connection.execute_batch(spoil).unwrap();
    let all = RecordFilter::default();
    let records = store.records(&all, None, 10).await.unwrap();
    let codes: Vec<_> = records
        .iter()
        .map(|record| (record.subject.sequence, record.code.as_str()))
        .collect();
    let rejected = Code::FhirRejected.as_str();
    assert_eq!(
        codes,
        [
            (Some(1), rejected),
            (Some(2), Code::StoreDamaged.as_str()),
            (Some(3), rejected)
        ]
    );
    let broken = &records[1];
    assert!(broken.message.contains("LastFailed"), "{broken:?}");
    assert!(!format!("{broken:?}").contains("SECRET"), "{broken:?}");
    assert_eq!(store.get(&broken.key).await.unwrap().as_ref(), Some(broken));
    let due = RecordFilter {
        retry_by: Some(Timestamp::MAX),
        ..RecordFilter::default()
    };
    assert_eq!(store.records(&due, None, 10).await.unwrap(), []);
    let entry = failed(2);
    store.take_over(entry, Timestamp::MIN).await.unwrap();
    assert!(store.remove(&broken.key).await.unwrap());
    assert_eq!(store.records(&all, None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_damaged_file_waits_for_somebody_to_mend_it() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    store.record((1..=400).map(failed).collect()).await.unwrap();
    drop(store);
    let mut file = OpenOptions::new().write(true).open(&path).unwrap();
    // Everything behind the first page, which holds the names of the tables.
    file.seek(SeekFrom::Start(4_096)).unwrap();
    let rest = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap() - 4_096;
    file.write_all(&vec![0xAA; rest]).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    let all = RecordFilter::default();
    for failure in [
        store.records(&all, None, 10).await.unwrap_err(),
        store.record(vec![failed(1)]).await.unwrap_err(),
        store.sync_state().await.unwrap_err(),
    ] {
        assert_eq!(failure.code, Code::StoreDamaged, "{failure}");
        assert!(failure.message.contains("radcast.db"), "{failure}");
    }
    assert_eq!(Code::StoreDamaged.class(), Class::Setup);
}

#[tokio::test]
async fn a_position_that_cannot_be_read_is_damage_and_no_position_of_nothing() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let saved = store.save_sync_state(SyncState::at(7, None), None).await;
    saved.unwrap();
    let connection = Connection::open(&path).unwrap();
    let spoil = "UPDATE SyncStateTable SET SyncedSequence = 'seven'";
    connection.execute_batch(spoil).unwrap();
    let failure = store.sync_state().await.unwrap_err();
    assert_eq!(failure.code, Code::StoreDamaged, "{failure}");
    assert!(failure.message.contains("SyncedSequence"), "{failure}");
}

#[tokio::test]
async fn one_has_the_file_alone_while_others_look_into_it() {
    let (_folder, path) = folder();
    let first = SqliteStore::open_alone(&path).unwrap();
    let second = SqliteStore::open_alone(&path).unwrap_err();
    assert_eq!(second.code, Code::StoreConflict);
    assert!(second.message.contains("radcast.db"), "{second}");
    let looking = SqliteStore::open(&path).unwrap();
    first.record(vec![failed(1)]).await.unwrap();
    let records = looking.records(&RecordFilter::default(), None, 9).await;
    assert_eq!(records.unwrap()[0].key.table, FailureTable::Fhir);
    drop(first);
    SqliteStore::open_alone(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn a_file_with_two_names_is_one_file() {
    let (folder, path) = folder();
    let _first = SqliteStore::open_alone(&path).unwrap();
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let second = SqliteStore::open_alone(&link).unwrap_err();
    assert_eq!(second.code, Code::StoreConflict);
}

#[test]
fn several_that_open_a_file_without_a_log_at_once_all_get_in() {
    for _ in 0..20 {
        let (_folder, path) = folder();
        drop(SqliteStore::open(&path).unwrap());
        let connection = Connection::open(&path).unwrap();
        let plain = "DROP INDEX OfInstance; DROP INDEX OfCode; \
                     PRAGMA journal_mode = DELETE; PRAGMA user_version = 3; \
                     PRAGMA application_id = 0";
        connection.execute_batch(plain).unwrap();
        drop(connection);
        let opens = (0..6).map(|_| {
            let path = path.clone();
            std::thread::spawn(move || SqliteStore::open(&path).map(drop))
        });
        for open in opens.collect::<Vec<_>>() {
            open.join().unwrap().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_that_open_a_new_file_at_once_all_find_it_whole_and_can_write() {
    for _ in 0..20 {
        let (folder, path) = folder();
        let starts = (1..=6).map(|sequence| {
            let path = path.clone();
            tokio::spawn(async move {
                let store = SqliteStore::open(&path)?;
                let entry = failed(sequence);
                store.record(vec![entry.clone()]).await?;
                let record = store.get(&entry.key()).await?.unwrap();
                store.record_again(&record, entry).await
            })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await.unwrap().unwrap();
        }
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}
