//! The distance to UTC: Timezone Offset From UTC (0008,0201), PS3.3 C.12.1.1.8.

use dicom_core::Tag;
use jiff::tz::Offset;

use super::{Dataset, Read, Reason};

const FORM: Reason = Reason::Form("±HHmm");

impl Dataset {
    /// The offset of an attribute: `+HHmm` or `-HHmm`, also with a colon, from -12:00 to +14:00.
    ///
    /// # Errors
    /// When it has several values, is in another form, or out of range.
    pub fn utc_offset(&self, tag: Tag) -> Read<Offset> {
        self.read_text(tag, parse)
    }
}

pub(super) fn parse(text: &str) -> Result<Offset, Reason> {
    let (sign, digits) = match text.split_at_checked(1) {
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        _ => return Err(FORM),
    };
    let digits = match digits.as_bytes() {
        [_, _, b':', _, _] => digits.replace(':', ""),
        _ => digits.to_owned(),
    };
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(FORM);
    }
    let number: i32 = digits.parse().map_err(|_| FORM)?;
    let minutes = sign * (number / 100 * 60 + number % 100);
    if number % 100 > 59 || !(-12 * 60..=14 * 60).contains(&minutes) {
        return Err(Reason::OutOfRange);
    }
    Offset::from_seconds(minutes * 60).map_err(|_| Reason::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_with_their_sign() {
        for (text, seconds) in [
            ("+0100", 3600),
            ("-0930", -34_200),
            ("+14:00", 50_400),
            ("-0000", 0),
        ] {
            assert_eq!(parse(text).unwrap().seconds(), seconds, "{text}");
        }
    }

    #[test]
    fn other_forms_and_distances_are_refused() {
        for text in ["", "0100", "+1", "+01000", "Z", "+ab00", "±0100"] {
            assert_eq!(parse(text), Err(FORM), "{text}");
        }
        for text in ["+1401", "-1201", "+0160"] {
            assert_eq!(parse(text), Err(Reason::OutOfRange), "{text}");
        }
    }
}
