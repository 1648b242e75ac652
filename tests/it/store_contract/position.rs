//! The position, the reports, and the check.

use radcast_engine::failure::Code;
use radcast_engine::store::{HomeIssuer, Report, Role, SyncState};

use super::{Place, all, at, contract};

contract! {
    r56_a_position_is_written_read_and_moved
    r56_a_second_writer_is_refused_and_changes_nothing
    r56_the_first_position_is_not_written_over_another
    a_position_without_a_time_has_none_when_read
    a_large_position_is_kept_to_the_last_digit
    a_replica_says_something_new_in_the_place_of_what_it_said
    the_first_home_issuer_is_kept_whatever_becomes_of_the_position
    of_two_that_keep_a_home_issuer_at_once_one_prevails
    a_check_leaves_nothing_behind_and_may_be_repeated
}

fn state(sequence: u64) -> SyncState {
    SyncState::at(sequence, "2024-06-02T08:15:30.1234567Z".parse().ok())
}

async fn r56_a_position_is_written_read_and_moved(place: Place) {
    let store = place.open();
    assert_eq!(store.sync_state().await.unwrap(), None);
    let first = store.save_sync_state(state(41), None).await.unwrap();
    let reopened = place.open();
    let read = reopened.sync_state().await.unwrap();
    assert_eq!(read, Some((state(41), first.clone())));
    let second = reopened
        .save_sync_state(state(42), Some(&first))
        .await
        .unwrap();
    assert_ne!(first, second);
    assert_eq!(store.sync_state().await.unwrap(), Some((state(42), second)));
}

async fn r56_a_second_writer_is_refused_and_changes_nothing(place: Place) {
    let (store, other) = (place.open(), place.open());
    let first = store.save_sync_state(state(1), None).await.unwrap();
    let second = store.save_sync_state(state(2), Some(&first)).await.unwrap();
    for writer in [&store, &other] {
        let refused = writer
            .save_sync_state(state(9), Some(&first))
            .await
            .unwrap_err();
        assert_eq!(refused.code, Code::StoreConflict);
    }
    assert_eq!(store.sync_state().await.unwrap(), Some((state(2), second)));
}

async fn r56_the_first_position_is_not_written_over_another(place: Place) {
    let (store, other) = (place.open(), place.open());
    let first = store.save_sync_state(state(1), None).await.unwrap();
    for writer in [&store, &other] {
        let refused = writer.save_sync_state(state(0), None).await.unwrap_err();
        assert_eq!(refused.code, Code::StoreConflict);
    }
    assert_eq!(store.sync_state().await.unwrap(), Some((state(1), first)));
}

async fn a_position_without_a_time_has_none_when_read(place: Place) {
    let store = place.open();
    let first = store.save_sync_state(state(1), None).await.unwrap();
    let timeless = SyncState::at(2, None);
    store
        .save_sync_state(timeless.clone(), Some(&first))
        .await
        .unwrap();
    let read = store.sync_state().await.unwrap().map(|(state, _)| state);
    assert_eq!(read, Some(timeless));
}

async fn a_large_position_is_kept_to_the_last_digit(place: Place) {
    let store = place.open();
    let large = SyncState::at(9_007_199_254_740_993, None);
    store.save_sync_state(large.clone(), None).await.unwrap();
    let read = store.sync_state().await.unwrap().map(|(state, _)| state);
    assert_eq!(read, Some(large));
}

async fn a_replica_says_something_new_in_the_place_of_what_it_said(place: Place) {
    let store = place.open();
    assert_eq!(store.reports().await.unwrap(), []);
    let report = |role, position| Report {
        role,
        replica: "radcast-7d9f".to_owned(),
        version: "0.1.0".to_owned(),
        state: "paused".to_owned(),
        code: Some("fhir.forbidden".to_owned()),
        detail: Some("the server answered 403".to_owned()),
        position,
        position_timestamp: Some(at(1)),
        latest: 9_007_199_254_740_993,
        last_success: Some(at(2)),
        at: at(3),
    };
    let quiet = Report {
        code: None,
        detail: None,
        position_timestamp: None,
        last_success: None,
        ..report(Role::Active, 2)
    };
    store.save_report(&report(Role::Active, 1)).await.unwrap();
    store.save_report(&report(Role::Standby, 7)).await.unwrap();
    store.save_report(&quiet).await.unwrap();
    let mut read = place.open().reports().await.unwrap();
    read.sort_by_key(|report| report.position);
    assert_eq!(read, [quiet, report(Role::Standby, 7)]);
    assert_eq!(store.sync_state().await.unwrap(), None);
}

async fn a_check_leaves_nothing_behind_and_may_be_repeated(place: Place) {
    let store = place.open();
    store.check().await.unwrap();
    store.check().await.unwrap();
    assert_eq!(all(store.as_ref()).await, []);
    assert_eq!(store.reports().await.unwrap(), []);
    assert_eq!(store.sync_state().await.unwrap(), None);
}

fn issuer(name: &str) -> HomeIssuer {
    HomeIssuer {
        name: Some(name.to_owned()),
        universal_id: None,
    }
}

async fn the_first_home_issuer_is_kept_whatever_becomes_of_the_position(place: Place) {
    let first = HomeIssuer {
        name: None,
        universal_id: Some("1.2.3 'x' \u{e4}".to_owned()),
    };
    let store = place.open();
    let kept = store.keep_home_issuer(first.clone()).await.unwrap();
    assert_eq!(kept, None);
    assert_eq!(store.sync_state().await.unwrap(), None);
    let etag = store.save_sync_state(state(7), None).await.unwrap();
    for store in [store, place.open()] {
        let kept = store.keep_home_issuer(issuer("HOSP-B")).await.unwrap();
        assert_eq!(kept, Some(first.clone()));
    }
    let store = place.open();
    store.save_sync_state(state(8), Some(&etag)).await.unwrap();
    assert_eq!(store.reports().await.unwrap(), []);
    assert_eq!(all(store.as_ref()).await, []);
}

async fn of_two_that_keep_a_home_issuer_at_once_one_prevails(place: Place) {
    let (one, other) = (place.open(), place.open());
    let (first, second) = tokio::join!(
        one.keep_home_issuer(issuer("HOSP-A")),
        other.keep_home_issuer(issuer("HOSP-B"))
    );
    let kept = match (first.unwrap(), second.unwrap()) {
        (None, Some(kept)) => (kept, issuer("HOSP-A")),
        (Some(kept), None) => (kept, issuer("HOSP-B")),
        both => panic!("{both:?}"),
    };
    assert_eq!(kept.0, kept.1);
}
