//! How many failed entries there are.

use std::collections::BTreeMap;

use serde::Serialize;

use super::PAGE;
use radcast_engine::failure::Failure;
use radcast_engine::store::{FailureTable, RecordFilter, Store};

/// The most records of a table that are counted.
pub const COUNTED: u64 = 1_000;

/// How many failed entries of a class wait for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    /// The class.
    pub class: String,
    /// So many at least.
    pub count: u64,
    /// Whether there may be more.
    pub or_more: bool,
}

/// The failed entries that wait for a person, by class. No more than [`COUNTED`] of each table are
/// read.
///
/// # Errors
/// The store cannot be read.
pub async fn open_by_class(store: &dyn Store) -> Result<Vec<Count>, Failure> {
    let mut counts = Vec::new();
    for table in FailureTable::FAILED {
        let (classes, or_more) = of_table(store, table).await?;
        for (class, count) in classes {
            add(&mut counts, class, count, or_more);
        }
    }
    Ok(counts)
}

fn add(counts: &mut Vec<Count>, class: String, count: u64, or_more: bool) {
    match counts.iter_mut().find(|known| known.class == class) {
        Some(known) => {
            known.count += count;
            known.or_more |= or_more;
        }
        None => counts.push(Count {
            class,
            count,
            or_more,
        }),
    }
}

/// The classes of a table with their counts, and whether there may be more.
async fn of_table(
    store: &dyn Store,
    table: FailureTable,
) -> Result<(BTreeMap<String, u64>, bool), Failure> {
    let filter = RecordFilter {
        tables: vec![table],
        ..RecordFilter::default()
    };
    let mut classes = BTreeMap::new();
    let mut after = None;
    while classes.values().sum::<u64>() < COUNTED {
        let page = store.records(&filter, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else {
            return Ok((classes, false));
        };
        after = Some(last.key.clone());
        for record in page {
            *classes.entry(record.class).or_default() += 1;
        }
    }
    Ok((classes, true))
}
