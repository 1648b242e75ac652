//! Durations as .NET writes them: `TimeSpan`, `[d.]hh:mm[:ss[.fffffff]]`.

use std::time::Duration;

/// Reads a duration. A bare number is refused: .NET would take it for days, people mean seconds.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let mut parts = text.split(':');
    let (days, hours) = match parts.next()?.split_once('.') {
        Some((days, hours)) => (digits(days, 1..=8, u64::MAX)?, hours),
        None => (0, text.split(':').next()?),
    };
    let hours = digits(hours, 1..=2, 23)?;
    let minutes = digits(parts.next()?, 1..=2, 59)?;
    let (seconds, nanos) = match parts.next() {
        Some(seconds) => parse_seconds(seconds)?,
        None => (0, 0),
    };
    if parts.next().is_some() {
        return None;
    }
    let seconds = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
    Some(Duration::new(seconds, nanos))
}

/// Writes a duration, with days and fractions only where there are any.
pub(super) fn format(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let days = match seconds / 86_400 {
        0 => String::new(),
        days => format!("{days}."),
    };
    let fraction = match duration.subsec_nanos() / 100 {
        0 => String::new(),
        ticks => format!(".{ticks:07}"),
    };
    let (hours, minutes, seconds) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{days}{hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

fn parse_seconds(text: &str) -> Option<(u64, u32)> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    // Up to seven digits, ticks of 100 ns, padded on the right.
    digits(fraction, 1..=7, u64::MAX)?;
    let ticks: u32 = format!("{fraction:0<7}").parse().ok()?;
    Some((digits(seconds, 1..=2, 59)?, ticks * 100))
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>, most: u64) -> Option<u64> {
    let plain = length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = plain.then(|| text.parse().ok())??;
    (number <= most).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_forms_of_dotnet_are_read() {
        let read = |text| parse(text).map(|duration| duration.as_millis());
        assert_eq!(read("00:01:40"), Some(100_000));
        assert_eq!(read("0:5"), Some(300_000));
        assert_eq!(read("1.02:00:00"), Some(93_600_000));
        assert_eq!(read("00:00:00.25"), Some(250));
        assert_eq!(parse("00:00:00.0000001"), Some(Duration::from_nanos(100)));
    }

    #[test]
    fn what_is_no_timespan_is_refused() {
        for text in [
            "",
            "60",
            "1.5",
            "24:00:00",
            "00:60:00",
            "00:00:60",
            "-00:00:01",
            "00:00:01s",
            "00:00:00.12345678",
            "1:2:3:4",
            "00:00:",
            ":00:00",
            "+1:00:00",
            "００:00:01",
            "999999999.00:00:00",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(seconds in 0_u64..8_640_000_000_000 - 1, ticks in 0_u32..10_000_000) {
            let duration = Duration::new(seconds.min(99_999_999 * 86_400), ticks * 100);
            prop_assert_eq!(parse(&format(duration)), Some(duration));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = parse(&text);
        }
    }
}
