//! Version 1 of the feed: windows of sequence numbers.
//!
//! A page holds the entries of `(offset, offset + limit]`, fewer than `limit` where numbers are
//! missing, and none at all where all are; an empty page is the end only when the newest entry,
//! asked for *before* the page, is not beyond it. Pages that end before the newest entry are not
//! believed: see [`Gaps`](super::gaps).

use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::time::Instant;

use super::brake::Brake;
use super::continuity::Continuity;
use super::gaps::Answer;
use super::isolation::{PageReader, Read};
use super::notes::{Notes, has_nameless};
use super::page::{Rows, sequence};
use super::span::Span;
use super::{FeedClient, Latest, Page, position_ahead, timestamp, unreliable};
use crate::{ApiVersion, OnUnparsable};
use radcast_dicom::Dataset;
use radcast_engine::failure::Failure;
use radcast_engine::feed::{ChangeFeed, Known};

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
    notes: Notes,
    brake: Brake,
    latest: Latest,
    /// The number up to which this walk has asked for what is new.
    asked_through: u64,
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
            brake: Brake::default(),
            notes: Notes::new(position, None, settle_time),
            latest: Latest::default(),
            asked_through: position,
            again: None,
        }
    }

    /// The feed is to be the one that is known by this; else nothing is read of it.
    #[must_use]
    pub fn known_by(mut self, known: Known) -> Self {
        self.notes.continuity = Continuity::new(known);
        self
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
        let newest = self.pages.client.newest().await?;
        let read_through = self.notes.gaps.read_through();
        if newest.without_body && read_through > 0 {
            return Err(unreliable("the newest entry was answered without a body"));
        }
        if read_through > newest.latest.sequence {
            self.notes.continuity.doubt();
            return Err(position_ahead(read_through, newest.latest.sequence));
        }
        let is_known = self.notes.continuity.compare_newest(&newest)?;
        let has_more = newest.latest.sequence > read_through;
        if !is_known && (has_more || self.notes.continuity.is_in_doubt()) {
            self.notes.continuity.look_up(&self.pages.client).await?;
        }
        self.latest = newest.latest;
        self.asked_through = read_through;
        self.notes.gaps.withdraw_above(self.latest.sequence);
        self.notes.gaps.begin();
        self.again = self.notes.gaps.missing_from(0);
        Ok(())
    }

    /// Reads on by a few windows.
    async fn read_on(&mut self) -> Result<Page, Failure> {
        if self.is_over() {
            self.begin().await?;
        }
        if self.brake.doubts_newest() {
            self.latest = self.pages.client.newest().await?.latest;
            self.notes.gaps.withdraw_above(self.latest.sequence);
        }
        if self.again.is_some() {
            self.read_gaps_again().await
        } else if self.is_over() {
            Ok(self.page(Vec::new()))
        } else {
            self.next_window().await
        }
    }

    fn is_over(&self) -> bool {
        self.again.is_none() && self.asked_through >= self.latest.sequence
    }

    async fn read_gaps_again(&mut self) -> Result<Page, Failure> {
        let mut entries = Vec::new();
        for _ in 0..WINDOWS_READ_AGAIN {
            let Some(first) = self.again else { break };
            let widest = u64::from(ApiVersion::V1.largest_page());
            let window = self.notes.gaps.window_from(first, self.limit, widest);
            match self.read(window).await {
                Ok((read, through)) => {
                    entries.extend(read);
                    self.again = self.notes.gaps.missing_from(through + 1);
                }
                // What the windows before it brought is not lost; this one is read next time.
                Err(failure) if entries.is_empty() => return Err(failure),
                Err(_) => break,
            }
        }
        if self.again.is_none() && self.notes.gaps.is_stuck(Instant::now()) {
            // More would pile up behind a number that may never come.
            self.asked_through = self.latest.sequence;
        }
        Ok(self.page(entries))
    }

    async fn next_window(&mut self) -> Result<Page, Failure> {
        let offset = self.asked_through;
        let window = offset + 1..=offset.saturating_add(self.limit);
        let (entries, through) = self.read(window).await?;
        self.asked_through = through;
        self.again = self.notes.gaps.unjudged(self.latest.timestamp);
        Ok(self.page(entries))
    }

    /// The entries of a window that are new, and the number up to which it was read. What is new
    /// behind it may be asked for meanwhile.
    async fn read(&mut self, window: RangeInclusive<u64>) -> Result<(Rows, u64), Failure> {
        let span = Span::Sequences(window.clone());
        let (ahead_to, limit) = (self.latest.sequence, self.limit);
        let offset = self.asked_through.max(*window.end());
        let first = Span::Sequences(offset + 1..=offset.saturating_add(limit));
        let following = std::iter::once(first.clone()).chain(first.followed_by());
        let following = following.take_while(|span| *span.numbers().start() <= ahead_to);
        let gaps = &self.notes.gaps;
        let read = self
            .pages
            .read(&span, following, |number| gaps.is_new(number));
        let Read { rows, whole, asked } = read.await?;
        let last = rows.last().and_then(sequence);
        let through = last.filter(|_| !whole).unwrap_or(*window.end());
        let entries = self.take(rows, *window.start()..=through, asked)?;
        Ok((entries, through))
    }

    /// Takes note of an answer that should hold these numbers.
    fn take(
        &mut self,
        rows: Rows,
        numbers: RangeInclusive<u64>,
        asked: Instant,
    ) -> Result<Rows, Failure> {
        self.notes.read_next();
        let answer = Answer {
            reading: self.notes.reading,
            asked,
            told: rows.iter().filter_map(timestamp).max(),
            newest: self.latest.timestamp,
            has_nameless: has_nameless(&rows),
            numbers,
        };
        let entries = self.notes.take(rows, asked)?;
        let latest = self.latest.sequence;
        let gaps = &mut self.notes.gaps;
        if answer.numbers.contains(&latest) && gaps.is_new(latest) {
            if answer.has_nameless {
                gaps.observe(latest, self.latest.timestamp, asked, answer.reading);
            } else {
                gaps.expect(latest, asked);
            }
        }
        gaps.close(&answer, Instant::now());
        Ok(entries)
    }

    fn page(&self, entries: Rows) -> Page {
        Page {
            entries,
            watermark: self.notes.gaps.watermark(),
            latest: self.latest.sequence,
            more: !self.is_over(),
        }
    }
}

impl ChangeFeed for SequenceWindows {
    type Data = Dataset;

    async fn next(&mut self) -> Result<Page, Failure> {
        loop {
            let page = self.read_on().await?;
            if self.brake.pace(&page).await? {
                continue;
            }
            if let Some(page) = self.notes.judge(page)? {
                return Ok(page);
            }
        }
    }

    fn address(&self) -> Option<String> {
        Some(self.pages.client.address())
    }
}
