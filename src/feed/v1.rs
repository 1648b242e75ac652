//! Version 1 of the feed: windows of sequence numbers.
//!
//! A page holds the entries of `(offset, offset + limit]`, fewer than `limit` where numbers are
//! missing, and none at all where all are; an empty page is the end only when the newest entry,
//! asked for *before* the page, is not beyond it.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::gaps::{Gaps, Novelty};
use super::page::sequence;
use super::{
    ChangeFeed, Entry, FeedClient, Latest, MalformedEntry, Page, position_ahead, timestamp,
};
use crate::failure::Failure;

/// How many gaps, the lowest first, are read again in one go.
const GAPS_READ_AGAIN: usize = 10;

/// The feed read by windows of sequence numbers.
#[derive(Debug)]
pub struct SequenceWindows {
    client: FeedClient,
    limit: u64,
    gaps: Gaps,
    latest: Latest,
}

impl SequenceWindows {
    /// Reads on after `position`, `limit` numbers a page.
    #[must_use]
    pub fn new(client: FeedClient, limit: u64, position: u64, settle_time: Duration) -> Self {
        Self {
            client,
            limit,
            gaps: Gaps::new(position, settle_time),
            latest: Latest::default(),
        }
    }

    async fn next_window(&mut self) -> Result<Page, Failure> {
        let offset = self.gaps.read_through();
        let read_at = Instant::now();
        let read = self.window(&(offset + 1..=offset + self.limit)).await?;
        let newest = newest_of(&read, self.latest.timestamp);
        let entries = self.take_note(read, read_at);
        if entries.is_empty() {
            self.gaps
                .skip_to((offset + self.limit).min(self.latest.sequence), read_at);
        }
        self.gaps
            .close(&(offset + 1..=self.gaps.read_through()), read_at, newest);
        Ok(self.page(entries, self.gaps.read_through() < self.latest.sequence))
    }

    async fn read_gaps_again(&mut self) -> Result<Page, Failure> {
        let mut entries = Vec::new();
        let gaps: Vec<_> = self.gaps.missing().take(GAPS_READ_AGAIN).collect();
        for gap in gaps {
            let (first, last) = gap.into_inner();
            let window = first..=last.min(first.saturating_add(self.limit - 1));
            let read_at = Instant::now();
            let read = match self.window(&window).await {
                Ok(read) => read,
                // What the windows before it brought is not lost; this one is read next time.
                Err(failure) if entries.is_empty() => return Err(failure),
                Err(_) => break,
            };
            let newest = newest_of(&read, self.latest.timestamp);
            entries.extend(self.take_note(read, read_at));
            self.gaps.close(&window, read_at, newest);
        }
        Ok(self.page(entries, false))
    }

    async fn window(
        &self,
        window: &RangeInclusive<u64>,
    ) -> Result<Vec<Result<Entry, MalformedEntry>>, Failure> {
        let offset = window.start().saturating_sub(1);
        let query = [
            ("offset", offset.to_string()),
            ("limit", (window.end() - offset).to_string()),
            ("includeMetadata", "true".to_owned()),
        ];
        self.client.page(&query).await
    }

    fn take_note(
        &mut self,
        mut entries: Vec<Result<Entry, MalformedEntry>>,
        now: Instant,
    ) -> Vec<Result<Entry, MalformedEntry>> {
        entries.retain(|entry| {
            sequence(entry).is_none_or(|number| {
                self.gaps.observe(number, timestamp(entry), now) == Novelty::New
            })
        });
        entries
    }

    fn page(&self, entries: Vec<Result<Entry, MalformedEntry>>, more: bool) -> Page {
        Page {
            entries,
            watermark: self.gaps.watermark(),
            latest: self.latest.sequence,
            more,
        }
    }
}

impl ChangeFeed for SequenceWindows {
    async fn next(&mut self) -> Result<Page, Failure> {
        if self.gaps.read_through() >= self.latest.sequence {
            self.latest = self.client.latest().await?;
        }
        match self.gaps.read_through().cmp(&self.latest.sequence) {
            std::cmp::Ordering::Less => self.next_window().await,
            std::cmp::Ordering::Equal => self.read_gaps_again().await,
            std::cmp::Ordering::Greater => Err(position_ahead(
                self.gaps.read_through(),
                self.latest.sequence,
            )),
        }
    }
}

fn newest_of(
    entries: &[Result<Entry, MalformedEntry>],
    latest: Option<Timestamp>,
) -> Option<Timestamp> {
    entries.iter().filter_map(timestamp).chain(latest).max()
}
