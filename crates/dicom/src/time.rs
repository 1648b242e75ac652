//! Times of day: TM (PS3.5 6.2).

use dicom_core::Tag;
use jiff::civil::Time;

use super::{Dataset, Read, Reason};

const FORM: Reason = Reason::Form("TM (HHmmss.ffffff)");

impl Dataset {
    /// The time of day of an attribute: `HH`, `HHmm`, `HHmmss`, `HHmmss.f` to `.ffffff`, and
    /// ACR-NEMA's `HH:mm:ss`. A leap second reads as second 59.
    ///
    /// # Errors
    /// When it has several values, is in another form, or no such time exists.
    pub fn time(&self, tag: Tag) -> Read<Time> {
        self.read_text(tag, parse)
    }
}

pub(super) fn parse(text: &str) -> Result<Time, Reason> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = match whole.as_bytes() {
        [_, _, b':', _, _] | [_, _, b':', _, _, b':', _, _] => whole.replace(':', ""),
        _ => whole.to_owned(),
    };
    let complete = digits.len() == 6 || (matches!(digits.len(), 2 | 4) && fraction.is_none());
    if !complete || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(FORM);
    }
    let part = |range| {
        let text: &str = digits.get(range).unwrap_or("0");
        text.parse::<i8>().map_err(|_| FORM)
    };
    let second = match part(4..6)? {
        60 => 59,
        second => second,
    };
    let nanosecond = fraction.map_or(Ok(0), nanoseconds)?;
    Time::new(part(0..2)?, part(2..4)?, second, nanosecond).map_err(|_| Reason::OutOfRange)
}

/// The fraction of a second, one to six digits, in nanoseconds.
fn nanoseconds(fraction: &str) -> Result<i32, Reason> {
    let digits = fraction.bytes().all(|b| b.is_ascii_digit());
    if !digits || fraction.is_empty() || fraction.len() > 6 {
        return Err(FORM);
    }
    format!("{fraction:0<9}").parse().map_err(|_| FORM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let forms = [
            ("14", "14:00:00"),
            ("1425", "14:25:00"),
            ("142501", "14:25:01"),
            ("142501.250", "14:25:01.25"),
            ("142501.000001", "14:25:01.000001"),
            ("14:25:01", "14:25:01"),
            ("14:25", "14:25:00"),
            ("235960", "23:59:59"),
        ];
        for (text, iso) in forms {
            assert_eq!(parse(text).unwrap().to_string(), iso, "{text}");
        }
    }

    #[test]
    fn other_forms_and_times_that_never_are_are_refused() {
        for text in [
            "",
            "1",
            "142",
            "14250",
            "142501.",
            "142501.1234567",
            "1425.5",
            "noon",
            "-10000",
        ] {
            assert_eq!(parse(text), Err(FORM), "{text}");
        }
        for text in ["24", "1460", "142561"] {
            assert_eq!(parse(text), Err(Reason::OutOfRange), "{text}");
        }
    }
}
