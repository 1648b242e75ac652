//! What a record becomes when there are earlier ones of the same entry.

use std::collections::BTreeMap;

use super::entity::Entity;
use radcast_engine::store::FailureRecord;

/// How records are written over earlier ones.
#[derive(Debug, Clone, Copy)]
pub(super) enum Over<'a> {
    /// Attempts are added, a request for a retry stays, other tables are looked into.
    AllTables,
    /// The same, but only a request that was made since this record was read; the record itself
    /// is taken over, wherever it is.
    Since(&'a FailureRecord),
    /// In its own table, whatever the attempts were.
    OwnTable,
}

/// A row that is there.
#[derive(Debug, Clone)]
pub(super) struct Present {
    pub(super) entity: Entity,
    pub(super) record: FailureRecord,
}

/// The new record with what has to be kept of earlier ones. `there` is the one in its place.
pub(super) fn merge(
    new: &FailureRecord,
    there: Option<&Present>,
    earlier: &[Present],
    over: Over<'_>,
) -> FailureRecord {
    let earlier: Vec<&FailureRecord> = earlier.iter().map(|row| &row.record).collect();
    let there = there.map(|row| &row.record);
    let written =
        there.is_some_and(|there| there.last_failed == new.last_failed && there.code == new.code);
    let asked = match over {
        Over::Since(retried) => earlier
            .iter()
            .any(|row| row.retry && !(row.key == retried.key && row.etag == retried.etag)),
        Over::AllTables => earlier.iter().any(|row| row.retry),
        // Made after the write that only the answer was lost of.
        Over::OwnTable => written && there.is_some_and(|there| there.retry),
    };
    let first = earlier.iter().map(|row| row.first_failed).min();
    let mut merged = FailureRecord {
        first_failed: first.map_or(new.first_failed, |first| first.min(new.first_failed)),
        attempts: match over {
            Over::OwnTable => new.attempts,
            Over::AllTables | Over::Since(_) if written => attempts(&earlier),
            Over::AllTables | Over::Since(_) => new.attempts.saturating_add(attempts(&earlier)),
        },
        archive: new
            .archive
            .clone()
            .or_else(|| earlier.iter().find_map(|row| row.archive.clone())),
        retry: asked,
        ..new.clone()
    };
    if let Some(there) = there {
        merged.etag = there.etag.clone();
        merged.subject = there.subject.clone();
        merged.attribute = there.attribute.clone();
    }
    merged
}

/// The attempts of rows of one entry. A row that was taken over and not removed yet has the same
/// first failure as the one that its attempts were added to.
fn attempts(rows: &[&FailureRecord]) -> u32 {
    let mut by_first = BTreeMap::new();
    for row in rows {
        let most = by_first.entry(row.first_failed).or_insert(0);
        *most = row.attempts.max(*most);
    }
    by_first
        .values()
        .fold(0, |sum, attempts| sum.saturating_add(*attempts))
}
