//! The daemon archives what belongs to failed entries, if it is told to.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use radcast_engine::store::FailureRecord;
use radcast_sandbox::Fault;
use serde_json::{Value, json};

use super::all;
use super::daemon::{tables_of, until_settled, without_modality};
use crate::support::azurite::{Azurite, unique};
use crate::support::daemon::Daemon;
use crate::support::instances::study;
use crate::support::services::Services;

const OUTCOME: &str = r#"{ "resourceType":"OperationOutcome", "issue":[{"severity":"error",
    "code":"value", "diagnostics":"Doe, Jane2 is odd"}] }"#;

/// What a daemon left behind: its records by sequence, and its blobs.
struct Left {
    records: BTreeMap<u64, FailureRecord>,
    blobs: Option<BTreeMap<String, String>>,
    container: String,
}

/// Lets an entry fail because of itself, one because of the server, and one that cannot be read.
async fn failures_with_archive(archive: bool) -> Left {
    let services = Services::start().await;
    let azurite = Azurite::shared().await;
    let prefix = unique();
    let connection = azurite.connection_string(azurite.table_port, azurite.blob_port);
    let daemon = Daemon::of(&services)
        .with("TableStore__ConnectionString", &connection)
        .with("TableStore__TableNamePrefix", &prefix)
        .with("BlobStore__Container", &prefix)
        .with("Lease__Enabled", "false")
        .with("Archive__Enabled", &archive.to_string());
    services.store_json(&without_modality(study(1, 1, 1, 1)[0]));
    let refusal = Fault::Reject {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        body: OUTCOME.to_owned(),
        retry_after: None,
    };
    services.fhir.faults().order("fhir.transaction", refusal);
    services.store(&study(2, 2, 1, 1));
    let broken = r#"{"sequence":{sequence},"action":"Create","metadata":"Doe^Jane"}"#;
    services.dicom.insert_raw_entry(broken).unwrap();
    let store = tables_of(&azurite, &prefix);
    let running = daemon.start();
    until_settled(&store, 3).await;
    assert_eq!(running.terminate().await, Some(0), "{}", daemon.log());
    let records = all(&store).await.into_iter();
    Left {
        records: records
            .map(|record| (record.subject.sequence.unwrap(), record))
            .collect(),
        blobs: azurite.blobs_in(&prefix).await,
        container: prefix,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_entry_and_the_servers_answer_are_archived_and_the_row_says_where() {
    let left = failures_with_archive(true).await;
    let blobs = left.blobs.unwrap();
    let names: Vec<_> = blobs.keys().map(String::as_str).collect();
    // The prefix of the tables comes first.
    let folder = |number: u64| format!("{}/{number:020}", left.container);
    let (first, second, third) = (folder(1), folder(2), folder(3));
    let expected = [
        format!("{first}/entry.json"),
        format!("{second}/answer.json"),
        format!("{second}/entry.json"),
        format!("{third}/entry.json"),
    ];
    assert_eq!(names, expected);
    assert_eq!(blobs[&expected[1]], OUTCOME);
    for (number, name) in [(1, &expected[0]), (2, &expected[2]), (3, &expected[3])] {
        let entry: Value = serde_json::from_str(&blobs[name]).unwrap();
        assert_eq!(entry["sequence"], number);
        let place = left.records[&number].archive.as_deref().unwrap();
        let expected = format!("/{}/{name}", left.container);
        assert!(place.ends_with(&expected), "{place}");
    }
    let entry: Value = serde_json::from_str(&blobs[&expected[2]]).unwrap();
    let name = &entry["metadata"]["00100010"]["Value"][0]["Alphabetic"];
    assert_eq!(name, &json!("Doe^Jane2"));
    assert!(blobs[&expected[3]].contains("Doe^Jane"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_archive_there_is_no_container_and_no_place_in_the_row() {
    let left = failures_with_archive(false).await;
    assert_eq!(left.blobs, None);
    assert_eq!(left.records.len(), 3);
    let places = left.records.values().map(|record| &record.archive);
    assert_eq!(places.collect::<Vec<_>>(), [&None; 3]);
}
