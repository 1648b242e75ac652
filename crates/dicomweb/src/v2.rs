//! Version 2 of the feed: windows of time, rows skipped within a window.
//!
//! Rows come by timestamp, then sequence. Each pass starts a little before the newest time seen,
//! because what commits late may carry an earlier time; what was read before is known by its
//! sequence. Within a pass the window's start moves on with what is read, so that the number of
//! rows to skip stays small however long the feed is. Pages that are asked for before their turn skip
//! rows from the start that was known then: such a page is taken only if its first row bears the
//! number after the last one. A pass ends where the feed ended when it began: what has come since
//! belongs to the next one, which reads open gaps again, from the entry before the earliest.
//!
//! A pass has to hold the entry that was the newest when it began, and the last one that was read
//! before, if it reaches back to that: else it was read from a cache or from a replica that lags
//! behind, and what it lacks is not believed to be missing.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::brake::Brake;
use super::continuity::Continuity;
use super::entry::Row;
use super::gaps::Answer;
use super::isolation::{PageReader, Read};
use super::notes::{Notes, has_nameless};
use super::page::{Rows, sequence};
use super::span::Span;
use super::{FeedClient, Latest, Page, position_ahead, timestamp, unreliable};
use crate::OnUnparsable;
use radcast_dicom::Dataset;
use radcast_engine::failure::Failure;
use radcast_engine::feed::{ChangeFeed, Known};

/// How far the order of the times may differ from that of the sequences.
const DISORDER: Duration = Duration::from_secs(5);

/// The feed read by windows of time.
#[derive(Debug)]
pub struct TimeWindows {
    pages: PageReader,
    limit: u64,
    overlap: Duration,
    notes: Notes,
    brake: Brake,
    /// Whether the last page led on in time.
    advanced: bool,
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
    /// The entry read before that it has not come to yet, if it should.
    expected: Option<u64>,
    has_nameless: bool,
    /// Whether only gaps are read: more would pile up behind a number that may never come.
    is_held: bool,
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
            notes: Notes::new(position, happened, settle_time),
            brake: Brake::default(),
            advanced: false,
            newest: happened,
            latest: Latest::default(),
            pass: None,
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

    async fn begin(&mut self) -> Result<Pass, Failure> {
        let newest = self.pages.client.newest().await?;
        let read_through = self.notes.gaps.read_through();
        if newest.without_body && read_through > 0 {
            return Err(unreliable("the newest entry was answered without a body"));
        }
        let is_known = self.notes.continuity.compare_newest(&newest)?;
        let is_ahead = read_through > newest.latest.sequence;
        let last = self.notes.continuity.entry();
        let times = newest
            .latest
            .timestamp
            .zip(last.and_then(|last| last.timestamp));
        if is_ahead && times.is_some_and(|(newest, last)| newest < last) {
            self.notes.continuity.doubt();
            return Err(position_ahead(read_through, newest.latest.sequence));
        }
        if !is_known && !is_ahead && self.notes.continuity.is_in_doubt() {
            self.notes.continuity.look_up(&self.pages.client).await?;
        }
        self.latest = newest.latest;
        self.notes.gaps.withdraw_above(self.latest.sequence);
        self.notes.read_next();
        self.notes.gaps.begin();
        let start = self.newest.map(|newest| {
            let earliest = self.notes.gaps.oldest().unwrap_or(newest).min(newest);
            before(earliest, self.overlap)
        });
        let last = self.notes.continuity.entry();
        let last = last.filter(|last| start.is_none() || last.timestamp >= start);
        Ok(Pass {
            began: Instant::now(),
            read_through,
            expected: last.map(|last| last.sequence),
            has_nameless: false,
            is_held: self.notes.gaps.is_stuck(Instant::now()),
            start,
            skip: 0,
            rows: 0,
            last: start.is_none().then_some(0),
            next: None,
        })
    }

    /// The rows of a pass that come next. Those that were asked for by their place from an earlier
    /// start are taken only if they follow what was read last without a gap: else they are asked for
    /// again, from the last time read on.
    async fn rows(&mut self, pass: &mut Pass) -> Result<Read, Failure> {
        let anchored = pass.span(self.limit);
        let next = pass.next.take();
        let next = next.filter(|next| *next != anchored && self.pages.is_asked(next));
        if let Some(span) = next {
            let read = self.read(&span, pass).await?;
            let first = read.rows.first().and_then(sequence);
            if first.is_some() && first == pass.last.and_then(|last| last.checked_add(1)) {
                return Ok(read);
            }
        }
        self.read(&anchored, pass).await
    }

    async fn read(&mut self, span: &Span, pass: &mut Pass) -> Result<Read, Failure> {
        let left = self
            .latest
            .sequence
            .saturating_sub(self.notes.gaps.read_through());
        let pages = usize::try_from(left / self.limit).unwrap_or(usize::MAX);
        pass.next = span.next();
        let gaps = &self.notes.gaps;
        let following = span.followed_by().take(pages);
        let read = self
            .pages
            .read(span, following, |number| gaps.is_new(number));
        read.await
    }

