//! What a store holds.

use jiff::Timestamp;
use radcast_engine::store::{FailureRecord, FailureTable, RecordFilter, Store};

/// A second of the time that tests of stores take place in.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// The rows of every table, superseded ones too.
pub async fn all(store: &dyn Store) -> Vec<FailureRecord> {
    let filter = RecordFilter {
        tables: FailureTable::ALL.to_vec(),
        superseded: true,
        ..RecordFilter::default()
    };
    store.records(&filter, None, 10_000).await.unwrap()
}

/// The only row of all tables.
pub async fn only(store: &dyn Store) -> FailureRecord {
    let mut all = all(store).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}
