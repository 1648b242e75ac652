//! The tables as dicom-cast leaves them behind.

use radcast::settings::TableStore;
use radcast_azure::AzureStore;
use radcast_engine::failure::Code;
use radcast_engine::store::{FailureTable, RecordFilter, RecordState, Store, SyncState};
use serde_json::{Value, json};

use super::{all, at, failed, only, to_be_retried};
use crate::support::azurite::Azurite;

const ROW: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

fn row(partition: &str, sequence: u64) -> Value {
    json!({
        "PartitionKey": partition,
        "RowKey": ROW,
        "StudyUid": "1.2",
        "SeriesUid": "1.2.3",
        "InstanceUid": "1.2.3.4",
        "ChangeFeedSequence@odata.type": "Edm.Int64",
        "ChangeFeedSequence": sequence.to_string(),
        "Exception": "System.Exception: canary^Jane\n   at Microsoft.Health.DicomCast",
    })
}

async fn insert(azurite: &Azurite, tables: &TableStore, table: FailureTable, row: &Value) {
    let name = format!("{}{}", tables.table_name_prefix, table.name());
    azurite.insert(&name, row).await;
}

/// A table and an exception, and the class and code of the records.
const EXCEPTIONS: [(FailureTable, &str, &str, Code); 7] = [
    (
        FailureTable::Fhir,
        "TransactionFailedException",
        "fhir",
        Code::FhirRejected,
    ),
    (
        FailureTable::Fhir,
        "MultipleMatchingResourcesException",
        "fhir",
        Code::FhirMultipleMatches,
    ),
    (
        FailureTable::Fhir,
        "SomeNewException",
        "fhir",
        Code::FhirRejected,
    ),
    (
        FailureTable::Dicom,
        "MissingRequiredDicomTagException",
        "dicom",
        Code::DicomMissingAttribute,
    ),
    (
        FailureTable::OmittedValue,
        "InvalidDicomTagValueException",
        "dicom",
        Code::DicomInvalidValue,
    ),
    (
        FailureTable::Transient,
        "TimeoutRejectedException",
        "transient",
        Code::FhirTimeout,
    ),
    (
        FailureTable::Retrying,
        "ResourceConflictException",
        "transient",
        Code::FhirConflict,
    ),
];

#[tokio::test]
async fn rows_of_dicom_cast_are_records_with_a_code_and_without_their_text() {
    let azurite = Azurite::shared().await;
    for (table, exception, class, code) in EXCEPTIONS {
        let tables = azurite.tables();
        let store = AzureStore::open(&tables).unwrap();
        let mut row = row(exception, 7);
        if table == FailureTable::Retrying {
            row["RetryNumber"] = json!(3);
        }
        insert(&azurite, &tables, table, &row).await;
        let record = only(&store).await;
        let key = (
            record.key.table,
            record.key.partition.as_str(),
            record.key.row.as_str(),
        );
        assert_eq!(key, (table, exception, ROW));
        assert_eq!(
            (record.class.as_str(), record.code.as_str()),
            (class, code.as_str())
        );
        assert_eq!(record.cure, code.cure());
        assert_eq!(
            record.attempts,
            if table == FailureTable::Retrying {
                3
            } else {
                1
            }
        );
        assert_eq!(record.subject.sequence, Some(7));
        assert_eq!(record.subject.instance.as_deref(), Some("1.2.3.4"));
        assert_eq!((record.retry, record.state), (false, RecordState::Open));
        assert!(record.last_failed > at(0), "the time of the row");
        assert!(record.message.contains(exception), "{}", record.message);
        assert!(!format!("{record:?}").contains("canary"), "{record:?}");
        assert_eq!(store.get(&record.key).await.unwrap(), Some(record));
    }
}

#[tokio::test]
async fn rows_of_dicom_cast_are_found_among_our_own_page_by_page() {
    let azurite = Azurite::shared().await;
    let tables = azurite.tables();
    let store = AzureStore::open(&tables).unwrap();
    for (exception, sequence) in [("AException", 1), ("TransactionFailedException", 3)] {
        insert(
            &azurite,
            &tables,
            FailureTable::Fhir,
            &row(exception, sequence),
        )
        .await;
    }
    store
        .record(vec![failed(2, Code::FhirRejected, 1)])
        .await
        .unwrap();
    let mut after = None;
    let mut found = Vec::new();
    loop {
        let filter = RecordFilter {
            from_sequence: Some(1),
            ..RecordFilter::default()
        };
        let page = store.records(&filter, after.as_ref(), 1).await.unwrap();
        let Some(record) = page.into_iter().next() else {
            break;
        };
        found.push(record.subject.sequence.unwrap());
        after = Some(record.key);
    }
    assert_eq!(found, [1, 2, 3], "in the order of their keys");
}

