//! The rows as other programs see them: Azure Storage Explorer, queries, dashboards.

use std::sync::Arc;

use radcast::settings::TableStore;
use radcast_azure::AzureStore;
use radcast_engine::failure::Code;
use radcast_engine::store::{FailedEntry, OmittedValueRow, Store, SyncState};
use serde_json::{Value, json};

use super::{at, failed, only, to_be_retried};
use crate::support::azurite::Azurite;
use crate::support::wire::Wire;

async fn opened() -> (Arc<Azurite>, TableStore, AzureStore) {
    let azurite = Azurite::shared().await;
    let tables = azurite.tables();
    let store = AzureStore::open(&tables).unwrap();
    (azurite, tables, store)
}

/// The only row of a table, with everything that the service itself says of it taken out.
async fn only_row(azurite: &Azurite, tables: &TableStore, table: &str) -> Value {
    let name = format!("{}{table}", tables.table_name_prefix);
    let mut rows = azurite.rows(&name).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    let mut row = rows.remove(0);
    let columns = row.as_object_mut().unwrap();
    columns.retain(|name, _| !name.starts_with("odata.") && !name.starts_with("Timestamp"));
    row
}

#[tokio::test]
async fn r20_r21_r38_a_failed_entry_is_a_row_that_any_table_client_can_read() {
    let (azurite, tables, store) = opened().await;
    let entry = FailedEntry {
        attempts: 3,
        next_retry: Some(at(9)),
        automatic_retries: 1,
        archive: Some("https://archive/7".to_owned()),
        ..failed(7, Code::FhirRejected, 1)
    };
    store.record(vec![entry]).await.unwrap();
    let row = only_row(&azurite, &tables, "FhirFailToStoreExceptionTable").await;
    let expected = json!({
        "PartitionKey": "ChangeFeed",
        "RowKey": "00000000000000000007",
        "StudyUid": "1.2",
        "SeriesUid": "1.2.3",
        "InstanceUid": "1.2.3.7",
        "ChangeFeedSequence@odata.type": "Edm.Int64",
        "ChangeFeedSequence": "7",
        "Exception": "why",
        "Class": "fhir",
        "Code": "fhir.rejected",
        "Cure": Code::FhirRejected.cure(),
        "Attempts": 3,
        "FirstFailed@odata.type": "Edm.DateTime",
        "FirstFailed": "2023-11-14T22:13:21.0000000Z",
        "LastFailed@odata.type": "Edm.DateTime",
        "LastFailed": "2023-11-14T22:13:21.0000000Z",
        "Retry": false,
        "NextRetry@odata.type": "Edm.DateTime",
        "NextRetry": "2023-11-14T22:13:29.0000000Z",
        "AutomaticRetries": 1,
        "State": "open",
        "EntryTimestamp@odata.type": "Edm.DateTime",
        "EntryTimestamp": "2024-06-02T08:15:30.1234567Z",
        "Action": "create",
        "PartitionName": "clinic",
        "Digest": "0123456789abcdef",
        "Archive": "https://archive/7",
    });
    assert_eq!(sorted(&row), sorted(&expected));
    assert_documented(&row);
}

/// The columns in one order, whatever the service's is.
fn sorted(row: &Value) -> Vec<(&String, &Value)> {
    let mut columns: Vec<_> = row.as_object().unwrap().iter().collect();
    columns.sort_by_key(|(name, _)| *name);
    columns
}

fn assert_documented(row: &Value) {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tables.md");
    let page = std::fs::read_to_string(page).unwrap();
    for name in row.as_object().unwrap().keys() {
        let column = format!("`{}`", name.split('@').next().unwrap());
        assert!(
            page.contains(&column),
            "docs/tables.md does not tell of {column}"
        );
    }
}

