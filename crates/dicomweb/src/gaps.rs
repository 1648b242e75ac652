//! Which sequence numbers have been read, and which are missing.
//!
//! A missing number is a rolled-back insert, which never comes, or a late commit, which comes a
//! little later. A gap stays open, and holds the watermark back, until it has been read again
//! after the settle time.
//!
//! Absence is believed only from an answer that holds the entry right after the gap. A number that
//! the feed has named is no gap: while an answer that should hold it does not, the source is a cache
//! or lags behind, and says nothing of other numbers either.

use std::collections::BTreeMap;
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

/// One answer, or several that are judged together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Reading(u64);

impl Reading {
    /// The one after it.
    pub(super) const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// A run of missing sequence numbers. The number right after it has been read.
#[derive(Debug, Clone)]
struct Gap {
    missing: RangeInclusive<u64>,
    found: Instant,
    /// When the entry before the gap happened: what is missing happened after, or about then.
    preceded: Option<Timestamp>,
    /// When the entry after the gap happened: what is missing happened before, or about then.
    happened: Option<Timestamp>,
    /// The last reading that held the entry after the gap.
    bounded: Reading,
    /// Whether an answer that reaches into it has been judged since reading began anew.
    judged: bool,
}

/// An answer that is judged for what it does not hold.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// The numbers that it should hold.
    pub(super) numbers: RangeInclusive<u64>,
    pub(super) reading: Reading,
    /// When it was asked for.
    pub(super) asked: Instant,
    /// The newest time that its own entries tell.
    pub(super) told: Option<Timestamp>,
    /// The newest time that the feed has told otherwise.
    pub(super) newest: Option<Timestamp>,
    /// Whether an entry in it may be any: its number cannot be read.
    pub(super) has_nameless: bool,
}

/// What has been read: everything up to `read_through` but for the open gaps.
#[derive(Debug)]
pub(super) struct Gaps {
    settle_time: Duration,
    read_through: u64,
    /// When the entry of that number happened, or one before it.
    reached: Option<Timestamp>,
    open: Vec<Gap>,
    /// Numbers that the feed has named and that an answer which should hold them did not, since when.
    awaited: BTreeMap<u64, Instant>,
}

impl Gaps {
    /// Nothing is missing up to `read_through`, which happened at `reached`, if that is known.
    pub(super) const fn new(
        read_through: u64,
        reached: Option<Timestamp>,
        settle_time: Duration,
    ) -> Self {
        Self {
            settle_time,
            read_through,
            reached,
            open: Vec::new(),
            awaited: BTreeMap::new(),
        }
    }

    /// The highest number read.
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

    /// The lowest missing number from `first` on.
    pub(super) fn missing_from(&self, first: u64) -> Option<u64> {
        self.missing()
            .find(|missing| *missing.end() >= first)
            .map(|missing| first.max(*missing.start()))
    }

    /// The start of the lowest gap of which no answer has been judged, though by the newest time of
    /// the feed it is old.
    pub(super) fn unjudged(&self, newest: Option<Timestamp>) -> Option<u64> {
        let mut open = self.open.iter();
        let gap = open.find(|gap| !gap.judged && gap.is_old_by(newest, self.settle_time))?;
        Some(*gap.missing.start())
    }

    /// The numbers that are read together from the missing one `first` on: `width`, and as many more
    /// as the rest of its gap and the entry after that need, but no more than `widest` (2 at least).
    /// They never end with a gap, as its last number is read with the entry after it.
    pub(super) fn window_from(&self, first: u64, width: u64, widest: u64) -> RangeInclusive<u64> {
        let numbered = |width: u64| first.saturating_add(width.saturating_sub(1));
        let mut missing = self.missing();
        let gap = missing.find(|gap| gap.contains(&first));
        let bound = gap.map_or(first, |gap| gap.end().saturating_add(1));
        let last = numbered(width).max(bound).min(numbered(widest));
        let last = last.min(self.read_through);
        let ends = self.missing().any(|missing| *missing.end() == last);
        first..=if ends { first.max(last - 1) } else { last }
    }

