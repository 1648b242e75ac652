//! Reads dicom-cast's rows, writes records, removes the rows.

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::gathering::{Entry, Gathering};
use crate::ops::failures::PAGE;
use radcast_engine::failure::Failure;
use radcast_engine::store::{FailureRecord, FailureTable, RecordFilter, RecordKey, Store};

/// How many entries are joined at once: so many fit into little memory.
const AT_ONCE: usize = 50_000;

/// How many rows are removed at once.
const REMOVED_AT_ONCE: usize = 8;

/// The work of one import.
pub(super) struct TakeOver<'a, P> {
    pub(super) store: &'a dyn Store,
    pub(super) writes: bool,
    pub(super) removes: bool,
    pub(super) stop: &'a CancellationToken,
    pub(super) summary: Summary,
    /// Told of the rows read and removed so far.
    pub(super) progress: P,
}

/// What an import did so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Rows that dicom-cast wrote.
    pub(super) rows: u64,
    /// Failed entries that they tell of.
    pub(super) entries: u64,
    /// Values left out that they tell of.
    pub(super) omitted: u64,
    /// Entries that were retried and then stored.
    pub(super) stored: u64,
    /// Rows without a sequence, which stay.
    pub(super) strays: u64,
    /// Rows removed.
    pub(super) removed: u64,
}

impl Summary {
    /// The summary, in sentences.
    pub(super) fn lines(&self, dry_run: bool) -> Vec<String> {
        let would = if dry_run { "would be " } else { "" };
        let told = [
            (self.rows, "rows of dicom-cast"),
            (self.entries, "failed entries {would}taken over"),
            (self.omitted, "values left out {would}taken over"),
            (
                self.stored,
                "entries that were retried and then stored: nothing to take over",
            ),
            (self.strays, "rows without a sequence: left where they are"),
            (self.removed, "rows removed"),
        ];
        let always = 2;
        let worth_telling = |(at, (count, _)): &(usize, (u64, &str))| *at < always || *count > 0;
        told.into_iter()
            .enumerate()
            .filter(worth_telling)
            .map(|(_, (count, text))| format!("{count:>8} {}", text.replace("{would}", would)))
            .collect()
    }
}

impl<P: FnMut(u64)> TakeOver<'_, P> {
    /// Takes over everything, or as much as there is time for before it is stopped. A sequence is
    /// written before any of its rows is removed, and writing it again changes nothing.
    pub(super) async fn run(&mut self) -> Result<(), Failure> {
        let mut from = 0;
        loop {
            let gathering = self.gather(from, AT_ONCE).await?;
            let Some(highest) = gathering.highest() else {
                return Ok(());
            };
            for entry in gathering.entries() {
                self.write(entry).await?;
            }
            if self.removes {
                self.remove(from, highest).await?;
            }
            if !gathering.overflown || self.stop.is_cancelled() {
                return Ok(());
            }
            from = highest.saturating_add(1);
        }
    }

    /// The rows from this sequence on, joined; nothing when it is stopped.
    async fn gather(&mut self, from: u64, most: usize) -> Result<Gathering, Failure> {
        let mut gathering = Gathering::of_at_most(most);
        let mut pages = Pages::from(from, u64::MAX);
        let mut strays = 0;
        let mut read = self.summary.rows;
        while let Some(rows) = pages.next(self.store).await? {
            if self.stop.is_cancelled() {
                return Ok(Gathering::of_at_most(0));
            }
            for row in &rows {
                strays += u64::from(!gathering.add(row));
            }
            read += rows.len() as u64;
            (self.progress)(read);
        }
        self.summary.strays = self.summary.strays.max(strays);
        Ok(gathering)
    }

    async fn write(&mut self, entry: &Entry) -> Result<(), Failure> {
        if self.stop.is_cancelled() {
            return Ok(());
        }
        let (failed, omitted) = (entry.failed(), entry.omitted());
        self.summary.rows += entry.rows;
        self.summary.entries += u64::from(failed.is_some());
        self.summary.omitted += omitted.len() as u64;
        self.summary.stored += u64::from(failed.is_none() && omitted.is_empty());
        if !self.writes {
            return Ok(());
        }
        if let Some((failed, first)) = failed {
            self.store.take_over(failed, first).await?;
        }
        if !omitted.is_empty() {
            self.store.record_omitted(omitted).await?;
        }
        Ok(())
    }

    /// Removes the rows of sequences that are written.
    async fn remove(&mut self, from: u64, to: u64) -> Result<(), Failure> {
        let mut pages = Pages::from(from, to);
        while let Some(rows) = pages.next(self.store).await? {
            let of_entries: Vec<_> = rows
                .iter()
                .filter(|row| row.subject.sequence.is_some())
                .collect();
            for few in of_entries.chunks(REMOVED_AT_ONCE) {
                if self.stop.is_cancelled() {
                    return Ok(());
                }
                let removals = few.iter().map(|row| self.store.remove(&row.key));
                for removed in join_all(removals).await {
                    self.summary.removed += u64::from(removed?);
                }
            }
        }
        Ok(())
    }
}

/// dicom-cast's rows, page by page.
struct Pages {
    filter: RecordFilter,
    after: Option<RecordKey>,
}

impl Pages {
    fn from(from: u64, to: u64) -> Self {
        Self {
            filter: RecordFilter {
                tables: FailureTable::ALL.to_vec(),
                // Rows without a sequence are in no range.
                from_sequence: (from > 0).then_some(from),
                to_sequence: (to < u64::MAX).then_some(to),
                superseded: true,
                ..RecordFilter::default()
            },
            after: None,
        }
    }

    /// The next page, from which radcast's own rows are left out; `None` after the last.
    async fn next(&mut self, store: &dyn Store) -> Result<Option<Vec<FailureRecord>>, Failure> {
        let mut page = store
            .records(&self.filter, self.after.as_ref(), PAGE)
            .await?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        self.after = Some(last.key.clone());
        page.retain(|row| !row.key.is_own());
        Ok(Some(page))
    }
}
