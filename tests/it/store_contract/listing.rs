//! Records are found by what is known of them, page by page.

use radcast_engine::failure::Code;
use radcast_engine::store::{FailureTable, RecordFilter, RecordKey, Store};

use super::{Place, at, contract, failed, sequences};

contract! {
    r56_records_are_walked_page_by_page_through_all_tables
    r76_each_part_of_a_filter_holds
    superseded_records_are_found_only_when_asked_for
    what_is_to_be_retried_is_found_when_it_is_due
    an_empty_store_has_no_records
}

/// Sequences 1 to 6, failed at that second, in two tables.
async fn filled(place: &Place) -> Box<dyn Store> {
    let store = place.open();
    let entries = (1..=6).map(|n| match n % 2 {
        0 => failed(n, Code::FhirRejected, n.cast_signed()),
        _ => failed(n, Code::DicomMissingAttribute, n.cast_signed()),
    });
    store.record(entries.collect()).await.unwrap();
    store
}

async fn found(store: &dyn Store, filter: RecordFilter) -> Vec<u64> {
    sequences(&store.records(&filter, None, 100).await.unwrap())
}

async fn r56_records_are_walked_page_by_page_through_all_tables(place: Place) {
    let store = filled(&place).await;
    for limit in [1, 2, 4, 6, 7] {
        let mut after: Option<RecordKey> = None;
        let mut seen = Vec::new();
        loop {
            let all = RecordFilter::default();
            let page = store.records(&all, after.as_ref(), limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            seen.extend(sequences(&page));
        }
        assert_eq!(seen, [1, 3, 5, 2, 4, 6], "limit {limit}");
    }
    let none = store.records(&RecordFilter::default(), None, 0).await;
    assert_eq!(none.unwrap(), []);
}

async fn r76_each_part_of_a_filter_holds(place: Place) {
    let store = filled(&place).await;
    let filter = |set: fn(&mut RecordFilter)| {
        let mut filter = RecordFilter::default();
        set(&mut filter);
        filter
    };
    for (filter, expected) in [
        (
            filter(|f| f.tables = vec![FailureTable::Fhir]),
            vec![2, 4, 6],
        ),
        (filter(|f| f.tables = vec![FailureTable::Transient]), vec![]),
        (filter(|f| f.class = Some("dicom".into())), vec![1, 3, 5]),
        (
            filter(|f| f.code = Some("fhir.rejected".into())),
            vec![2, 4, 6],
        ),
        (filter(|f| f.study = Some("1.2.4".into())), vec![4]),
        (filter(|f| f.study = Some("it's".into())), vec![]),
        (filter(|f| f.instance = Some("1.2.3.1.1".into())), vec![3]),
        (filter(|f| f.from_sequence = Some(4)), vec![5, 4, 6]),
        (filter(|f| f.to_sequence = Some(2)), vec![1, 2]),
        (
            filter(|f| f.to_sequence = Some(u64::MAX)),
            vec![1, 3, 5, 2, 4, 6],
        ),
        (filter(|f| f.since = Some(at(5))), vec![5, 6]),
        (filter(|f| f.until = Some(at(3))), vec![1, 2]),
    ] {
        let found = found(store.as_ref(), filter.clone()).await;
        assert_eq!(found, expected, "{filter:?}");
    }
    let all_of_it = RecordFilter {
        from_sequence: Some(2),
        to_sequence: Some(5),
        class: Some("dicom".into()),
        ..RecordFilter::default()
    };
    assert_eq!(found(store.as_ref(), all_of_it).await, [3, 5]);
}

async fn superseded_records_are_found_only_when_asked_for(place: Place) {
    let store = filled(&place).await;
    let key = failed(2, Code::FhirRejected, 0).key();
    store.supersede(&key).await.unwrap();
    let open = RecordFilter::default();
    assert_eq!(found(store.as_ref(), open.clone()).await, [1, 3, 5, 4, 6]);
    let both = RecordFilter {
        superseded: true,
        ..open
    };
    assert_eq!(found(store.as_ref(), both).await, [1, 3, 5, 2, 4, 6]);
}

async fn what_is_to_be_retried_is_found_when_it_is_due(place: Place) {
    let store = filled(&place).await;
    let due = |second| RecordFilter {
        retry_by: Some(at(second)),
        ..RecordFilter::default()
    };
    assert_eq!(found(store.as_ref(), due(1_000)).await, [0; 0]);
    for (sequence, next) in [(8, 500), (10, 900)] {
        let mut entry = failed(sequence, Code::FhirRejected, 10);
        entry.next_retry = Some(at(next));
        store.record(vec![entry]).await.unwrap();
    }
    let asked = failed(3, Code::DicomMissingAttribute, 0).key();
    assert!(store.request_retry(&asked).await.unwrap());
    assert_eq!(found(store.as_ref(), due(499)).await, [3]);
    assert_eq!(found(store.as_ref(), due(500)).await, [3, 8]);
    assert_eq!(found(store.as_ref(), due(900)).await, [3, 8, 10]);
    let page = store.records(&due(900), Some(&asked), 1).await.unwrap();
    assert_eq!(sequences(&page), [8]);
}

async fn an_empty_store_has_no_records(place: Place) {
    let store = place.open();
    assert_eq!(found(store.as_ref(), RecordFilter::default()).await, [0; 0]);
    let key = failed(1, Code::FhirRejected, 0).key();
    assert_eq!(store.get(&key).await.unwrap(), None);
    assert!(!store.request_retry(&key).await.unwrap());
    store.supersede(&key).await.unwrap();
    assert_eq!(store.get(&key).await.unwrap(), None);
}
