//! The part of a feed entry that never changes: by it a feed is known again.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use super::is_uid;

/// What times are cut or rounded to, in nanoseconds.
const PRECISIONS: [i32; 3] = [1_000_000_000, 1_000_000, 1_000];

/// The finest time that a service tells, in nanoseconds.
const TICK: i32 = 100;

/// Sequence, time and UIDs of a feed entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryIdentity {
    /// Its number in the feed.
    pub sequence: u64,
    /// When it happened, by the service's clock.
    pub timestamp: Option<Timestamp>,
    /// Study, Series and SOP Instance UID, with slashes between them.
    pub uids: Box<str>,
}

impl EntryIdentity {
    /// The UIDs as an identity holds them; `None` when one of them is no UID.
    #[must_use]
    pub fn join(study: &str, series: &str, instance: &str) -> Option<Box<str>> {
        let uids = [study, series, instance];
        let valid = uids.into_iter().all(is_uid);
        valid.then(|| uids.join("/").into_boxed_str())
    }

    /// Whether both may be the same entry: stores and services cut and round times.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        let times = self.timestamp.zip(other.timestamp);
        self.sequence == other.sequence
            && self.uids == other.uids
            && times.is_none_or(|(one, other)| {
                one.duration_since(other).abs() <= precision(one).max(precision(other))
            })
    }
}

impl fmt::Display for EntryIdentity {
    /// Writes `{sequence} {time} {study}/{series}/{instance}`, a `-` for a time that is not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.sequence)?;
        match self.timestamp {
            Some(timestamp) => write!(f, "{timestamp}")?,
            None => f.write_str("-")?,
        }
        write!(f, " {}", self.uids)
    }
}

/// A text that is no identity of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no identity of a feed entry")]
pub struct NoIdentity;

impl FromStr for EntryIdentity {
    type Err = NoIdentity;

    /// Reads the text that [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, NoIdentity> {
        let mut words = text.split_ascii_whitespace();
        let (Some(sequence), Some(timestamp), Some(uids), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(NoIdentity);
        };
        let mut parts = uids.split('/');
        let (Some(study), Some(series), Some(instance), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NoIdentity);
        };
        let timestamp = match timestamp {
            "-" => None,
            time => Some(time.parse().map_err(|_| NoIdentity)?),
        };
        Ok(Self {
            sequence: sequence.parse().map_err(|_| NoIdentity)?,
            timestamp,
            uids: Self::join(study, series, instance).ok_or(NoIdentity)?,
        })
    }
}

/// Returns how far from the true time this one may be, going by its digits.
#[must_use]
pub fn precision(time: Timestamp) -> SignedDuration {
    let nanoseconds = time.subsec_nanosecond();
    let cut = PRECISIONS.into_iter().find(|to| nanoseconds % to == 0);
    SignedDuration::from_nanos(i64::from(cut.unwrap_or(TICK)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(sequence: u64, time: &str, uids: &str) -> EntryIdentity {
        format!("{sequence} {time} {uids}").parse().unwrap()
    }

    const TIME: &str = "2024-06-02T08:15:30.1234567Z";

    #[test]
    fn an_identity_is_read_as_it_was_written() {
        for time in [TIME, "-", "2024-06-02T08:15:30Z"] {
            let written = identity(50, time, "1.2/1.2.3/1.2.3.4");
            assert_eq!(written.to_string().parse(), Ok(written));
        }
    }

    #[test]
    fn what_is_no_identity_is_not_taken_for_one() {
        for text in [
            "",
            "50",
            "50 - 1/2",
            "50 - 1/2/3/4",
            "50 - 1/2/Doe",
            "x - 1/2/3",
            "50 yesterday 1/2/3",
            "50 - 1/2/3 4",
        ] {
            assert_eq!(text.parse::<EntryIdentity>(), Err(NoIdentity), "{text}");
        }
    }

    #[test]
    fn entries_are_the_same_by_sequence_uids_and_time_as_precisely_as_both_tell_it() {
        let kept = identity(50, TIME, "1/2/3");
        for same in [
            TIME,
            "2024-06-02T08:15:30.123Z",
            "2024-06-02T08:15:30Z",
            "-",
        ] {
            let same = identity(50, same, "1/2/3");
            assert!(kept.agrees_with(&same) && same.agrees_with(&kept), "{same}");
        }
        for other in [
            identity(51, TIME, "1/2/3"),
            identity(50, TIME, "1/2/4"),
            identity(50, TIME, "9/2/3"),
            identity(50, "2024-06-02T08:15:30.1234569Z", "1/2/3"),
            identity(50, "2024-06-02T08:15:32Z", "1/2/3"),
        ] {
            assert!(!kept.agrees_with(&other), "{other}");
        }
    }

    #[test]
    fn the_digits_of_a_time_tell_how_precise_it_is() {
        let cases = [
            ("2024-06-02T08:15:30Z", 1_000_000_000),
            ("2024-06-02T08:15:30.123Z", 1_000_000),
            ("2024-06-02T08:15:30.123456Z", 1_000),
            ("2024-06-02T08:15:30.1234567Z", 100),
        ];
        for (time, nanoseconds) in cases {
            let precision = precision(time.parse().unwrap());
            assert_eq!(precision, SignedDuration::from_nanos(nanoseconds), "{time}");
        }
    }
}
