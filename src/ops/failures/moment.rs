//! A point in time, as people give it.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// A point in time, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// `2024-06-01T08:15:00Z`, or `2024-06-01` for its first moment in UTC.
    At(Timestamp),
    /// `2h`, `3d`: so long before now.
    Ago(SignedDuration),
}

impl Moment {
    /// The point in time, seen from `now`.
    #[must_use]
    pub fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let start = |date: Date| Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp());
        let moment = text
            .parse()
            .ok()
            .or_else(|| start(text.parse().ok()?))
            .map(Self::At);
        moment.or_else(|| ago(text).map(Self::Ago)).ok_or_else(|| {
            format!(
                "{text:?} is no time: write 2h or 3d for so long ago, or a time such as \
                 2024-06-01T08:15:00Z"
            )
        })
    }
}

/// A day is 24 hours here, as nobody's time zone is meant.
fn ago(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    let ago = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    (!ago.is_negative()).then_some(ago)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2024-06-04T12:00:00Z";

    fn seen(text: &str) -> Option<String> {
        let moment: Moment = text.parse().ok()?;
        Some(moment.from(NOW.parse().unwrap()).to_string())
    }

    #[test]
    fn times_are_given_as_such_or_as_how_long_ago_they_were() {
        for (text, at) in [
            ("2h", "2024-06-04T10:00:00Z"),
            ("3d", "2024-06-01T12:00:00Z"),
            ("2w", "2024-05-21T12:00:00Z"),
            ("90m", "2024-06-04T10:30:00Z"),
            ("2024-06-01T08:15:00+02:00", "2024-06-01T06:15:00Z"),
            ("2024-06-01", "2024-06-01T00:00:00Z"),
        ] {
            assert_eq!(seen(text).as_deref(), Some(at), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_examples() {
        for text in ["", "soon", "-2h", "2", "2024-13-01"] {
            let told = text.parse::<Moment>().unwrap_err();
            assert!(
                told.contains("2h") && told.contains("2024-06-01T"),
                "{told}"
            );
        }
    }

    #[test]
    fn a_time_before_all_times_is_the_first() {
        assert_eq!(seen("1000000w"), Some(Timestamp::MIN.to_string()));
    }
}
