//! A request for a retry: made, answered, and not lost when it comes at the wrong moment.

use radcast_engine::failure::Code;
use radcast_engine::store::{FailureTable, RecordState};

use super::{Place, at, contract, failed, only};

contract! {
    r45_a_request_for_a_retry_is_kept_also_through_a_replay_that_fails_again
    r50_a_retry_that_fails_again_updates_its_record
    a_request_that_was_made_during_a_retry_stays
    a_request_that_was_made_during_a_retry_moves_with_the_record
    a_superseded_record_waits_for_nobody
    a_superseded_record_that_fails_again_is_open_again
    a_retry_of_a_record_that_has_gone_makes_it_anew
}

async fn r45_a_request_for_a_retry_is_kept_also_through_a_replay_that_fails_again(place: Place) {
    let store = place.open();
    store
        .record(vec![failed(7, Code::FhirRejected, 1)])
        .await
        .unwrap();
    let before = only(store.as_ref()).await;
    assert!(store.request_retry(&before.key).await.unwrap());
    let asked = only(place.open().as_ref()).await;
    assert!(asked.retry);
    assert_ne!(asked.etag, before.etag);
    assert_eq!((asked.attempts, asked.last_failed), (1, at(1)));
    store
        .record(vec![failed(7, Code::FhirServerError, 2)])
        .await
        .unwrap();
    assert!(only(store.as_ref()).await.retry);
}

async fn r50_a_retry_that_fails_again_updates_its_record(place: Place) {
    let store = place.open();
    store
        .record(vec![failed(7, Code::FhirRejected, 1)])
        .await
        .unwrap();
    let key = only(store.as_ref()).await.key;
    store.request_retry(&key).await.unwrap();
    let retried = only(store.as_ref()).await;
    let again = failed(7, Code::FhirMultipleMatches, 2);
    store.record_again(&retried, again).await.unwrap();
    let record = only(store.as_ref()).await;
    assert!(!record.retry);
    assert_eq!(
        (record.attempts, record.code.as_str()),
        (2, "fhir.multiple-matches")
    );
    assert_eq!((record.first_failed, record.last_failed), (at(1), at(2)));
}

async fn a_request_that_was_made_during_a_retry_stays(place: Place) {
    let store = place.open();
    store
        .record(vec![failed(7, Code::FhirRejected, 1)])
        .await
        .unwrap();
    let key = only(store.as_ref()).await.key;
    for second in [2, 3] {
        store.request_retry(&key).await.unwrap();
        let retried = only(store.as_ref()).await;
        store.request_retry(&key).await.unwrap();
        let again = failed(7, Code::FhirRejected, second);
        store.record_again(&retried, again).await.unwrap();
        assert!(only(store.as_ref()).await.retry, "{second}");
    }
}

async fn a_request_that_was_made_during_a_retry_moves_with_the_record(place: Place) {
    let store = place.open();
    store
        .record(vec![failed(7, Code::FhirServerError, 1)])
        .await
        .unwrap();
    let retried = only(store.as_ref()).await;
    store.request_retry(&retried.key).await.unwrap();
    let again = failed(7, Code::FhirRejected, 2);
    store.record_again(&retried, again).await.unwrap();
    let record = only(store.as_ref()).await;
    assert_eq!(record.key.table, FailureTable::Fhir);
    assert!(record.retry);
    assert_eq!(record.attempts, 2);
}

async fn a_superseded_record_waits_for_nobody(place: Place) {
    let store = place.open();
    let mut entry = failed(7, Code::FhirRejected, 1);
    entry.next_retry = Some(at(9));
    store.record(vec![entry.clone()]).await.unwrap();
    store.request_retry(&entry.key()).await.unwrap();
    store.supersede(&entry.key()).await.unwrap();
    store.supersede(&entry.key()).await.unwrap();
    let record = only(store.as_ref()).await;
    assert_eq!(record.state, RecordState::Superseded);
    assert_eq!((record.retry, record.next_retry), (false, None));
    assert_eq!((record.attempts, record.message.as_str()), (1, "why 7"));
}

async fn a_superseded_record_that_fails_again_is_open_again(place: Place) {
    let store = place.open();
    let entry = failed(7, Code::FhirRejected, 1);
    store.record(vec![entry.clone()]).await.unwrap();
    store.supersede(&entry.key()).await.unwrap();
    store
        .record(vec![failed(7, Code::FhirRejected, 2)])
        .await
        .unwrap();
    assert_eq!(only(store.as_ref()).await.state, RecordState::Open);
}

async fn a_retry_of_a_record_that_has_gone_makes_it_anew(place: Place) {
    let store = place.open();
    store
        .record(vec![failed(7, Code::FhirRejected, 1)])
        .await
        .unwrap();
    let retried = only(store.as_ref()).await;
    store.remove(&retried.key).await.unwrap();
    let again = failed(7, Code::FhirRejected, 2);
    store.record_again(&retried, again).await.unwrap();
    let record = only(store.as_ref()).await;
    assert_eq!((record.attempts, record.first_failed), (1, at(2)));
}
