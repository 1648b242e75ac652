//! Every answer of the service is lost once, of every request of every call: called again, the call
//! has the effect of one.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use radcast_azure::AzureStore;
use radcast_engine::failure::{Code, Failure};
use radcast_engine::store::{
    ETag, FailureRecord, FailureTable, OmittedValueRow, RecordKey, RecordState, Store, SyncState,
};

use super::{all, at, failed, only};
use crate::support::azurite::Azurite;
use crate::support::wire::Wire;

type Call = fn(Arc<AzureStore>) -> BoxFuture<'static, Result<(), Failure>>;

/// Carries a call out with its first answer lost, with its second, and so on until there are no
/// more; `prepare` comes before each, and `check` looks at what it came to.
async fn lose_each_answer(
    prepare: impl AsyncFn(&AzureStore),
    call: Call,
    check: impl AsyncFn(&AzureStore),
) {
    let azurite = Azurite::shared().await;
    let mut lost = 0;
    loop {
        let wire = Wire::to(azurite.table_port).await;
        let store = Arc::new(AzureStore::open(&azurite.tables_through(wire.port())).unwrap());
        prepare(&store).await;
        wire.lose_answer(lost);
        let first = call(Arc::clone(&store)).await;
        let was_lost = wire.has_lost();
        wire.lose_answer(usize::MAX);
        if was_lost {
            assert_eq!(
                first.unwrap_err().code,
                Code::StoreUnavailable,
                "answer {lost}"
            );
            call(Arc::clone(&store)).await.unwrap();
        } else {
            first.unwrap();
        }
        check(&store).await;
        if !was_lost {
            break;
        }
        lost += 1;
    }
    assert!(lost > 0, "there was an answer to lose");
}

async fn nothing(_: &AzureStore) {}

#[tokio::test]
async fn a_new_failure_is_counted_once() {
    lose_each_answer(
        nothing,
        |store| Box::pin(async move { store.record(vec![failed(7, Code::FhirRejected, 1)]).await }),
        async |store| assert_eq!(only(store).await.attempts, 1),
    )
    .await;
}

#[tokio::test]
async fn a_further_failure_is_counted_once() {
    lose_each_answer(
        async |store| {
            store
                .record(vec![failed(7, Code::FhirRejected, 1)])
                .await
                .unwrap()
        },
        |store| Box::pin(async move { store.record(vec![failed(7, Code::FhirRejected, 2)]).await }),
        async |store| assert_eq!(only(store).await.attempts, 2),
    )
    .await;
}

#[tokio::test]
async fn a_failure_for_another_cause_is_counted_once_and_has_one_row() {
    lose_each_answer(
        async |store| {
            let first = failed(7, Code::FhirServerError, 1);
            store.record(vec![first]).await.unwrap();
        },
        |store| Box::pin(async move { store.record(vec![failed(7, Code::FhirRejected, 2)]).await }),
        async |store| {
            let record = only(store).await;
            assert_eq!((record.attempts, record.first_failed), (2, at(1)));
            assert_eq!(record.key.table, FailureTable::Fhir);
        },
    )
    .await;
}

