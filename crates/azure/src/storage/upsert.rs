//! Writes records: over an earlier one of the same entry, whose attempts are added, also when that
//! is in another table. Nothing is written unless the rows that were read are still the same.

use std::collections::{BTreeMap, HashSet};

use futures_util::TryStreamExt;
use futures_util::future::try_join_all;

use super::entity::Entity;
use super::filter;
use super::keys;
use super::merge::{Over, Present, merge};
use super::record;
use super::tables::{Change, LARGEST_BATCH, LARGEST_PAGE, Tables};
use super::trouble::Trouble;
use radcast_engine::failure::{Dependency, Failure};
use radcast_engine::store::{FailureRecord, FailureTable, PARTITION, RecordKey};

/// How often rows are read again that somebody else changed meanwhile.
const ROUNDS: usize = 8;

/// The most bytes of the rows of a batch; the service takes 4 MiB with everything around them.
const MOST_BYTES: usize = 3 << 20;

/// The widest range of sequences that is read at once, so that rows in between are few.
const WIDEST: u64 = 1_000;

/// A change on behalf of one of the records.
struct Planned {
    index: usize,
    table: FailureTable,
    change: Change,
}

/// Writes these records.
pub(super) async fn upsert(
    tables: &Tables,
    records: Vec<FailureRecord>,
    over: Over<'_>,
) -> Result<(), Failure> {
    for chunk in chunks(records) {
        write_chunk(tables, chunk, over).await?;
    }
    Ok(())
}

/// In batches first; what could not be written then, because a row was changed meanwhile, one by
/// one.
async fn write_chunk(
    tables: &Tables,
    mut left: Vec<FailureRecord>,
    over: Over<'_>,
) -> Result<(), Failure> {
    for round in 0..ROUNDS {
        let together = round == 0;
        let present = present(tables, &left, over).await?;
        let (mut writes, mut removals) = (Vec::new(), Vec::new());
        for (index, new) in left.iter().enumerate() {
            let earlier = present.get(&new.key.row).map_or(&[][..], Vec::as_slice);
            writes.extend(plan_write(index, new, earlier, over));
            removals.extend(plan_removals(index, new, earlier));
        }
        let mut lost = carry_out(tables, writes, together).await?;
        removals.retain(|removal| !lost.contains(&removal.index));
        lost.extend(carry_out(tables, removals, together).await?);
        let mut index = 0;
        left.retain(|_| {
            index += 1;
            lost.contains(&(index - 1))
        });
        if left.is_empty() {
            return Ok(());
        }
    }
    Err(Trouble::Changed.into_failure(Dependency::Tables))
}

/// Records that can be read and written together: no two of one row, sequences near one another.
fn chunks(records: Vec<FailureRecord>) -> Vec<Vec<FailureRecord>> {
    let mut chunks: Vec<Vec<FailureRecord>> = Vec::new();
    for record in records {
        let open = chunks.last_mut().filter(|chunk| fits(chunk, &record));
        match open {
            Some(chunk) => chunk.push(record),
            None => chunks.push(vec![record]),
        }
    }
    chunks
}

fn fits(chunk: &[FailureRecord], record: &FailureRecord) -> bool {
    let near = |other: &FailureRecord| {
        let both = other.subject.sequence.zip(record.subject.sequence);
        both.is_some_and(|(one, two)| one.abs_diff(two) < WIDEST)
    };
    chunk.len() < LARGEST_BATCH
        && chunk
            .iter()
            .all(|other| near(other) && other.key.row != record.key.row)
}

/// What is there of these entries, by row key.
async fn present(
    tables: &Tables,
    new: &[FailureRecord],
    over: Over<'_>,
) -> Result<BTreeMap<String, Vec<Present>>, Failure> {
    let mut looked_into: Vec<FailureTable> = match over {
        Over::AllTables | Over::Since(_) => FailureTable::FAILED.to_vec(),
        Over::OwnTable => new.iter().map(|record| record.key.table).collect(),
    };
    looked_into.dedup();
    let read = looked_into
        .into_iter()
        .map(|table| read_rows(tables, table, new));
    let mut found = BTreeMap::<String, Vec<Present>>::new();
    for row in try_join_all(read).await?.into_iter().flatten() {
        found
            .entry(row.record.key.row.clone())
            .or_default()
            .push(row);
    }
    if let (Over::Since(retried), [record]) = (over, new)
        && retried.key.partition != PARTITION
        && let Some(row) = get(tables, &retried.key).await?
    {
        found.entry(record.key.row.clone()).or_default().push(row);
    }
    Ok(found)
}

