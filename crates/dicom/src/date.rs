//! Dates: DA (PS3.5 6.2), with the partial and older forms that are met in practice.

use std::fmt;

use dicom_core::Tag;
use jiff::civil::Date;

use super::{Dataset, Read, Reason};

/// A date as precise as it was given; displays as ISO 8601 (`1980`, `1980-02`, `1980-02-29`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PartialDate {
    /// `yyyy`
    Year(i16),
    /// `yyyyMM`
    Month(i16, i8),
    /// `yyyyMMdd`
    Day(Date),
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Day(date) => write!(f, "{date}"),
        }
    }
}

impl fmt::Debug for PartialDate {
    /// Tells the precision and not the date: it may be a birth date.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Year(_) => "Year(..)",
            Self::Month(..) => "Month(..)",
            Self::Day(_) => "Day(..)",
        })
    }
}

impl Dataset {
    /// The date of an attribute: `yyyyMMdd`, the partial forms `yyyyMM` and `yyyy`, and
    /// ACR-NEMA's `yyyy.MM.dd`.
    ///
    /// # Errors
    /// When it has several values, is in another form, or no such day exists.
    pub fn date(&self, tag: Tag) -> Read<PartialDate> {
        self.read_text(tag, parse)
    }
}

pub(super) fn parse(text: &str) -> Result<PartialDate, Reason> {
    let digits = match text.as_bytes() {
        [_, _, _, _, b'.', _, _, b'.', _, _] => text.replace('.', ""),
        _ => text.to_owned(),
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::Form("DA (yyyyMMdd)"));
    }
    let number = |range| {
        digits
            .get(range)
            .and_then(|part: &str| part.parse::<i16>().ok())
    };
    let year = number(0..4).filter(|year| *year > 0);
    let month = || {
        number(4..6)
            .and_then(|m| i8::try_from(m).ok())
            .filter(|m| (1..=12).contains(m))
    };
    let day = || number(6..8).and_then(|d| i8::try_from(d).ok());
    let date = match digits.len() {
        4 => year.map(PartialDate::Year),
        6 => year.zip(month()).map(|(y, m)| PartialDate::Month(y, m)),
        8 => year
            .zip(month())
            .zip(day())
            .and_then(|((y, m), d)| Date::new(y, m, d).ok())
            .map(PartialDate::Day),
        _ => return Err(Reason::Form("DA (yyyyMMdd)")),
    };
    date.ok_or(Reason::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_keeps_its_precision() {
        let forms = [
            ("19800229", "1980-02-29"),
            ("198002", "1980-02"),
            ("1980", "1980"),
            ("1980.02.29", "1980-02-29"),
            ("00010101", "0001-01-01"),
        ];
        for (text, iso) in forms {
            assert_eq!(parse(text).unwrap().to_string(), iso, "{text}");
        }
    }

    #[test]
    fn other_forms_and_days_that_never_were_are_refused() {
        for text in [
            "",
            "1980-02-29",
            "1980022",
            "19800229120000",
            "today",
            "１９８０",
        ] {
            assert_eq!(parse(text), Err(Reason::Form("DA (yyyyMMdd)")), "{text}");
        }
        for text in ["19810229", "00000000", "0000", "198013", "19801399"] {
            assert_eq!(parse(text), Err(Reason::OutOfRange), "{text}");
        }
    }
}