#[tokio::test]
async fn r67_values_that_were_left_out_and_entries_being_retried_are_rows_as_well() {
    let (azurite, tables, store) = opened().await;
    let omitted = OmittedValueRow {
        subject: failed(7, Code::DicomInvalidValue, 1).subject,
        tag: "(0010,0040)".to_owned(),
        keyword: "PatientSex".to_owned(),
        message: "is none of M, F, O".to_owned(),
        at: at(1),
    };
    store.record_omitted(vec![omitted]).await.unwrap();
    let row = only_row(&azurite, &tables, "InvalidDicomTagExceptionTable").await;
    assert_eq!(row["RowKey"], "00000000000000000007-00100040");
    assert_eq!(row["Attribute"], "(0010,0040) PatientSex");
    assert_eq!(row["Exception"], "is none of M, F, O");
    assert_documented(&row);
    let retrying = FailedEntry {
        attempts: 4,
        ..failed(7, Code::FhirTooBusy, 1)
    };
    store.show_retrying(&retrying).await.unwrap();
    let row = only_row(&azurite, &tables, "TransientRetryExceptionTable").await;
    assert_eq!(row["RetryNumber"], 4);
    assert_documented(&row);
}

#[tokio::test]
async fn r39_the_position_is_where_dicom_cast_kept_it() {
    let (azurite, tables, store) = opened().await;
    let state = SyncState::at(41, "2024-06-02T08:15:30.1234567Z".parse().ok());
    store.save_sync_state(state, None).await.unwrap();
    let row = only_row(&azurite, &tables, "SyncStateTable").await;
    assert_eq!(row["PartitionKey"], "SyncStatePartitionKey");
    assert_eq!(row["RowKey"], "SyncStateRowKey");
    assert_eq!(row["SyncedSequence@odata.type"], "Edm.Int64");
    assert_eq!(row["SyncedSequence"], "41");
    assert_eq!(row["SyncedTimestamp"], "2024-06-02T08:15:30.1234567Z");
    assert_documented(&row);
}

#[tokio::test]
async fn r45_a_retry_that_somebody_asks_for_by_hand_counts_in_whatever_type() {
    let (azurite, tables, store) = opened().await;
    let table = format!("{}FhirFailToStoreExceptionTable", tables.table_name_prefix);
    store
        .record(vec![failed(7, Code::FhirRejected, 1)])
        .await
        .unwrap();
    for (columns, counts) in [
        (json!({ "Retry": true }), true),
        (json!({ "Retry": "true" }), true),
        (json!({ "Retry": "True" }), true),
        (json!({ "Retry": "tRUE" }), true),
        (json!({ "Retry": "1" }), true),
        (json!({ "Retry": "Yes" }), true),
        (json!({ "Retry": 1 }), true),
        (
            json!({ "Retry@odata.type": "Edm.Int64", "Retry": "1" }),
            true,
        ),
        (
            json!({ "Retry@odata.type": "Edm.Double", "Retry": 1.0 }),
            true,
        ),
        (json!({ "Retry": false }), false),
        (json!({ "Retry": "no" }), false),
        (json!({ "Retry": "" }), false),
        (json!({ "Retry": 0 }), false),
    ] {
        azurite
            .merge(&table, "ChangeFeed", "00000000000000000007", &columns)
            .await;
        let found = to_be_retried(&store).await.len();
        assert_eq!(found, usize::from(counts), "{columns}");
        assert_eq!(only(&store).await.retry, counts, "{columns}");
    }
    let asked = json!({ "Retry": "yes" });
    azurite
        .merge(&table, "ChangeFeed", "00000000000000000007", &asked)
        .await;
    store
        .record(vec![failed(7, Code::FhirRejected, 2)])
        .await
        .unwrap();
    let row = only_row(&azurite, &tables, "FhirFailToStoreExceptionTable").await;
    assert_eq!(row["Retry"], true, "kept, in its own type");
}

