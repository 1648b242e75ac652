//! Finds the record that somebody names.

use radcast_engine::failure::Failure;
use radcast_engine::store::{
    FailureRecord, FailureTable, PARTITION, RecordFilter, RecordId, RecordKey, Store, UnreadableId,
};

/// How far around a missing sequence others are looked for.
const AROUND: u64 = 50;

/// How many others are read at most: an entry may have a row in each table, and more as
/// dicom-cast kept them.
const READ: usize = 1_000;

/// How many others are named.
const NAMED: usize = 3;

/// Why no record was found.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The text names none.
    #[error(transparent)]
    Unreadable(#[from] UnreadableId),
    /// There is none of this name.
    #[error("there is no failure {id}{}", hint(near))]
    Missing {
        /// The name.
        id: String,
        /// Names that are near.
        near: Vec<String>,
    },
    /// There are several.
    #[error("{id} is in several tables: say which of {}", ids.join(", "))]
    Ambiguous {
        /// The name.
        id: String,
        /// The names that tell them apart.
        ids: Vec<String>,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] Failure),
}

fn hint(near: &[String]) -> String {
    match near {
        [] => "; `radcast failures list` shows what there is".to_owned(),
        near => format!("; near it: {}", near.join(", ")),
    }
}

/// The record of this name.
///
/// # Errors
/// See [`LookupError`].
pub async fn find(store: &dyn Store, id: &str) -> Result<FailureRecord, LookupError> {
    let (keys, sequence) = match id.parse()? {
        RecordId::Sequence(sequence) => (failed_keys(sequence).to_vec(), Some(sequence)),
        RecordId::Key(key) => (vec![key], None),
    };
    let mut found = Vec::new();
    for key in &keys {
        found.extend(store.get(key).await?);
    }
    if found.len() > 1 {
        let ids = found.iter().map(|record| record.key.full_id()).collect();
        let id = id.to_owned();
        return Err(LookupError::Ambiguous { id, ids });
    }
    match found.pop() {
        Some(record) => Ok(record),
        None => Err(LookupError::Missing {
            id: id.to_owned(),
            near: near(store, sequence.or_else(|| sequence_of(&keys))).await?,
        }),
    }
}

/// Where the failed entry of a sequence can be.
fn failed_keys(sequence: u64) -> [RecordKey; 3] {
    FailureTable::FAILED.map(|table| RecordKey {
        table,
        partition: PARTITION.to_owned(),
        row: format!("{sequence:020}"),
    })
}

fn sequence_of(keys: &[RecordKey]) -> Option<u64> {
    keys.first()?.row.get(..20)?.parse().ok()
}

/// The names of the records nearest to a sequence, in all tables.
async fn near(store: &dyn Store, sequence: Option<u64>) -> Result<Vec<String>, Failure> {
    let Some(sequence) = sequence else {
        return Ok(Vec::new());
    };
    let around = RecordFilter {
        tables: FailureTable::ALL.to_vec(),
        from_sequence: Some(sequence.saturating_sub(AROUND)),
        to_sequence: Some(sequence.saturating_add(AROUND)),
        superseded: true,
        ..RecordFilter::default()
    };
    let mut records = store.records(&around, None, READ).await?;
    let distance = |record: &FailureRecord| record.subject.sequence.map(|at| at.abs_diff(sequence));
    records.sort_by_key(distance);
    records.truncate(NAMED);
    Ok(records.iter().map(|record| record.key.id()).collect())
}
