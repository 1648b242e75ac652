//! Which sequence numbers have been read, and which are missing.
//!
//! A missing number is a rolled-back insert, which never comes, or a late commit, which comes a
//! little later. A gap stays open, and holds the watermark back, until it has been read again
//! after the settle time.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// Whether an entry has been read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Novelty {
    New,
    Seen,
}

/// A run of missing sequence numbers.
#[derive(Debug, Clone)]
struct Gap {
    missing: RangeInclusive<u64>,
    found: Instant,
    /// When the entry after the gap happened: what is missing happened before, or about then.
    happened: Option<Timestamp>,
    /// The newest time the feed knew of when the gap was last read.
    known: Option<Timestamp>,
}

/// What has been read: everything up to `read_through` but for the open gaps.
#[derive(Debug)]
pub(super) struct Gaps {
    settle_time: Duration,
    read_through: u64,
    open: Vec<Gap>,
}

impl Gaps {
    pub(super) const fn new(read_through: u64, settle_time: Duration) -> Self {
        Self {
            settle_time,
            read_through,
            open: Vec::new(),
        }
    }

    pub(super) const fn read_through(&self) -> u64 {
        self.read_through
    }

    /// The number up to which nothing can come any more.
    pub(super) fn watermark(&self) -> u64 {
        self.open
            .iter()
            .map(|gap| gap.missing.start().saturating_sub(1))
            .min()
            .unwrap_or(self.read_through)
    }

    /// The missing numbers, the lowest first.
    pub(super) fn missing(&self) -> impl Iterator<Item = RangeInclusive<u64>> {
        self.open.iter().map(|gap| gap.missing.clone())
    }

    /// The start of the lowest gap that begins at `first` or beyond.
    pub(super) fn missing_from(&self, first: u64) -> Option<u64> {
        self.missing()
            .map(|missing| *missing.start())
            .find(|start| *start >= first)
    }

    /// When the entries after the gaps happened, the earliest of them.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.open.iter().filter_map(|gap| gap.happened).min()
    }

    /// Whether an entry of this number has not been read before.
    pub(super) fn is_new(&self, sequence: u64) -> bool {
        sequence > self.read_through || self.missing().any(|gap| gap.contains(&sequence))
    }

    /// Takes note of an entry.
    pub(super) fn observe(
        &mut self,
        sequence: u64,
        happened: Option<Timestamp>,
        now: Instant,
    ) -> Novelty {
        if sequence > self.read_through {
            self.open_up_to(sequence - 1, now);
            self.read_through = sequence;
            for gap in self.open.iter_mut().filter(|gap| gap.happened.is_none()) {
                gap.happened = happened;
            }
            return Novelty::New;
        }
        let Some(at) = self
            .open
            .iter()
            .position(|gap| gap.missing.contains(&sequence))
        else {
            return Novelty::Seen;
        };
        let gap = self.open.remove(at);
        let rest = [
            *gap.missing.start()..=sequence.saturating_sub(1),
            sequence + 1..=*gap.missing.end(),
        ];
        for (offset, missing) in rest
            .into_iter()
            .filter(|range| !range.is_empty())
            .enumerate()
        {
            self.open.insert(
                at + offset,
                Gap {
                    missing,
                    ..gap.clone()
                },
            );
        }
        Novelty::New
    }

    /// Takes note that nothing was found up to `through`.
    pub(super) fn skip_to(&mut self, through: u64, now: Instant) {
        if through > self.read_through {
            self.open_up_to(through, now);
            self.read_through = through;
        }
    }

    fn open_up_to(&mut self, last: u64, now: Instant) {
        let missing = self.read_through + 1..=last;
        if !missing.is_empty() {
            self.open.push(Gap {
                missing,
                found: now,
                happened: None,
                known: None,
            });
        }
    }

    /// Closes what has settled, given that the numbers in `read` were read at `read_at`, when the
    /// newest time in the feed was `newest`.
    pub(super) fn close(
        &mut self,
        read: &RangeInclusive<u64>,
        read_at: Instant,
        newest: Option<Timestamp>,
    ) {
        let settle_time = self.settle_time;
        self.open.retain_mut(|gap| {
            if !read.contains(gap.missing.start()) {
                return !gap.is_old_by_the_feed(settle_time);
            }
            gap.known = gap.known.max(newest);
            let settled = gap.is_old_by_the_feed(settle_time)
                || read_at.saturating_duration_since(gap.found) >= settle_time;
            if settled {
                gap.missing = read.end().saturating_add(1)..=*gap.missing.end();
            }
            !gap.missing.is_empty()
        });
    }

    /// Closes what the feed itself shows to be old, given that all that happened before `known` has
    /// been read since anything beyond `from` was.
    pub(super) fn close_old(&mut self, from: u64, known: Timestamp) {
        let settle_time = self.settle_time;
        self.open.retain_mut(|gap| {
            if *gap.missing.start() > from {
                gap.known = gap.known.max(Some(known));
            }
            !gap.is_old_by_the_feed(settle_time)
        });
    }
}