async fn read_rows(
    tables: &Tables,
    table: FailureTable,
    new: &[FailureRecord],
) -> Result<Vec<Present>, Failure> {
    if let [record] = new {
        let key = RecordKey {
            table,
            ..record.key.clone()
        };
        return Ok(get(tables, &key).await?.into_iter().collect());
    }
    let wanted: HashSet<_> = new.iter().map(|record| keys::stored(&record.key)).collect();
    let first = wanted.iter().min().map_or("", AsRef::as_ref);
    let last = wanted.iter().max().map_or("", AsRef::as_ref);
    let filter = filter::rows(PARTITION, first, last);
    let mut pages = tables.pages(table.name(), filter, LARGEST_PAGE);
    let mut found = Vec::new();
    while let Some(page) = pages.try_next().await? {
        let page = page.into_iter().filter(|row| wanted.contains(row.row()));
        found.extend(page.map(|entity| present_row(table, entity)));
    }
    Ok(found)
}

async fn get(tables: &Tables, key: &RecordKey) -> Result<Option<Present>, Failure> {
    let stored = keys::stored(key);
    let row = tables.get(key.table.name(), &key.partition, &stored);
    Ok(row.await?.map(|entity| present_row(key.table, entity)))
}

fn present_row(table: FailureTable, entity: Entity) -> Present {
    let record = record::read(table, &entity);
    Present { entity, record }
}

/// The row to be written, unless it was written before and only the answer was lost.
fn plan_write(
    index: usize,
    new: &FailureRecord,
    earlier: &[Present],
    over: Over<'_>,
) -> Option<Planned> {
    let there = earlier.iter().find(|row| row.record.key == new.key);
    let merged = merge(new, there, earlier, over);
    if there.is_some_and(|row| row.record == merged) {
        return None;
    }
    let table = new.key.table;
    let entity = |row: Option<&Present>| record::write(&merged, row.map(|row| row.entity.clone()));
    let change = match there {
        Some(row) => Change::Replace(entity(Some(row)), row.record.etag.clone()),
        None => Change::Insert(entity(None)),
    };
    Some(Planned {
        index,
        table,
        change,
    })
}

/// The rows of the same entry that the new one takes over.
fn plan_removals<'a>(
    index: usize,
    new: &'a FailureRecord,
    earlier: &'a [Present],
) -> impl Iterator<Item = Planned> + 'a {
    let others = earlier.iter().filter(|row| row.record.key != new.key);
    others.map(move |row| Planned {
        index,
        table: row.record.key.table,
        change: Change::Remove(row.entity.clone(), row.record.etag.clone()),
    })
}

/// Makes the changes, and gives the records that have to be looked at again.
async fn carry_out(
    tables: &Tables,
    planned: Vec<Planned>,
    together: bool,
) -> Result<HashSet<usize>, Failure> {
    let mut lost = HashSet::new();
    for batch in batches(planned, together) {
        let Some(first) = batch.first() else { continue };
        let table = first.table.name();
        let done = match batch.as_slice() {
            [only] => tables.change(table, &only.change).await.map(drop),
            _ => {
                let changes: Vec<&Change> = batch.iter().map(|planned| &planned.change).collect();
                let partition = first.change.entity().partition().to_owned();
                tables.batch(table, &partition, &changes).await
            }
        };
        match done {
            Ok(()) => {}
            Err(Trouble::Changed | Trouble::Missing | Trouble::NoHome) => {
                lost.extend(batch.iter().map(|planned| planned.index));
            }
            Err(Trouble::Failed(failure)) => return Err(failure),
        }
    }
    Ok(lost)
}

/// Changes of one table and partition together, as many as a batch takes; or each alone.
fn batches(planned: Vec<Planned>, together: bool) -> Vec<Vec<Planned>> {
    let mut batches: Vec<(usize, Vec<Planned>)> = Vec::new();
    for planned in planned {
        let size = planned.change.entity().size();
        let open = batches.iter_mut().find(|(bytes, batch)| {
            let alike = batch.iter().all(|other| {
                other.table == planned.table
                    && other.change.entity().partition() == planned.change.entity().partition()
            });
            together
                && alike
                && batch.len() < LARGEST_BATCH
                && bytes.saturating_add(size) <= MOST_BYTES
        });
        match open {
            Some((bytes, batch)) => {
                *bytes += size;
                batch.push(planned);
            }
            None => batches.push((size, vec![planned])),
        }
    }
    batches.into_iter().map(|(_, batch)| batch).collect()
}