    /// Since when what is missing may have happened: the time of the entry before the earliest gap.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        let since = |gap: &Gap| gap.preceded.or(gap.happened);
        self.open.iter().filter_map(since).min()
    }

    /// Whether an entry of this number has not been read before.
    pub(super) fn is_new(&self, sequence: u64) -> bool {
        sequence > self.read_through || self.missing().any(|gap| gap.contains(&sequence))
    }

    /// Reading begins anew: what is judged from now on counts.
    pub(super) fn begin(&mut self) {
        self.open.iter_mut().for_each(|gap| gap.judged = false);
    }

    /// The feed has named a number that an answer which should hold it does not.
    pub(super) fn expect(&mut self, sequence: u64, now: Instant) {
        self.awaited.entry(sequence).or_insert(now);
    }

    /// The feed names this number as its newest: a higher one that was not read was named wrongly.
    pub(super) fn withdraw_above(&mut self, latest: u64) {
        let newest = latest.max(self.read_through);
        self.awaited.retain(|number, _| *number <= newest);
    }

    /// A number that the feed has named and that answers have not held for the settle time, and for
    /// how long.
    pub(super) fn overdue(&self, now: Instant) -> Option<(u64, Duration)> {
        let mut awaited = self.awaited.iter();
        awaited.find_map(|(sequence, since)| {
            let missing = now.saturating_duration_since(*since);
            (missing >= self.settle_time).then_some((*sequence, missing))
        })
    }

    /// Whether a number is overdue although later ones have been read.
    pub(super) fn is_stuck(&self, now: Instant) -> bool {
        let overdue = self.overdue(now);
        overdue.is_some_and(|(sequence, _)| sequence < self.read_through)
    }

    /// Takes note of an entry.
    pub(super) fn observe(
        &mut self,
        sequence: u64,
        happened: Option<Timestamp>,
        now: Instant,
        reading: Reading,
    ) -> Novelty {
        self.awaited.remove(&sequence);
        if sequence > self.read_through {
            self.open_before(sequence, now, reading);
            self.read_through = sequence;
            self.reached = happened.or(self.reached);
            for gap in self.open.iter_mut().filter(|gap| gap.happened.is_none()) {
                gap.happened = happened;
            }
            return Novelty::New;
        }
        let after = |gap: &&mut Gap| gap.missing.end().checked_add(1) == Some(sequence);
        if let Some(gap) = self.open.iter_mut().find(after) {
            gap.bounded = reading;
        }
        let mut open = self.open.iter();
        let Some(at) = open.position(|gap| gap.missing.contains(&sequence)) else {
            return Novelty::Seen;
        };
        let gap = self.open.remove(at);
        let before = *gap.missing.start()..=sequence.saturating_sub(1);
        let behind = sequence + 1..=*gap.missing.end();
        let pieces = [(before, reading), (behind, gap.bounded)];
        let pieces = pieces.into_iter().filter(|(range, _)| !range.is_empty());
        for (offset, (missing, bounded)) in pieces.enumerate() {
            let piece = Gap {
                missing,
                bounded,
                ..gap.clone()
            };
            self.open.insert(at + offset, piece);
        }
        Novelty::New
    }

    fn open_before(&mut self, sequence: u64, now: Instant, reading: Reading) {
        let missing = self.read_through + 1..=sequence - 1;
        if !missing.is_empty() {
            self.open.push(Gap {
                missing,
                found: now,
                preceded: self.reached,
                happened: None,
                bounded: reading,
                judged: false,
            });
        }
    }

    /// Closes what has settled of the gaps that begin in an answer, as far as it is to be believed.
    pub(super) fn close(&mut self, answer: &Answer, now: Instant) {
        self.expect_bounds(answer, now);
        let mut awaited = self.awaited.range(answer.numbers.clone());
        let is_complete = awaited.next().is_none() && self.overdue(now).is_none();
        let (settle_time, awaited) = (self.settle_time, &self.awaited);
        self.open.retain_mut(|gap| {
            if !answer.numbers.contains(gap.missing.start()) {
                return true;
            }
            gap.judged = true;
            if gap.holds_any(awaited) {
                return true;
            }
            let settled = gap.is_old_by(answer.told, settle_time)
                || is_complete && gap.has_settled(answer, settle_time);
            let last = gap.believed(answer).filter(|_| settled);
            if let Some(last) = last {
                gap.missing = last + 1..=*gap.missing.end();
            }
            !gap.missing.is_empty()
        });
    }

    /// The entry right after a gap exists: where the answer lacks it, it is awaited.
    fn expect_bounds(&mut self, answer: &Answer, now: Instant) {
        if answer.has_nameless {
            return;
        }
        let lacking = self.open.iter().filter(|gap| {
            let ends_in = answer
                .numbers
                .contains(&gap.missing.end().saturating_add(1));
            ends_in && gap.bounded != answer.reading
        });
        let lacking: Vec<_> = lacking.map(|gap| *gap.missing.end() + 1).collect();
        lacking
            .into_iter()
            .for_each(|number| self.expect(number, now));
    }

    /// Closes what the feed itself shows to be old, given that all that happened before `known` has
    /// been read in this reading since anything beyond `from` was.
    pub(super) fn close_old(&mut self, from: u64, known: Timestamp, reading: Reading) {
        let (settle_time, awaited) = (self.settle_time, &self.awaited);
        self.open.retain(|gap| {
            *gap.missing.start() <= from
                || gap.bounded != reading
                || gap.holds_any(awaited)
                || !gap.is_old_by(Some(known), settle_time)
        });
    }
}

impl Gap {
    /// Whether the entry after it happened so long before this time of the feed that whatever is
    /// missing would have come.
    fn is_old_by(&self, known: Option<Timestamp>, settle_time: Duration) -> bool {
        self.happened.zip(known).is_some_and(|(happened, known)| {
            Duration::try_from(known.duration_since(happened)).is_ok_and(|age| age >= settle_time)
        })
    }

    /// Whether one of its numbers is awaited.
    fn holds_any(&self, awaited: &BTreeMap<u64, Instant>) -> bool {
        awaited.range(self.missing.clone()).next().is_some()
    }

    fn has_settled(&self, answer: &Answer, settle_time: Duration) -> bool {
        self.is_old_by(answer.newest, settle_time)
            || answer.asked.saturating_duration_since(self.found) >= settle_time
    }

    /// The last of its numbers whose absence is believed of an answer: all of them, where that holds
    /// the entry after it; and of a gap that is wider than an answer those that the answer covers.
    fn believed(&self, answer: &Answer) -> Option<u64> {
        let (last, end) = (*answer.numbers.end(), *self.missing.end());
        if last > end {
            return (answer.has_nameless || self.bounded == answer.reading).then_some(end);
        }
        let last = last.min(end.saturating_sub(1));
        (last >= *self.missing.start()).then_some(last)
    }
}

#[cfg(test)]
mod tests;
