use super::super::SqliteStore;
use super::*;
use crate::failure::{Code, Failure, Subject};
use crate::store::{FailedEntry, OmittedValueRow, Store};

const CODES: [Code; 3] = [
    Code::FhirRejected,
    Code::DicomMissingAttribute,
    Code::FhirTimeout,
];

fn at(second: u64) -> Timestamp {
    // Of a few, the fraction is not written.
    let milliseconds = second * 1_000 + second % 4 * 250;
    Timestamp::from_millisecond(milliseconds.cast_signed()).unwrap()
}

fn entry(number: u64) -> FailedEntry {
    let subject = Subject {
        sequence: (!number.is_multiple_of(50)).then_some(number),
        digest: number.is_multiple_of(50).then(|| number.to_string()),
        study: Some(format!("1.{}", number % 7)),
        instance: Some(format!("1.2.{}", number / 2)),
        ..Subject::default()
    };
    let code = CODES[usize::try_from(number % 3).unwrap()];
    FailedEntry {
        next_retry: number.is_multiple_of(5).then(|| at(number)),
        ..FailedEntry::new(subject, Failure::new(code, "why"), at(number))
    }
}

/// A store with so many failed entries, a value left out of some, and some that are superseded.
async fn store(folder: &tempfile::TempDir, count: u64) -> SqliteStore {
    let store = SqliteStore::open(&folder.path().join("radcast.db")).unwrap();
    store
        .record((1..=count).map(entry).collect())
        .await
        .unwrap();
    let omitted = (1..=count).step_by(10).map(|number| OmittedValueRow {
        subject: entry(number).subject,
        tag: "(0010,0040)".to_owned(),
        keyword: "PatientSex".to_owned(),
        message: String::new(),
        at: at(number),
    });
    store.record_omitted(omitted.collect()).await.unwrap();
    let supersede =
        "UPDATE FailureTable SET State = 'superseded' WHERE ChangeFeedSequence % 11 = 1";
    store
        .with(|connection| connection.execute(supersede, []))
        .await
        .unwrap();
    store
}

/// One filter of each kind and some of several.
fn filters() -> Vec<RecordFilter> {
    let all = RecordFilter {
        tables: FailureTable::ALL.to_vec(),
        superseded: true,
        ..RecordFilter::default()
    };
    let text = |text: &str| Some(text.to_owned());
    vec![
        RecordFilter::default(),
        all.clone(),
        RecordFilter {
            class: text("dicom"),
            ..all.clone()
        },
        RecordFilter {
            code: text("fhir.timeout"),
            ..RecordFilter::default()
        },
        RecordFilter {
            study: text("1.3"),
            code: text("fhir.rejected"),
            ..all.clone()
        },
        RecordFilter {
            instance: text("1.2.77"),
            ..all.clone()
        },
        RecordFilter {
            from_sequence: Some(100),
            to_sequence: Some(131),
            ..all.clone()
        },
        RecordFilter {
            from_sequence: Some(0),
            to_sequence: Some(u64::MAX),
            ..all.clone()
        },
        RecordFilter {
            // The record of this second has a fraction.
            since: Timestamp::from_second(101).ok(),
            until: Some(at(1_003)),
            ..all.clone()
        },
        RecordFilter {
            retry_by: Some(at(500)),
            ..RecordFilter::default()
        },
        RecordFilter {
            retry_by: Some(at(500)),
            study: text("1.2"),
            ..all
        },
    ]
}

#[tokio::test]
async fn c6_a_filter_finds_what_it_wants_and_nothing_else_across_stretches() {
    const COUNT: u64 = 7_000;
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, COUNT).await;
    let everything = &filters()[1];
    let everything = store.records(everything, None, usize::MAX).await.unwrap();
    assert!(everything.len() as u64 > COUNT);
    for filter in filters() {
        let wanted: Vec<_> = everything
            .iter()
            .filter(|record| filter.matches(record))
            .collect();
        assert!(!wanted.is_empty(), "{filter:?}");
        let found = store.records(&filter, None, usize::MAX).await.unwrap();
        assert!(found.iter().eq(wanted.iter().copied()), "{filter:?}");
        let mut paged = Vec::new();
        while let page = store
            .records(
                &filter,
                paged.last().map(|last: &FailureRecord| &last.key),
                999,
            )
            .await
            .unwrap()
            && !page.is_empty()
        {
            paged.extend(page);
        }
        assert!(paged == found, "{filter:?}");
    }
}

#[tokio::test]
async fn c6_every_filter_goes_by_an_index_and_sorts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, 10).await;
    let connection = store.opened.connection.lock().unwrap();
    for filter in filters() {
        let query = Query::new(&filter, FailureTable::Fhir, "");
        let (sql, values) = query.rows(Some("1"));
        let mut plan = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let steps: Vec<String> = plan
            .query_map(params_from_iter(values), |row| row.get("detail"))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let name = index(&filter).map_or("PRIMARY KEY", |(_, _, name)| name);
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!(steps[0].starts_with("SEARCH FailureTable"), "{steps:?}");
        assert!(steps[0].contains(name), "{name}: {steps:?}");
        assert!(steps[0].contains("RowKey>? AND RowKey<?"), "{steps:?}");
    }
}

#[tokio::test]
async fn c6_the_store_is_given_back_after_a_stretch_however_much_is_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, 7_000).await;
    let connection = store.opened.connection.lock().unwrap();
    let mut ended = 0;
    for filter in filters() {
        let query = Query::new(&filter, FailureTable::Fhir, "");
        let end = query.end_of_stretch(&connection).unwrap();
        ended += usize::from(end.is_some());
        let (sql, values) = query.rows(end.as_deref());
        let bounds = sql.matches("RowKey <").count();
        assert_eq!(bounds, 1, "an index uses one alone: {sql}");
        let mut statement = connection.prepare(&sql).unwrap();
        let rows = statement.query_map(params_from_iter(values), |_| Ok(()));
        assert!(rows.unwrap().count() <= STRETCH, "{filter:?}");
    }
    assert!(ended > 3, "there is little ahead");
}