#[tokio::test]
async fn many_failures_are_counted_once() {
    lose_each_answer(
        async |store| {
            let some = (1..=9)
                .step_by(3)
                .map(|n| failed(n, Code::FhirServerError, 1));
            store.record(some.collect()).await.unwrap();
        },
        |store| {
            let many = (1..=9).map(|n| match n % 2 {
                0 => failed(n, Code::FhirRejected, 2),
                _ => failed(n, Code::DicomInvalidValue, 2),
            });
            Box::pin(async move { store.record(many.collect()).await })
        },
        async |store| {
            let records = all(store).await;
            assert_eq!(records.len(), 9);
            for record in records {
                let sequence = record.subject.sequence.unwrap();
                let twice = [1, 4, 7].contains(&sequence);
                assert_eq!(record.attempts, if twice { 2 } else { 1 }, "{sequence}");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_retry_that_fails_again_is_counted_once_and_keeps_a_new_request() {
    lose_each_answer(
        async |store| {
            let first = failed(7, Code::FhirServerError, 1);
            store.record(vec![first]).await.unwrap();
        },
        |store| {
            Box::pin(async move {
                let key = failed(7, Code::FhirServerError, 1).key();
                let Some(retried) = store.get(&key).await? else {
                    // The request and the failure were written, and only the answer was lost.
                    return Ok(());
                };
                // As it was read before somebody asked once more.
                let retried = FailureRecord {
                    etag: ETag("read before".to_owned()),
                    ..retried
                };
                store.request_retry(&key).await?;
                let again = failed(7, Code::FhirRejected, 2);
                store.record_again(&retried, again).await
            })
        },
        async |store| {
            let record = only(store).await;
            assert_eq!((record.attempts, record.retry), (2, true));
        },
    )
    .await;
}

#[tokio::test]
async fn a_value_that_was_left_out_has_one_row() {
    lose_each_answer(
        nothing,
        |store| {
            let row = |tag: &str| OmittedValueRow {
                subject: failed(7, Code::DicomInvalidValue, 1).subject,
                tag: tag.to_owned(),
                keyword: String::new(),
                message: "is none".to_owned(),
                at: at(1),
            };
            let rows = vec![row("(0010,0040)"), row("(0008,0201)")];
            Box::pin(async move { store.record_omitted(rows).await })
        },
        async |store| assert_eq!(all(store).await.len(), 2),
    )
    .await;
}

fn key() -> RecordKey {
    failed(7, Code::FhirRejected, 1).key()
}

#[tokio::test]
async fn a_request_a_mark_and_a_removal_are_done() {
    async fn recorded(store: &AzureStore) {
        store
            .record(vec![failed(7, Code::FhirRejected, 1)])
            .await
            .unwrap();
    }
    lose_each_answer(
        recorded,
        |store| Box::pin(async move { store.request_retry(&key()).await.map(drop) }),
        async |store| assert!(only(store).await.retry),
    )
    .await;
    lose_each_answer(
        recorded,
        |store| Box::pin(async move { store.supersede(&key()).await }),
        async |store| assert_eq!(only(store).await.state, RecordState::Superseded),
    )
    .await;
    lose_each_answer(
        recorded,
        |store| Box::pin(async move { store.remove(&key()).await.map(drop) }),
        async |store| assert_eq!(all(store).await, []),
    )
    .await;
}

fn state(sequence: u64) -> SyncState {
    SyncState::at(sequence, None)
}

#[tokio::test]
async fn a_position_whose_answer_was_lost_is_no_second_writer() {
    lose_each_answer(
        nothing,
        |store| Box::pin(async move { store.save_sync_state(state(7), None).await.map(drop) }),
        async |store| {
            let (read, etag) = store.sync_state().await.unwrap().unwrap();
            assert_eq!(read, state(7));
            store.save_sync_state(state(8), Some(&etag)).await.unwrap();
        },
    )
    .await;
}

#[tokio::test]
async fn a_position_that_went_on_meanwhile_is_written_over_one_whose_answer_was_lost() {
    let azurite = Azurite::shared().await;
    let wire = Wire::to(azurite.table_port).await;
    let store = AzureStore::open(&azurite.tables_through(wire.port())).unwrap();
    let first = store.save_sync_state(state(1), None).await.unwrap();
    for sequence in [2, 3] {
        wire.lose_answer(0);
        store
            .save_sync_state(state(sequence), Some(&first))
            .await
            .unwrap_err();
    }
    let last = store.save_sync_state(state(4), Some(&first)).await.unwrap();
    assert_eq!(store.sync_state().await.unwrap(), Some((state(4), last)));
}

#[tokio::test]
async fn r56_a_second_writer_is_found_also_after_a_lost_answer() {
    let azurite = Azurite::shared().await;
    let wire = Wire::to(azurite.table_port).await;
    let tables = azurite.tables_through(wire.port());
    let (store, other) = (
        AzureStore::open(&tables).unwrap(),
        AzureStore::open(&tables).unwrap(),
    );
    let first = store.save_sync_state(state(1), None).await.unwrap();
    wire.lose_answer(0);
    store
        .save_sync_state(state(2), Some(&first))
        .await
        .unwrap_err();
    let (read, etag) = other.sync_state().await.unwrap().unwrap();
    assert_eq!(read, state(2));
    other.save_sync_state(state(9), Some(&etag)).await.unwrap();
    let refused = store
        .save_sync_state(state(3), Some(&first))
        .await
        .unwrap_err();
    assert_eq!(refused.code, Code::StoreConflict);
    let read = store.sync_state().await.unwrap().map(|(state, _)| state);
    assert_eq!(read, Some(state(9)));
}
