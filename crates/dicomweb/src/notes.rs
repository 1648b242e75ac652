//! What has been read of a feed, and what its answers have left out.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::continuity::Continuity;
use super::gaps::{Gaps, Novelty, Reading};
use super::page::{Rows, sequence};
use super::{Page, timestamp, unreliable};
use radcast_engine::failure::Failure;
use radcast_engine::feed::Known;

/// How many entries without a number are remembered.
const REMEMBERED: usize = 100;

/// What has been read of a feed.
#[derive(Debug)]
pub(super) struct Notes {
    pub(super) gaps: Gaps,
    pub(super) continuity: Continuity,
    pub(super) reading: Reading,
    /// Digests of entries without a number, so that each is delivered once.
    nameless: VecDeque<String>,
}

impl Notes {
    /// Everything up to `position` has been read, which happened at that time, if it is known.
    pub(super) fn new(position: u64, happened: Option<Timestamp>, settle_time: Duration) -> Self {
        Self {
            gaps: Gaps::new(position, happened, settle_time),
            continuity: Continuity::new(Known::default()),
            reading: Reading::default(),
            nameless: VecDeque::new(),
        }
    }

    /// An answer, or several that are judged together, is read next.
    pub(super) fn read_next(&mut self) {
        self.reading = self.reading.next();
    }

    /// Takes note of the entries of an answer, and keeps those that are new.
    ///
    /// # Errors
    /// The feed is another one. Nothing has been noted.
    pub(super) fn take(&mut self, mut rows: Rows, now: Instant) -> Result<Rows, Failure> {
        for entry in rows.iter().flatten() {
            self.continuity.compare_row(entry)?;
        }
        let entries = rows.iter().flatten();
        if let Some(last) = entries.max_by_key(|entry| entry.sequence) {
            self.continuity.learn(last);
        }
        rows.retain(|row| match (sequence(row), row) {
            (Some(number), _) => {
                self.gaps.observe(number, timestamp(row), now, self.reading) == Novelty::New
            }
            (None, Err(malformed)) => self.is_new(malformed.subject.digest.as_deref()),
            (None, Ok(_)) => true,
        });
        Ok(rows)
    }

    fn is_new(&mut self, digest: Option<&str>) -> bool {
        let Some(digest) = digest else { return true };
        if self.nameless.iter().any(|known| known == digest) {
            return false;
        }
        self.nameless.push_back(digest.to_owned());
        let surplus = self.nameless.len().saturating_sub(REMEMBERED);
        self.nameless.drain(..surplus);
        true
    }

    /// What a page comes to: a failure where nothing new came and an entry that the feed has named
    /// has been missing in its pages for the settle time; `None` where to read on at once.
    pub(super) fn judge(&self, page: Page) -> Result<Option<Page>, Failure> {
        let Some((number, missing)) = self.gaps.overdue(Instant::now()) else {
            return Ok(Some(page));
        };
        if !page.entries.is_empty() {
            return Ok(Some(page));
        }
        if page.more {
            return Ok(None);
        }
        let seconds = missing.as_secs();
        Err(unreliable(format!(
            "the feed has named entry {number}, but its pages have not held it for {seconds} s"
        )))
    }
}

/// Whether an answer holds an entry whose number cannot be read: it may be any.
pub(super) fn has_nameless(rows: &Rows) -> bool {
    rows.iter().any(|row| sequence(row).is_none())
}