#[tokio::test]
async fn a_row_of_dicom_cast_can_be_signalled_by_hand_and_by_us() {
    let azurite = Azurite::shared().await;
    let tables = azurite.tables();
    let store = AzureStore::open(&tables).unwrap();
    let exception = "TransactionFailedException";
    insert(&azurite, &tables, FailureTable::Fhir, &row(exception, 7)).await;
    assert_eq!(to_be_retried(&store).await, []);
    let before = only(&store).await;
    assert!(store.request_retry(&before.key).await.unwrap());
    let asked = to_be_retried(&store).await;
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].last_failed, before.last_failed,
        "not when it was asked"
    );
    let name = format!("{}{}", tables.table_name_prefix, FailureTable::Fhir.name());
    let stored = azurite.rows(&name).await.remove(0);
    assert!(
        stored["Exception"].as_str().unwrap().contains("canary"),
        "it stays as it was"
    );
    assert_eq!(stored["ChangeFeedSequence"], "7");
    store.supersede(&before.key).await.unwrap();
    assert_eq!(to_be_retried(&store).await, []);
    assert_eq!(only(&store).await.state, RecordState::Superseded);
    azurite
        .merge(&name, exception, ROW, &json!({ "Retry": "1", "State": "" }))
        .await;
    assert_eq!(to_be_retried(&store).await.len(), 1);
    assert!(store.remove(&before.key).await.unwrap());
    assert_eq!(all(&store).await, []);
}

#[tokio::test]
async fn a_row_with_a_quote_in_its_keys_is_the_one_that_is_meant() {
    let azurite = Azurite::shared().await;
    let tables = azurite.tables();
    let store = AzureStore::open(&tables).unwrap();
    let mut quoted = row("it's", 7);
    quoted["RowKey"] = json!("somebody's");
    insert(&azurite, &tables, FailureTable::Fhir, &quoted).await;
    insert(&azurite, &tables, FailureTable::Fhir, &row("its", 8)).await;
    let record = all(&store).await.remove(0);
    assert_eq!(record.key.row, "somebody's");
    assert_eq!(store.get(&record.key).await.unwrap(), Some(record.clone()));
    assert!(store.request_retry(&record.key).await.unwrap());
    let all = RecordFilter::default();
    let after = store.records(&all, Some(&record.key), 9);
    assert_eq!(after.await.unwrap().len(), 1);
    assert!(store.remove(&record.key).await.unwrap());
    assert_eq!(only(&store).await.subject.sequence, Some(8));
}

#[tokio::test]
async fn a_row_of_dicom_cast_that_fails_again_becomes_one_of_ours() {
    let azurite = Azurite::shared().await;
    for (table, code) in [
        (FailureTable::Fhir, Code::FhirRejected),
        (FailureTable::Fhir, Code::DicomInvalidValue),
        (FailureTable::Transient, Code::FhirRejected),
    ] {
        let tables = azurite.tables();
        let store = AzureStore::open(&tables).unwrap();
        insert(&azurite, &tables, table, &row("RetryableException", 7)).await;
        let key = only(&store).await.key;
        store.request_retry(&key).await.unwrap();
        let retried = to_be_retried(&store).await.remove(0);
        store
            .record_again(&retried, failed(7, code, 9))
            .await
            .unwrap();
        let record = only(&store).await;
        assert_eq!(record.key, failed(7, code, 9).key());
        assert_eq!((record.attempts, record.retry), (2, false));
        assert_eq!(record.code, code.as_str());
    }
}

#[tokio::test]
async fn the_position_of_dicom_cast_is_gone_on_from() {
    let azurite = Azurite::shared().await;
    let tables = azurite.tables();
    let store = AzureStore::open(&tables).unwrap();
    let name = format!("{}SyncStateTable", tables.table_name_prefix);
    let row = json!({
        "PartitionKey": "SyncStatePartitionKey",
        "RowKey": "SyncStateRowKey",
        "SyncedSequence@odata.type": "Edm.Int64",
        "SyncedSequence": "4100",
    });
    azurite.insert(&name, &row).await;
    let (state, etag) = store.sync_state().await.unwrap().unwrap();
    assert_eq!((state.sequence, state.timestamp), (4_100, None));
    let next = SyncState::at(4_101, None);
    store.save_sync_state(next, Some(&etag)).await.unwrap();
    assert_eq!(azurite.rows(&name).await[0]["SyncedSequence"], "4101");
}