impl Gap {
    fn is_old_by_the_feed(&self, settle_time: Duration) -> bool {
        self.happened
            .zip(self.known)
            .is_some_and(|(happened, known)| {
                Duration::try_from(known.duration_since(happened))
                    .is_ok_and(|age| age >= settle_time)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_secs(30);

    fn at(seconds: i64) -> Option<Timestamp> {
        Timestamp::from_second(1_700_000_000 + seconds).ok()
    }

    #[test]
    fn a_gap_holds_the_watermark_until_it_has_been_read_again_after_the_settle_time() {
        let start = Instant::now();
        let mut gaps = Gaps::new(0, SETTLE);
        gaps.observe(1, at(0), start);
        gaps.observe(4, at(1), start);
        assert_eq!((gaps.watermark(), gaps.read_through()), (1, 4));
        gaps.close(&(0..=4), start + SETTLE / 2, at(1));
        assert_eq!(gaps.watermark(), 1);
        gaps.close(&(0..=4), start + SETTLE, at(1));
        assert_eq!(gaps.watermark(), 4);
    }

    #[test]
    fn a_gap_that_the_feed_itself_shows_to_be_old_closes_at_once() {
        let start = Instant::now();
        let mut gaps = Gaps::new(10, SETTLE);
        gaps.observe(13, at(0), start);
        gaps.close(&(0..=13), start, at(29));
        assert_eq!(gaps.watermark(), 10);
        gaps.close(&(0..=13), start, at(30));
        assert_eq!(gaps.watermark(), 13);
    }

    #[test]
    fn a_late_commit_is_new_once_and_splits_its_gap() {
        let start = Instant::now();
        let mut gaps = Gaps::new(0, SETTLE);
        gaps.observe(5, at(0), start);
        assert!(gaps.is_new(3) && gaps.is_new(6) && !gaps.is_new(5));
        assert_eq!(gaps.observe(3, at(0), start), Novelty::New);
        assert_eq!(gaps.observe(3, at(0), start), Novelty::Seen);
        assert!(!gaps.is_new(3));
        assert_eq!(gaps.missing().collect::<Vec<_>>(), [1..=2, 4..=4]);
        assert_eq!(gaps.watermark(), 0);
    }

    #[test]
    fn a_window_not_read_again_keeps_its_gaps() {
        let start = Instant::now();
        let mut gaps = Gaps::new(0, SETTLE);
        gaps.skip_to(100, start);
        gaps.close(&(50..=100), start + SETTLE, None);
        assert_eq!(gaps.watermark(), 0);
    }

    #[test]
    fn a_gap_wider_than_a_read_closes_from_its_start() {
        let start = Instant::now();
        let mut gaps = Gaps::new(0, SETTLE);
        gaps.observe(1001, None, start);
        gaps.close(&(1..=100), start + SETTLE, None);
        assert_eq!(gaps.missing().collect::<Vec<_>>(), [101..=1000]);
    }

    #[test]
    fn empty_windows_close_once_the_entry_after_them_shows_that_they_were_old_when_read() {
        let start = Instant::now();
        let mut gaps = Gaps::new(0, SETTLE);
        gaps.skip_to(100, start);
        gaps.close(&(1..=100), start, at(1000));
        assert_eq!(gaps.watermark(), 0);
        gaps.observe(101, at(5), start);
        gaps.close(&(101..=101), start, at(5));
        assert_eq!(gaps.watermark(), 101);
    }

    #[test]
    fn what_lies_below_the_start_has_been_seen() {
        let mut gaps = Gaps::new(7, SETTLE);
        assert_eq!(gaps.observe(7, None, Instant::now()), Novelty::Seen);
        assert_eq!(gaps.watermark(), 7);
    }
}
