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

/// How many windows with gaps in them are read again for one page.
const WINDOWS_READ_AGAIN: usize = 10;

/// The feed read by windows of sequence numbers.
///
/// One walk asks for the newest entry, reads the windows with gaps in them again, the lowest first,
/// and then goes on to what was the newest.
#[derive(Debug)]
pub struct SequenceWindows {
    client: FeedClient,
    limit: u64,
    gaps: Gaps,
    latest: Latest,
    /// The gap that this walk reads again next; `None` once it has read them all.
    again: Option<u64>,
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
            again: None,
        }
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        self.latest = self.client.latest().await?;
        let read_through = self.gaps.read_through();
        if read_through > self.latest.sequence {
            return Err(position_ahead(read_through, self.latest.sequence));
        }
        self.again = self.gaps.missing_from(0);
        Ok(())
    }

    async fn read_gaps_again(&mut self) -> Result<Page, Failure> {
        let mut entries = Vec::new();
        for _ in 0..WINDOWS_READ_AGAIN {
            let Some(first) = self.again else { break };
            let last = (first + self.limit - 1).min(self.gaps.read_through());
            match self.read(first..=last).await {
                Ok(read) => entries.extend(read),
                // What the windows before it brought is not lost; this one is read next time.
                Err(failure) if entries.is_empty() => return Err(failure),
                Err(_) => break,
            }
            self.again = self.gaps.missing_from(last + 1);
        }
        Ok(self.page(entries))
    }

    async fn next_window(&mut self) -> Result<Page, Failure> {
        let offset = self.gaps.read_through();
        let entries = self.read(offset + 1..=offset + self.limit).await?;
        Ok(self.page(entries))
    }

    /// The entries of a window that are new.
    async fn read(
        &mut self,
        window: RangeInclusive<u64>,
    ) -> Result<Vec<Result<Entry, MalformedEntry>>, Failure> {
        let read_at = Instant::now();
        let read = self.window(&window).await?;
        let newest = newest_of(&read, self.latest.timestamp);
        let entries = self.take_note(read, read_at);
        // A window holds all there is of its numbers, whether its entries tell theirs or not.
        let through = *window.end().min(&self.latest.sequence);
        self.gaps.skip_to(through, read_at);
        self.gaps.close(&window, read_at, newest);
        Ok(entries)
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

    fn page(&self, entries: Vec<Result<Entry, MalformedEntry>>) -> Page {
        Page {
            entries,
            watermark: self.gaps.watermark(),
            latest: self.latest.sequence,
            more: self.again.is_some() || self.gaps.read_through() < self.latest.sequence,
        }
    }
}

impl ChangeFeed for SequenceWindows {
    async fn next(&mut self) -> Result<Page, Failure> {
        if self.again.is_none() && self.gaps.read_through() >= self.latest.sequence {
            self.begin().await?;
        }
        if self.again.is_some() {
            self.read_gaps_again().await
        } else if self.gaps.read_through() < self.latest.sequence {
            self.next_window().await
        } else {
            Ok(self.page(Vec::new()))
        }
    }
}

fn newest_of(
    entries: &[Result<Entry, MalformedEntry>],
    latest: Option<Timestamp>,
) -> Option<Timestamp> {
    entries.iter().filter_map(timestamp).chain(latest).max()
}