    /// Whether a row comes after those of the pass that have been read, or has never been read. A
    /// page without such a row is another page.
    fn leads_on(&self, pass: &Pass, row: &Row) -> bool {
        let (number, time) = (sequence(row), timestamp(row));
        let is_after = time > pass.start || time == pass.start && number > pass.last;
        let is_new = number.is_none_or(|number| self.notes.gaps.is_new(number));
        time.is_none() || is_after || is_new
    }

    /// Takes note of an answer.
    fn take(&mut self, mut rows: Rows, pass: &mut Pass) -> Result<Rows, Failure> {
        if pass.is_held {
            let last = pass.read_through;
            rows.retain(|row| sequence(row).is_none_or(|number| number <= last));
        }
        pass.has_nameless |= has_nameless(&rows);
        if rows.iter().any(|row| sequence(row) == pass.expected) {
            pass.expected = None;
        }
        let newest = rows.iter().filter_map(timestamp).max();
        let entries = self.notes.take(rows, Instant::now())?;
        self.newest = self.newest.max(newest);
        Ok(entries)
    }

    fn is_past_latest(&self, pass: &Pass) -> bool {
        let known = pass.start.zip(self.latest.timestamp);
        known.is_some_and(|(reached, latest)| reached > latest)
    }

    /// Closes gaps beyond `from`, which this pass has read, that were old when it began. None is
    /// while the pass has not come to what was read before: it may be read from somewhere else.
    fn close_old(&mut self, from: u64, pass: &Pass) {
        if pass.expected.is_some() && !pass.has_nameless {
            return;
        }
        let reached = pass.start.map(|start| before(start, DISORDER));
        if let Some((reached, latest)) = reached.zip(self.latest.timestamp) {
            let (known, reading) = (reached.min(latest), self.notes.reading);
            self.notes.gaps.close_old(from, known, reading);
        }
    }

    /// What the pass should have held and did not is awaited.
    fn expect(&mut self, pass: &Pass) {
        if pass.has_nameless {
            return;
        }
        let (gaps, latest) = (&mut self.notes.gaps, self.latest.sequence);
        let named = Some(latest).filter(|latest| gaps.is_new(*latest));
        let lacking = named.into_iter().chain(pass.expected);
        lacking.for_each(|number| gaps.expect(number, pass.began));
    }

    /// A feed that no longer holds the last row read has been restored or replaced.
    fn end(&mut self, pass: &Pass) -> Result<(), Failure> {
        let read_through = self.notes.gaps.read_through();
        if pass.rows == 0 && self.latest.sequence < read_through {
            self.notes.continuity.doubt();
            return Err(position_ahead(read_through, self.latest.sequence));
        }
        self.expect(pass);
        let answer = Answer {
            numbers: 0..=read_through,
            reading: self.notes.reading,
            asked: pass.began,
            told: pass.start.map(|start| before(start, DISORDER)),
            newest: self.latest.timestamp,
            has_nameless: pass.has_nameless,
        };
        self.notes.gaps.close(&answer, Instant::now());
        Ok(())
    }

    /// Reads on by a page.
    async fn read_on(&mut self) -> Result<Page, Failure> {
        let mut pass = match self.pass.clone() {
            Some(pass) => pass,
            None => self.begin().await?,
        };
        let Read { rows, whole, .. } = self.rows(&mut pass).await?;
        self.pass = None;
        if !whole {
            pass.next = None;
        }
        let leading = rows.iter().filter(|row| self.leads_on(&pass, row)).count();
        if leading == 0 && !rows.is_empty() {
            return Err(unreliable(
                "a page holds only entries of before the one that was read last",
            ));
        }
        let mut more = !whole || rows.len() as u64 >= self.limit;
        let before = pass.start;
        pass.advance(&rows, leading as u64);
        self.advanced = pass.start > before;
        let entries = self.take(rows, &mut pass)?;
        if !more {
            self.end(&pass)?;
        } else if self.is_past_latest(&pass) {
            self.expect(&pass);
            self.close_old(0, &pass);
            more = self.notes.gaps.overdue(Instant::now()).is_none();
        } else {
            self.close_old(pass.read_through, &pass);
            self.pass = Some(pass);
        }
        let latest = self.latest.sequence.max(self.notes.gaps.read_through());
        Ok(Page {
            entries,
            watermark: self.notes.gaps.watermark(),
            latest,
            more,
        })
    }
}

impl ChangeFeed for TimeWindows {
    type Data = Dataset;

    async fn next(&mut self) -> Result<Page, Failure> {
        loop {
            let page = self.read_on().await?;
            if self.advanced {
                // Rows that were read before the start, perhaps: there is an end to them.
                self.brake = Brake::default();
            } else if self.brake.pace(&page).await? {
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

    /// Moves the window's start to the last time read, skipping the rows read of that same time. Where
    /// the start stays, those rows are skipped that lead on, `leading` of them.
    fn advance(&mut self, rows: &[Row], leading: u64) {
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
            _ => self.skip += leading,
        }
    }
}

fn before(time: Timestamp, overlap: Duration) -> Timestamp {
    time.checked_sub(overlap).unwrap_or(Timestamp::MIN)
}
