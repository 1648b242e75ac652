//! Failures: one row an entry, whatever happens to it.

use radcast_engine::failure::{Code, Failure, Subject};
use radcast_engine::store::{
    FailedEntry, FailureTable, OmittedValueRow, PARTITION, RecordKey, RecordState,
};

use super::{Place, all, at, contract, failed, only, persistently, sequences};

contract! {
    r76_a_record_keeps_everything_that_is_known
    r41_an_entry_of_every_category_is_there_after_a_restart
    r42_r43_r44_a_further_failure_adds_its_attempts_and_tells_the_latest_reason
    r38_r64_an_entry_that_fails_for_another_cause_has_one_row_still
    r67_a_value_that_was_left_out_has_a_row_of_its_own
    an_entry_that_is_being_retried_is_shown_with_its_latest_attempt
    many_entries_are_recorded_at_once_over_some_that_are_there
    the_same_entry_twice_in_one_call_is_counted_twice
    w34_a_message_of_a_megabyte_does_not_stop_its_record
    w34_an_entry_without_a_sequence_has_a_row_that_is_found_again
    a_row_can_be_removed_once
    an_entry_taken_over_keeps_its_history_and_may_be_taken_over_again
    what_is_known_already_wins_over_what_is_taken_over
}

async fn r76_a_record_keeps_everything_that_is_known(place: Place) {
    let store = place.open();
    let entry = FailedEntry {
        attempts: 14,
        next_retry: Some(at(500)),
        automatic_retries: 2,
        archive: Some("https://a.blob.core.windows.net/radcast/7/entry.json".to_owned()),
        ..failed(7, Code::FhirServerError, 100)
    };
    store.record(vec![entry.clone()]).await.unwrap();
    let record = only(place.open().as_ref()).await;
    assert_eq!(record.key, entry.key());
    assert_eq!(record.subject, entry.subject);
    assert_eq!(record.class, "transient");
    assert_eq!(record.code, "fhir.server-error");
    assert_eq!(record.message, "why 7");
    assert_eq!(record.cure, Code::FhirServerError.cure());
    assert_eq!(record.attempts, 14);
    assert_eq!(
        (record.first_failed, record.last_failed),
        (at(100), at(100))
    );
    assert_eq!((record.retry, record.next_retry), (false, Some(at(500))));
    assert_eq!(record.automatic_retries, 2);
    assert_eq!(record.state, RecordState::Open);
    assert_eq!(record.archive, entry.archive);
    assert_eq!(record.attribute, None);
    assert_eq!(store.get(&record.key).await.unwrap(), Some(record));
}