#[tokio::test]
async fn columns_that_people_add_stay() {
    let (azurite, tables, store) = opened().await;
    let table = format!("{}FhirFailToStoreExceptionTable", tables.table_name_prefix);
    store
        .record(vec![failed(7, Code::FhirRejected, 1)])
        .await
        .unwrap();
    let added = json!({
        "Ticket": "T-1",
        "Seen@odata.type": "Edm.Guid", "Seen": "9c1a2b3c-0000-4000-8000-000000000001",
    });
    azurite
        .merge(&table, "ChangeFeed", "00000000000000000007", &added)
        .await;
    let key = only(&store).await.key;
    store.request_retry(&key).await.unwrap();
    store.supersede(&key).await.unwrap();
    store
        .record(vec![failed(7, Code::FhirRejected, 2)])
        .await
        .unwrap();
    let row = only_row(&azurite, &tables, "FhirFailToStoreExceptionTable").await;
    assert_eq!(
        (&row["Ticket"], &row["Attempts"]),
        (&json!("T-1"), &json!(2))
    );
    assert_eq!(row["Seen@odata.type"], "Edm.Guid");
}

#[tokio::test]
async fn a_row_that_others_change_at_the_same_time_loses_nothing() {
    let (azurite, tables, store) = opened().await;
    let other = AzureStore::open(&tables).unwrap();
    let table = format!("{}FhirFailToStoreExceptionTable", tables.table_name_prefix);
    store
        .record(vec![failed(7, Code::FhirRejected, 0)])
        .await
        .unwrap();
    let by_hand = async {
        for note in 1..=3 {
            let columns = json!({ "Note": note });
            azurite
                .merge(&table, "ChangeFeed", "00000000000000000007", &columns)
                .await;
        }
    };
    let by_radcast = async |store: &AzureStore, first| {
        for second in first..first + 4 {
            let further = failed(7, Code::FhirRejected, second);
            store.record(vec![further]).await.unwrap();
        }
    };
    tokio::join!(by_hand, by_radcast(&store, 100), by_radcast(&other, 200));
    let row = only_row(&azurite, &tables, "FhirFailToStoreExceptionTable").await;
    assert_eq!((&row["Note"], &row["Attempts"]), (&json!(3), &json!(9)));
}

#[tokio::test]
async fn requests_share_their_connections() {
    let azurite = Azurite::shared().await;
    let wire = Wire::to(azurite.table_port).await;
    let store = AzureStore::open(&azurite.tables_through(wire.port())).unwrap();
    for sequence in 1..=17 {
        store
            .record(vec![failed(sequence, Code::FhirRejected, 1)])
            .await
            .unwrap();
    }
    assert_eq!(store.sync_state().await.unwrap(), None);
    // Three tables are read at once, and answers of 404 keep the connection as well.
    assert!(
        wire.connections() <= 4,
        "{} connections",
        wire.connections()
    );
}

#[tokio::test]
async fn more_rows_than_the_service_gives_at_once_are_all_found_and_written_over() {
    let (_azurite, _tables, store) = opened().await;
    for second in [1, 2] {
        let many = (1..=1_100).map(|sequence| failed(sequence, Code::FhirRejected, second));
        store.record(many.collect()).await.unwrap();
    }
    let found = super::all(&store).await;
    assert_eq!(found.len(), 1_100);
    assert!(found.iter().all(|record| record.attempts == 2));
}

#[tokio::test]
async fn a_signature_is_enough() {
    let azurite = Azurite::shared().await;
    let mut tables = azurite.tables();
    let signature = azurite.signature();
    tables.account.credentials =
        radcast::settings::Credentials::Signature(radcast::settings::Secret::new(signature));
    let store = AzureStore::open(&tables).unwrap();
    store.check().await.unwrap();
    let many = (1..=3).map(|sequence| failed(sequence, Code::FhirRejected, 1));
    store.record(many.collect()).await.unwrap();
    store
        .record(vec![failed(1, Code::DicomInvalidValue, 2)])
        .await
        .unwrap();
    assert_eq!(super::all(&store).await.len(), 3);
}
