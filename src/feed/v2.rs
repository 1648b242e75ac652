//! Version 2 of the feed: windows of time, rows skipped within a window.
//!
//! Rows come by timestamp, then sequence. Each pass starts a little before the newest time seen,
//! because what commits late may carry an earlier time; what was read before is known by its
//! sequence. Within a pass the window's start moves on with what is read, so that the number of
//! rows to skip stays small however long the feed is; pages that are asked for before their turn skip
//! rows from the start that was known then. A row that slips in among them leaves a gap, which the
//! next pass reads again. A pass ends where the feed ended when it
//! began: what has come since belongs to the next one, which reads open gaps again.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::gaps::{Gaps, Novelty};
use super::isolation::{PageReader, Read};
use super::page::{Rows, sequence};
use super::span::Span;
use super::{
    ChangeFeed, Entry, FeedClient, Latest, MalformedEntry, Page, position_ahead, timestamp,
};
use crate::failure::Failure;
use crate::settings::OnUnparsable;

/// How far the order of the times may differ from that of the sequences.
const DISORDER: Duration = Duration::from_secs(5);

/// The feed read by windows of time.
#[derive(Debug)]
pub struct TimeWindows {
    pages: PageReader,
    limit: u64,
    overlap: Duration,
    gaps: Gaps,
    newest: Option<Timestamp>,
    latest: Latest,
    pass: Option<Pass>,
}

/// One walk to what was the end of the feed when it began.
#[derive(Debug, Clone)]
struct Pass {
    began: Instant,
    /// What had been read before.
    read_through: u64,
    /// From when on rows are asked for: the time of the last one read.
    start: Option<Timestamp>,
    skip: u64,
    rows: u64,
    /// The sequence of the last row read; 0 before the first of the feed.
    last: Option<u64>,
    /// What follows what was read last, as it may have been asked for before that was read.
    next: Option<Span>,
}

impl TimeWindows {
    /// Reads on after the entry `position` that happened at `happened`; without that time the feed
    /// is read from its beginning, and what is not beyond `position` passed over.
    #[must_use]
    pub fn new(
        client: FeedClient,
        limit: u64,
        position: u64,
        happened: Option<Timestamp>,
        settle_time: Duration,
    ) -> Self {
        Self {
            pages: PageReader::new(client),
            limit,
            overlap: settle_time,
            gaps: Gaps::new(position, settle_time),
            newest: happened,
            latest: Latest::default(),
            pass: None,
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

    async fn begin(&mut self) -> Result<Pass, Failure> {
        self.latest = self.pages.client.latest().await?;
        let began = Instant::now();
        let start = self.newest.map(|newest| {
            let earliest = self.gaps.oldest().unwrap_or(newest).min(newest);
            before(earliest, self.overlap)
        });
        Ok(Pass {
            began,
            read_through: self.gaps.read_through(),
            start,
            skip: 0,
            rows: 0,
            last: start.is_none().then_some(0),
            next: None,
        })
    }

    async fn rows(&mut self, pass: &mut Pass) -> Result<Read, Failure> {
        let next = pass.next.take();
        let span = next.filter(|next| self.pages.is_asked(next));
        let span = span.unwrap_or_else(|| pass.span(self.limit));
        let left = self
            .latest
            .sequence
            .saturating_sub(self.gaps.read_through());
        let pages = usize::try_from(left / self.limit).unwrap_or(usize::MAX);
        pass.next = span.next();
        let gaps = &self.gaps;
        let read = self
            .pages
            .read(&span, span.followed_by().take(pages), |number| {
                gaps.is_new(number)
            });
        read.await
    }

    fn take_note(&mut self, mut rows: Rows) -> Rows {
        self.newest = rows.iter().filter_map(timestamp).chain(self.newest).max();
        let now = Instant::now();
        rows.retain(|row| {
            sequence(row)
                .is_none_or(|number| self.gaps.observe(number, timestamp(row), now) == Novelty::New)
        });
        rows
    }

    fn is_past_latest(&self, pass: &Pass) -> bool {
        let known = pass.start.zip(self.latest.timestamp);
        known.is_some_and(|(reached, latest)| reached > latest)
    }

    /// Closes gaps beyond `from`, which this pass has read, that were old when it began.
    fn close_old(&mut self, from: u64, pass: &Pass) {
        let reached = pass.start.map(|start| before(start, DISORDER));
        if let Some((reached, latest)) = reached.zip(self.latest.timestamp) {
            self.gaps.close_old(from, reached.min(latest));
        }
    }

    /// A feed that no longer holds the last row read has been restored or replaced.
    fn end(&mut self, pass: &Pass) -> Result<(), Failure> {
        let read_through = self.gaps.read_through();
        if pass.rows == 0 && self.latest.sequence < read_through {
            return Err(position_ahead(read_through, self.latest.sequence));
        }
        self.gaps
            .close(&(0..=read_through), pass.began, self.latest.timestamp);
        Ok(())
    }
}

impl ChangeFeed for TimeWindows {
    async fn next(&mut self) -> Result<Page, Failure> {
        let mut pass = match self.pass.clone() {
            Some(pass) => pass,
            None => self.begin().await?,
        };
        let Read { rows, whole, .. } = self.rows(&mut pass).await?;
        if !whole {
            pass.next = None;
        }
        let more = !whole || rows.len() as u64 >= self.limit;
        pass.advance(&rows);
        let entries = self.take_note(rows);
        self.pass = None;
        if !more {
            self.end(&pass)?;
        } else if self.is_past_latest(&pass) {
            self.close_old(0, &pass);
        } else {
            self.close_old(pass.read_through, &pass);
            self.pass = Some(pass);
        }
        let latest = self.latest.sequence.max(self.gaps.read_through());
        Ok(Page {
            entries,
            watermark: self.gaps.watermark(),
            latest,
            more,
        })
    }
}

impl Pass {
    /// The next rows of it.
    const fn span(&self, limit: u64) -> Span {
        Span::Rows {
            from: self.start,
            skip: self.skip,
            count: limit,
            after: self.last,
        }
    }

    /// Moves the window's start to the last time read, skipping the rows read of that same time.
    fn advance(&mut self, rows: &[Result<Entry, MalformedEntry>]) {
        let read = rows.len() as u64;
        self.rows += read;
        self.last = rows.last().map_or(self.last, sequence);
        match rows.last().and_then(timestamp) {
            Some(last) if Some(last) > self.start => {
                let of_that_time = rows
                    .iter()
                    .filter(|row| timestamp(row) == Some(last))
                    .count();
                self.start = Some(last);
                self.skip = of_that_time as u64;
            }
            _ => self.skip += read,
        }
    }
}

fn before(time: Timestamp, overlap: Duration) -> Timestamp {
    time.checked_sub(overlap).unwrap_or(Timestamp::MIN)
}