async fn r41_an_entry_of_every_category_is_there_after_a_restart(place: Place) {
    let store = place.open();
    let of_each_class = vec![
        failed(1, Code::DicomMissingAttribute, 1),
        failed(2, Code::FhirRejected, 1),
        failed(3, Code::FhirTimeout, 1),
        failed(4, Code::FhirConflict, 1),
        failed(5, Code::FhirForbidden, 1),
        failed(6, Code::InternalPanic, 1),
    ];
    store.record(of_each_class).await.unwrap();
    store
        .show_retrying(&failed(7, Code::FhirTooBusy, 1))
        .await
        .unwrap();
    store
        .record_omitted(vec![omitted(8, "(0010,0040)")])
        .await
        .unwrap();
    drop(store);
    let found = all(place.open().as_ref()).await;
    let found: Vec<_> = found
        .iter()
        .map(|record| {
            (
                record.key.table.category(),
                record.subject.sequence.unwrap(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("dicom", 1),
            ("fhir", 2),
            ("fhir", 6),
            ("tag", 8),
            ("transient-exhausted", 3),
            ("transient-exhausted", 4),
            ("transient-exhausted", 5),
            ("transient-retry", 7),
        ]
    );
}

async fn r42_r43_r44_a_further_failure_adds_its_attempts_and_tells_the_latest_reason(place: Place) {
    let store = place.open();
    let archive = Some("https://archive/7".to_owned());
    let first = FailedEntry {
        attempts: 3,
        archive: archive.clone(),
        ..failed(7, Code::FhirRejected, 100)
    };
    store.record(vec![first]).await.unwrap();
    for (code, second) in [
        (Code::FhirMultipleMatches, 200),
        (Code::FhirInvalidResponse, 300),
    ] {
        store.record(vec![failed(7, code, second)]).await.unwrap();
    }
    let record = only(store.as_ref()).await;
    assert_eq!(record.attempts, 5);
    assert_eq!(record.code, "fhir.invalid-response");
    assert_eq!(record.cure, Code::FhirInvalidResponse.cure());
    assert_eq!(
        (record.first_failed, record.last_failed),
        (at(100), at(300))
    );
    assert_eq!(record.archive, archive);
}

async fn r38_r64_an_entry_that_fails_for_another_cause_has_one_row_still(place: Place) {
    let store = place.open();
    let mut attempts = 0;
    for (code, table) in [
        (Code::FhirServerError, FailureTable::Transient),
        (Code::FhirRejected, FailureTable::Fhir),
        (Code::DicomInvalidValue, FailureTable::Dicom),
        (Code::FhirTimeout, FailureTable::Transient),
    ] {
        attempts += 1;
        store
            .record(vec![failed(7, code, attempts * 100)])
            .await
            .unwrap();
        let record = only(store.as_ref()).await;
        assert_eq!(record.key.table, table);
        assert_eq!(i64::from(record.attempts), attempts);
        assert_eq!(record.first_failed, at(100));
        assert_eq!(record.last_failed, at(attempts * 100));
        assert_eq!(record.code, code.as_str());
    }
}

fn omitted(sequence: u64, tag: &str) -> OmittedValueRow {
    OmittedValueRow {
        subject: failed(sequence, Code::DicomInvalidValue, 0).subject,
        tag: tag.to_owned(),
        keyword: "PatientSex".to_owned(),
        message: "is none of M, F, O".to_owned(),
        at: at(100),
    }
}

async fn r67_a_value_that_was_left_out_has_a_row_of_its_own(place: Place) {
    let store = place.open();
    let values = vec![
        omitted(7, "(0010,0040)"),
        omitted(7, "(0008,0201)"),
        omitted(8, "(0010,0040)"),
    ];
    store.record_omitted(values).await.unwrap();
    let again = OmittedValueRow {
        at: at(200),
        ..omitted(7, "(0010,0040)")
    };
    store.record_omitted(vec![again]).await.unwrap();
    let found = all(store.as_ref()).await;
    assert_eq!(sequences(&found), [7, 7, 8]);
    let twice = &found[1];
    assert_eq!(twice.attribute.as_deref(), Some("(0010,0040) PatientSex"));
    assert_eq!((twice.first_failed, twice.last_failed), (at(100), at(200)));
    assert_eq!((twice.attempts, twice.class.as_str()), (1, "dicom"));
    assert_eq!(twice.message, "is none of M, F, O");
    assert_eq!(twice.key.table, FailureTable::OmittedValue);
}

async fn an_entry_that_is_being_retried_is_shown_with_its_latest_attempt(place: Place) {
    let store = place.open();
    for attempts in [1, 2, 3] {
        let entry = FailedEntry {
            attempts,
            ..failed(7, Code::FhirTooBusy, i64::from(attempts))
        };
        store.show_retrying(&entry).await.unwrap();
    }
    let shown = only(store.as_ref()).await;
    assert_eq!(shown.attempts, 3);
    assert_eq!((shown.first_failed, shown.last_failed), (at(1), at(3)));
    let retrying = RecordKey {
        table: FailureTable::Retrying,
        ..failed(7, Code::FhirTooBusy, 0).key()
    };
    assert_eq!(shown.key, retrying);
    store
        .record(vec![failed(7, Code::FhirTooBusy, 4)])
        .await
        .unwrap();
    assert_eq!(all(store.as_ref()).await.len(), 2, "the two are kept apart");
    assert!(store.remove(&retrying).await.unwrap());
    assert_eq!(
        only(store.as_ref()).await.key.table,
        FailureTable::Transient
    );
}

async fn many_entries_are_recorded_at_once_over_some_that_are_there(place: Place) {
    let store = place.open();
    let there = (1..=250).step_by(9);
    let earlier = there.clone().map(|n| failed(n, Code::DicomInvalidValue, 1));
    store.record(earlier.collect()).await.unwrap();
    let far = [5_000_000_000, 5_000_000_001];
    let many = (1..=250).chain(far).map(|n| match n % 2 {
        0 => failed(n, Code::FhirRejected, 2),
        _ => failed(n, Code::DicomInvalidValue, 2),
    });
    store.record(many.collect()).await.unwrap();
    let mut found = all(store.as_ref()).await;
    found.sort_by_key(|record| record.subject.sequence);
    assert_eq!(sequences(&found), (1..=250).chain(far).collect::<Vec<_>>());
    for record in found {
        let sequence = record.subject.sequence.unwrap();
        let twice = there.clone().any(|there| there == sequence);
        assert_eq!(record.attempts, if twice { 2 } else { 1 }, "{sequence}");
        assert_eq!(record.first_failed, at(if twice { 1 } else { 2 }));
        let fhir = record.key.table == FailureTable::Fhir;
        assert_eq!(fhir, sequence.is_multiple_of(2));
    }
}

async fn the_same_entry_twice_in_one_call_is_counted_twice(place: Place) {
    let store = place.open();
    let twice = vec![
        failed(7, Code::FhirRejected, 1),
        failed(8, Code::FhirRejected, 1),
        failed(7, Code::DicomInvalidValue, 2),
    ];
    store.record(twice).await.unwrap();
    let found = all(store.as_ref()).await;
    let found: Vec<_> = found
        .iter()
        .map(|record| (record.subject.sequence.unwrap(), record.attempts))
        .collect();
    assert_eq!(found, [(7, 2), (8, 1)]);
}

async fn w34_a_message_of_a_megabyte_does_not_stop_its_record(place: Place) {
    let store = place.open();
    let long = |sequence, second| FailedEntry {
        failure: Failure::new(Code::FhirRejected, "€😀".repeat(150_000)),
        ..failed(sequence, Code::FhirRejected, second)
    };
    let many: Vec<_> = (1..=90).map(|sequence| long(sequence, 1)).collect();
    persistently(async || store.record(many.clone()).await).await;
    persistently(async || store.record(vec![long(1, 2)]).await).await;
    let found = all(store.as_ref()).await;
    assert_eq!(found.len(), 90);
    assert_eq!(found[0].attempts, 2);
    for record in found {
        assert!(record.message.starts_with("€😀€😀"));
        assert!(record.message.len() > 60_000);
    }
}

async fn w34_an_entry_without_a_sequence_has_a_row_that_is_found_again(place: Place) {
    let store = place.open();
    let nameless = |instance: Option<&str>, digest: Option<&str>, second| {
        let subject = Subject {
            instance: instance.map(str::to_owned),
            digest: digest.map(str::to_owned),
            ..Subject::default()
        };
        FailedEntry::new(
            subject,
            Failure::new(Code::DicomMalformedEntry, "no entry"),
            at(second),
        )
    };
    let odd = "no/uid\\at#all?%'~ ü\u{1}";
    let long = "9".repeat(2_000);
    for second in [1, 2] {
        for (instance, digest) in [
            (None, None),
            (None, Some("0123456789abcdef")),
            (Some("1.2.3"), None),
            (Some(odd), None),
            (Some("it's"), None),
            (Some(long.as_str()), None),
        ] {
            let entry = nameless(instance, digest, second);
            let recorded = store.record(vec![entry]).await;
            assert_eq!(recorded, Ok(()), "{instance:?} {digest:?}");
        }
    }
    let found = all(store.as_ref()).await;
    assert_eq!(found.len(), 6);
    for record in found {
        assert_eq!(record.attempts, 2, "{:?}", record.key);
        assert_eq!(record.key.partition, PARTITION);
        let read = store.get(&record.key).await.unwrap().unwrap();
        assert_eq!(read.subject, record.subject);
        assert!(store.request_retry(&record.key).await.unwrap());
        assert!(store.remove(&record.key).await.unwrap());
    }
    let key = nameless(Some(odd), None, 1).key();
    store
        .record(vec![nameless(Some(odd), None, 1)])
        .await
        .unwrap();
    assert_eq!(store.get(&key).await.unwrap().unwrap().key, key);
}

async fn a_row_can_be_removed_once(place: Place) {
    let store = place.open();
    let entry = failed(7, Code::FhirRejected, 1);
    assert!(!store.remove(&entry.key()).await.unwrap());
    store.record(vec![entry.clone()]).await.unwrap();
    let elsewhere = RecordKey {
        table: FailureTable::Dicom,
        ..entry.key()
    };
    assert!(!store.remove(&elsewhere).await.unwrap());
    assert!(store.remove(&entry.key()).await.unwrap());
    assert!(!store.remove(&entry.key()).await.unwrap());
    assert_eq!(all(store.as_ref()).await, []);
}

async fn an_entry_taken_over_keeps_its_history_and_may_be_taken_over_again(place: Place) {
    let store = place.open();
    let entry = FailedEntry {
        attempts: 3,
        ..failed(7, Code::FhirRejected, 300)
    };
    for _ in 0..2 {
        store.take_over(entry.clone(), at(100)).await.unwrap();
    }
    let taken = only(store.as_ref()).await;
    assert_eq!((&taken.key, &taken.subject), (&entry.key(), &entry.subject));
    assert_eq!(
        (taken.code.as_str(), taken.message.as_str()),
        ("fhir.rejected", "why 7")
    );
    assert_eq!(
        (taken.attempts, taken.first_failed, taken.last_failed),
        (3, at(100), at(300))
    );
}

async fn what_is_known_already_wins_over_what_is_taken_over(place: Place) {
    let store = place.open();
    let known = failed(7, Code::DicomMissingAttribute, 500);
    store.record(vec![known.clone()]).await.unwrap();
    assert!(store.request_retry(&known.key()).await.unwrap());
    let entry = FailedEntry {
        attempts: 3,
        ..failed(7, Code::FhirRejected, 300)
    };
    for _ in 0..2 {
        store.take_over(entry.clone(), at(100)).await.unwrap();
    }
    let kept = only(store.as_ref()).await;
    assert_eq!(kept.key, known.key());
    assert_eq!(
        (kept.code.as_str(), kept.retry),
        ("dicom.missing-attribute", true)
    );
    assert_eq!(
        (kept.attempts, kept.first_failed, kept.last_failed),
        (3, at(100), at(500))
    );
}
