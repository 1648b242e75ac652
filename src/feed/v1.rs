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
use super::isolation::{PageReader, Read};
use super::page::{Rows, sequence};
use super::span::Span;
use super::{ChangeFeed, FeedClient, Latest, Page, position_ahead, timestamp};
use crate::failure::Failure;
use crate::settings::OnUnparsable;

/// How many windows with gaps in them are read again for one page.
const WINDOWS_READ_AGAIN: usize = 10;

/// The feed read by windows of sequence numbers.
///
/// One walk asks for the newest entry, reads the windows with gaps in them again, the lowest first,
/// and then goes on to what was the newest.
#[derive(Debug)]
pub struct SequenceWindows {
    pages: PageReader,
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
            pages: PageReader::new(client),
            limit,
            gaps: Gaps::new(position, settle_time),
            latest: Latest::default(),
            again: None,
        }
    }

    /// What becomes of an entry that cannot be read; recorded, unless this says otherwise.
    #[must_use]
    pub fn on_unparsable(mut self, on_unparsable: OnUnparsable) -> Self {
        self.pages.on_unparsable = on_unparsable;
        self
    }

    /// How many pages are asked for at once while there are more; 1, unless this says otherwise.
    #[must_use]
    pub fn pages_at_once(mut self, pages: usize) -> Self {
        self.pages.ask_at_once(pages);
        self
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        self.latest = self.pages.client.latest().await?;
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
            match self.read(first..=last, 0).await {
                Ok((read, through)) => {
                    entries.extend(read);
                    self.again = self.gaps.missing_from(through + 1);
                }
                // What the windows before it brought is not lost; this one is read next time.
                Err(failure) if entries.is_empty() => return Err(failure),
                Err(_) => break,
            }
        }
        Ok(self.page(entries))
    }

    async fn next_window(&mut self) -> Result<Page, Failure> {
        let offset = self.gaps.read_through();
        let window = offset + 1..=offset + self.limit;
        let (entries, _) = self.read(window, self.latest.sequence).await?;
        Ok(self.page(entries))
    }

    /// The entries of a window that are new, and the number up to which it was read. Windows behind
    /// it, up to that of `ahead_to`, may be asked for meanwhile.
    async fn read(
        &mut self,
        window: RangeInclusive<u64>,
        ahead_to: u64,
    ) -> Result<(Rows, u64), Failure> {
        let (start, gaps) = (*window.start(), &self.gaps);
        let span = Span::Sequences(window.clone());
        let following = span.followed_by();
        let following = following.take_while(|span| *span.numbers().start() <= ahead_to);
        let read = self
            .pages
            .read(&span, following, |number| gaps.is_new(number));
        let Read { rows, whole, asked } = read.await?;
        let last = rows.last().and_then(sequence);
        let through = last.filter(|_| !whole).unwrap_or(*window.end());
        let newest = newest_of(&rows, self.latest.timestamp);
        let entries = self.take_note(rows, asked);
        // A window holds all there is of its numbers, whether its entries tell theirs or not.
        self.gaps.skip_to(through.min(self.latest.sequence), asked);
        self.gaps.close(&(start..=through), asked, newest);
        Ok((entries, through))
    }

    fn take_note(&mut self, mut entries: Rows, now: Instant) -> Rows {
        entries.retain(|entry| {
            sequence(entry).is_none_or(|number| {
                self.gaps.observe(number, timestamp(entry), now) == Novelty::New
            })
        });
        entries
    }

    fn page(&self, entries: Rows) -> Page {
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

fn newest_of(entries: &Rows, latest: Option<Timestamp>) -> Option<Timestamp> {
    entries.iter().filter_map(timestamp).chain(latest).max()
}
