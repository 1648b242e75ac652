//! Dates with a time: DT (PS3.5 6.2).

use std::fmt;

use dicom_core::Tag;
use jiff::civil::Time;
use jiff::tz::Offset;

use super::{Dataset, PartialDate, Read, Reason, date, time, utc_offset};

/// The longest DT.
const LONGEST: usize = 26;

const FORM: Reason = Reason::Form("DT (yyyyMMddHHmmss.ffffff±HHmm)");

/// A date and as much of the time as was given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DateTime {
    /// The date; a whole day when there is a time.
    pub date: PartialDate,
    /// The time of day.
    pub time: Option<Time>,
    /// The distance to UTC; without it that of the dataset holds (0008,0201).
    pub offset: Option<Offset>,
}

impl fmt::Debug for DateTime {
    /// Tells what there is and not when it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DateTime")
            .field("date", &self.date)
            .field("time", &self.time.is_some())
            .field("offset", &self.offset)
            .finish()
    }
}

impl Dataset {
    /// The moment of an attribute: `yyyyMMddHHmmss.ffffff±HHmm`, which may end after each part but
    /// for the offset, which may follow any.
    ///
    /// # Errors
    /// When it has several values, is longer than 26 characters, is in another form, or no such
    /// moment exists.
    pub fn date_time(&self, tag: Tag) -> Read<DateTime> {
        self.read_text(tag, parse)
    }
}

fn parse(text: &str) -> Result<DateTime, Reason> {
    if text.chars().count() > LONGEST {
        return Err(Reason::TooLong(LONGEST));
    }
    let (moment, offset) = text.split_at(text.find(['+', '-']).unwrap_or(text.len()));
    if !moment.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(FORM);
    }
    let (day, clock) = moment.split_at_checked(8).unwrap_or((moment, ""));
    Ok(DateTime {
        date: date::parse(day).map_err(in_form)?,
        time: part(clock, time::parse)?,
        offset: part(offset, utc_offset::parse)?,
    })
}

fn part<T>(text: &str, parse: fn(&str) -> Result<T, Reason>) -> Result<Option<T>, Reason> {
    let given = Some(text).filter(|text| !text.is_empty());
    given.map(parse).transpose().map_err(in_form)
}

/// A part in a wrong form is a DT in a wrong form.
const fn in_form(reason: Reason) -> Reason {
    match reason {
        Reason::Form(_) => FORM,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Date, time and offset in seconds.
    fn parts(text: &str) -> (String, Option<String>, Option<i32>) {
        let moment = parse(text).unwrap();
        (
            moment.date.to_string(),
            moment.time.map(|time| time.to_string()),
            moment.offset.map(Offset::seconds),
        )
    }

    #[test]
    fn every_precision_is_read() {
        let date = |text: &str| (text.to_owned(), None, None);
        assert_eq!(parts("2024"), date("2024"));
        assert_eq!(parts("202406"), date("2024-06"));
        assert_eq!(parts("20240601"), date("2024-06-01"));
        let timed = |time: &str, offset| ("2024-06-01".into(), Some(time.into()), offset);
        assert_eq!(parts("2024060114"), timed("14:00:00", None));
        assert_eq!(parts("202406011425"), timed("14:25:00", None));
        assert_eq!(
            parts("20240601142501.25-0930"),
            timed("14:25:01.25", Some(-34_200))
        );
        assert_eq!(
            parts("2024-0500"),
            ("2024".into(), None, Some(-18_000)),
            "an offset may follow any part"
        );
    }

    #[test]
    fn other_forms_and_moments_that_never_were_are_refused() {
        let not_of_the_form = [
            "",
            "20",
            "2024060",
            "2024-06-01",
            "20240601T14",
            "20240601142501.",
            "20240601142501.1234567",
            "2024.06.",
            "20240601+01",
            "20240601+0100+0100",
            "２０２４",
        ];
        for text in not_of_the_form {
            assert_eq!(parse(text), Err(FORM), "{text}");
        }
        for text in ["20240631", "2024060125", "20240601+1500"] {
            assert_eq!(parse(text), Err(Reason::OutOfRange), "{text}");
        }
        let long = "20240601142501.123456+01000";
        assert_eq!(parse(long), Err(Reason::TooLong(26)));
    }

    #[test]
    fn debug_output_hides_the_moment() {
        let told = format!("{:?}", parse("20240601142501+0100"));
        assert!(!told.contains("2024") && !told.contains("14"), "{told}");
    }
}
