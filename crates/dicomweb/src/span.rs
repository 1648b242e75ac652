//! A stretch of the feed that one request asks for.

use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};

use super::{Entry, Latest};
use crate::ApiVersion;

/// The numbers that a feed counts with: 64 bits with a sign, from 1.
pub(super) const ALL_NUMBERS: RangeInclusive<u64> = 1..=i64::MAX.unsigned_abs();

/// A stretch of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Span {
    /// v1: these sequence numbers.
    Sequences(RangeInclusive<u64>),
    /// v2: rows from a time on.
    Rows {
        /// The first time; `None` for the beginning of the feed.
        from: Option<Timestamp>,
        /// How many rows from there on are left out.
        skip: u64,
        /// How many rows are asked for.
        count: u64,
        /// The number of the row before them, as far as it is known; 0 at the beginning.
        after: Option<u64>,
    },
}

/// Where an entry stands, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) sequence: Option<u64>,
    pub(super) time: Option<Timestamp>,
}

/// How far beyond the newest entry there is none, not even one that was stored meanwhile.
const FAR: u64 = 1_000_000;

/// The same in time.
const LATER: SignedDuration = SignedDuration::from_hours(24 * 365);

impl Span {
    /// One place that no entry has, beyond the newest one.
    pub(super) fn beyond(version: ApiVersion, latest: Latest) -> Self {
        let place = latest.sequence.saturating_add(FAR).min(*ALL_NUMBERS.end());
        let later = latest.timestamp.map(|time| time.saturating_add(LATER));
        let from = later.and_then(Result::ok);
        match version {
            ApiVersion::V1 => Self::Sequences(place..=place),
            ApiVersion::V2 => Self::Rows {
                skip: if from.is_some() { 0 } else { place },
                from,
                count: 1,
                after: None,
            },
        }
    }

    /// The query that asks for it.
    pub(super) fn query(&self, metadata: bool) -> Vec<(&'static str, String)> {
        let (offset, limit) = match self {
            Self::Sequences(numbers) => {
                let offset = numbers.start().saturating_sub(1);
                (offset, numbers.end().saturating_sub(offset))
            }
            Self::Rows { skip, count, .. } => (*skip, *count),
        };
        let mut query = vec![
            ("offset", offset.to_string()),
            ("limit", limit.to_string()),
            ("includeMetadata", metadata.to_string()),
        ];
        if let Self::Rows {
            from: Some(from), ..
        } = self
        {
            query.push(("startTime", from.to_string()));
        }
        query
    }

    /// How many entries it has at most.
    pub(super) fn most(&self) -> usize {
        let most = match self {
            Self::Sequences(numbers) => {
                let (start, end) = (*numbers.start(), *numbers.end());
                end.saturating_sub(start).saturating_add(1)
            }
            Self::Rows { count, .. } => *count,
        };
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    /// The numbers that its entries can have.
    pub(super) fn numbers(&self) -> RangeInclusive<u64> {
        match self {
            Self::Sequences(numbers) => numbers.clone(),
            Self::Rows { .. } => ALL_NUMBERS,
        }
    }

    /// As much again, right behind it, and so on.
    pub(super) fn followed_by(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.next(), Self::next)
    }

    /// As much again, right behind it.
    pub(super) fn next(&self) -> Option<Self> {
        match self {
            Self::Sequences(numbers) => {
                let (start, end) = (*numbers.start(), *numbers.end());
                let first = end.checked_add(1)?;
                let last = first.checked_add(end.checked_sub(start)?)?;
                Some(Self::Sequences(first..=last))
            }
            Self::Rows {
                from, skip, count, ..
            } => Some(Self::Rows {
                from: *from,
                skip: skip.checked_add(*count)?,
                count: *count,
                after: None,
            }),
        }
    }

    /// The only number that there can be in it.
    pub(super) fn only_number(&self) -> Option<u64> {
        let numbers = self.numbers();
        (numbers.start() == numbers.end()).then_some(*numbers.start())
    }

    /// Two halves; `None` when one entry stands alone in it.
    pub(super) fn halves(&self) -> Option<[Self; 2]> {
        match self {
            Self::Sequences(numbers) => {
                let (start, end) = (*numbers.start(), *numbers.end());
                let middle = start + end.checked_sub(start)? / 2;
                let halves = [start..=middle, middle + 1..=end];
                (middle < end).then(|| halves.map(Self::Sequences))
            }
            Self::Rows {
                from, skip, count, ..
            } => {
                let first = count / 2;
                let half = |skip, count| Self::Rows {
                    from: *from,
                    skip,
                    count,
                    after: None,
                };
                (*count > 1).then(|| [half(*skip, first), half(skip + first, count - first)])
            }
        }
    }

    /// The span that an entry of it, or one that happened at the same time, stands alone in.
    pub(super) fn around(&self, entry: &Entry) -> Self {
        match self {
            Self::Sequences(_) => Self::Sequences(entry.sequence..=entry.sequence),
            Self::Rows { .. } => Self::Rows {
                from: entry.timestamp,
                skip: 0,
                count: 1,
                after: None,
            },
        }
    }

    /// Whether an entry may be in it.
    pub(super) fn may_hold(&self, place: &Place) -> bool {
        match self {
            Self::Sequences(numbers) => place
                .sequence
                .is_some_and(|number| numbers.contains(&number)),
            Self::Rows { from, .. } => *from <= place.time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(skip: u64, count: u64) -> Span {
        let from = Timestamp::from_second(7).ok();
        Span::Rows {
            from,
            skip,
            count,
            after: None,
        }
    }

    #[test]
    fn halves_make_up_the_whole_until_one_stands_alone() {
        let halves = Span::Sequences(11..=15).halves().unwrap();
        assert_eq!(halves, [11..=13, 14..=15].map(Span::Sequences));
        assert_eq!(Span::Sequences(11..=11).halves(), None);
        assert_eq!(Span::Sequences(11..=11).only_number(), Some(11));
        assert_eq!(rows(4, 5).halves(), Some([rows(4, 2), rows(6, 3)]));
        assert_eq!(rows(4, 1).halves(), None);
        assert_eq!(rows(4, 1).only_number(), None);
    }

    #[test]
    fn a_query_asks_for_what_is_in_the_span() {
        let query = |span: &Span| {
            let pairs = span.query(false).into_iter();
            let pairs: Vec<_> = pairs
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            pairs.join("&")
        };
        assert_eq!(
            query(&Span::Sequences(11..=15)),
            "offset=10&limit=5&includeMetadata=false"
        );
        assert_eq!(
            query(&rows(4, 5)),
            "offset=4&limit=5&includeMetadata=false&startTime=1970-01-01T00:00:07Z"
        );
    }

    #[test]
    fn rows_before_the_first_time_are_not_in_it() {
        let at = |second| Place {
            sequence: None,
            time: Timestamp::from_second(second).ok(),
        };
        assert!(!rows(0, 9).may_hold(&at(6)) && rows(0, 9).may_hold(&at(7)));
    }
}
