//! Reading an entry's dataset: what is invalid, what is missing, and the readers that rows share.

use std::rc::Rc;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use jiff::civil::Time;
use jiff::tz::{Offset, TimeZone};

use radcast_dicom::{Dataset, Flawed, InvalidValue, PartialDate, Read, Reason, is_uid, keyword};
use radcast_engine::failure::Code;

use super::Rules;
use super::fact::{Fact, Facts, MOST_ITEMS};
use super::order::Orders;
use super::table::{Answer, Source};

/// The bytes that a string of FHIR may have.
const LONGEST_STRING: usize = 1024 * 1024;

/// One dataset while it is read: what was invalid, and what is missing.
pub(super) struct Reading<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) rules: &'a Rules,
    /// The data partition; `None` for the default one.
    pub(super) partition: Option<&'a str>,
    /// Whether an attribute that is there without value takes back what was said before.
    pub(super) empties: bool,
    /// Invalid values of optional attributes.
    pub(super) invalid: Vec<InvalidValue>,
    /// One phrase for each required attribute that is missing or invalid.
    pub(super) missing: Vec<String>,
    /// A closer word for what is missing.
    pub(super) refusal: Option<Code>,
    /// What several rows read from, kept once it is known.
    pub(super) orders: Option<Rc<Orders>>,
    requests: Option<Rc<[Dataset]>>,
}

impl<'a> Reading<'a> {
    pub(super) fn of(source: Source<'a>) -> Self {
        Self {
            dataset: source.dataset,
            rules: source.rules,
            partition: source.partition,
            empties: source.empties,
            invalid: Vec::new(),
            missing: Vec::new(),
            refusal: None,
            orders: None,
            requests: None,
        }
    }

    /// The items of Request Attributes Sequence (0040,0275).
    pub(super) fn requests(&mut self) -> Rc<[Dataset]> {
        if let Some(requests) = &self.requests {
            return Rc::clone(requests);
        }
        let items = self.dataset.sequence(tags::REQUEST_ATTRIBUTES_SEQUENCE);
        let items = items.into_iter().map(|item| item.map(Some));
        let items = items.filter_map(|item| self.accept(item));
        let mut items: Vec<_> = items.take(MOST_ITEMS + 1).collect();
        if items.len() > MOST_ITEMS {
            items.truncate(MOST_ITEMS);
            self.reject_more(&[tags::REQUEST_ATTRIBUTES_SEQUENCE]);
        }
        let items: Rc<[_]> = items.into();
        self.requests = Some(Rc::clone(&items));
        items
    }

    /// Takes what is wrong over from an answer.
    pub(super) fn take(&mut self, answer: Answer) -> Facts {
        answer.invalid.into_iter().for_each(|it| self.reject(it));
        self.missing.extend(answer.missing);
        self.refusal = self.refusal.or(answer.refusal);
        answer.facts
    }

    /// The value, if it can be used, and a note of what is wrong with it.
    pub(super) fn accept<T>(&mut self, read: Result<Option<T>, impl Into<Flawed<T>>>) -> Option<T> {
        read.unwrap_or_else(|flawed| {
            let Flawed { invalid, kept } = flawed.into();
            self.reject(invalid);
            kept
        })
    }

    /// Notes what is wrong with a required attribute, which has a code of its own.
    pub(super) fn refuse(&mut self, code: Code, invalid: InvalidValue) {
        self.refusal = self.refusal.or(Some(code));
        self.reject(invalid);
    }

    /// What `find` makes of a value. Of one that is flawed and nothing, the flaw counts alone.
    pub(super) fn find<T, U>(
        &mut self,
        read: Read<T>,
        find: impl FnOnce(&T) -> Option<U>,
        or: InvalidValue,
    ) -> Option<U> {
        let (found, invalid) = match read {
            Ok(None) => return None,
            Ok(Some(value)) => (find(&value), or),
            Err(flawed) => match flawed.kept.as_ref().and_then(find) {
                Some(found) => {
                    self.reject(flawed.invalid);
                    return Some(found);
                }
                None => (None, flawed.dropped()),
            },
        };
        if found.is_none() {
            self.reject(invalid);
        }
        found
    }

    /// Notes a required attribute that is not there.
    pub(super) fn miss(&mut self, tag: Tag) {
        self.missing
            .push(format!("{} {tag} is missing", keyword(tag)));
    }

    /// Notes what is wrong with the dataset's own UID; a UID of the entry is the one it has to be.
    pub(super) fn require_uid(&mut self, tag: Tag, of_entry: &str) {
        match self.dataset.uid(tag) {
            Ok(None) => self.miss(tag),
            Ok(Some(uid)) if uid == of_entry || !is_uid(of_entry) => {}
            Ok(Some(_)) => {
                let invalid = InvalidValue::new(tag, Reason::Contradiction);
                self.missing.push(invalid.to_string());
            }
            Err(invalid) => self.missing.push(invalid.to_string()),
        }
    }

    /// Notes that an attribute, the first of these, has more items than are used.
    pub(super) fn reject_more(&mut self, of: &[Tag]) {
        if let Some(tag) = of.first() {
            self.reject(InvalidValue::new(*tag, Reason::TooMany(MOST_ITEMS)));
        }
    }

    /// A text as FHIR has strings (R4 string): no more than a megabyte, of control characters
    /// line ends and tabs alone, something besides blanks.
    pub(super) fn string(&mut self, tag: Tag, text: &str) -> Option<String> {
        if text.len() > LONGEST_STRING {
            self.reject(InvalidValue::new(tag, Reason::TooLong(LONGEST_STRING)));
            return None;
        }
        let text = text.replace('\x0C', "\n");
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Notes what of these attributes is there and cannot be read at all.
    pub(super) fn reject_unread<'t>(&mut self, tags: impl IntoIterator<Item = &'t Tag>) {
        for tag in tags {
            if let Some(invalid) = self.dataset.unread(*tag) {
                self.reject(invalid);
            }
        }
    }

    /// Notes an invalid value, once.
    pub(super) fn reject(&mut self, invalid: InvalidValue) {
        if !self.invalid.contains(&invalid) {
            self.invalid.push(invalid);
        }
    }
}

/// LO, SH and other texts.
pub(super) fn text(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let read = reading.dataset.text(*tags.first()?);
    reading.accept(read).map(Fact::text)
}

/// CS that is the modality: in capitals, which all of its terms have; the first of several.
pub(super) fn modality(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let tag = *tags.first()?;
    let mut read = reading.dataset.code_string(tag);
    if let Err(flawed) = &mut read
        && flawed.invalid.reason == Reason::SeveralValues
        && flawed.kept.is_none()
    {
        let all = reading.dataset.code_strings(tag);
        let all = all.or_else(|flawed| flawed.kept.ok_or(flawed.invalid));
        flawed.kept = all.ok().and_then(|all| all.into_iter().next());
        flawed.invalid.is_kept = flawed.kept.is_some();
    }
    let term = reading.accept(read)?;
    Some(Fact::text(term.to_ascii_uppercase()))
}

/// UI.
pub(super) fn uid(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let read = reading.dataset.uid(*tags.first()?);
    reading.accept(read).map(Fact::text)
}

/// IS as unsignedInt: a negative number is valid DICOM that FHIR cannot hold, and left out.
pub(super) fn unsigned(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let read = reading.dataset.integer(*tags.first()?);
    let number = reading.accept(read)?;
    u32::try_from(number).ok().map(Fact::Number)
}

/// DA as date, with the precision it has.
pub(super) fn date(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let read = reading.dataset.date(*tags.first()?);
    reading
        .accept(read)
        .map(|date| Fact::text(date.to_string()))
}

/// CS of a fixed set of terms, each with its FHIR code. `terms` lists them for the warning.
pub(super) fn term(
    reading: &mut Reading<'_>,
    tag: Tag,
    terms: &'static str,
    code: fn(&str) -> Option<&'static str>,
) -> Option<Fact> {
    let read = reading.dataset.code_string(tag);
    let undefined = InvalidValue::new(tag, Reason::UndefinedTerm(terms));
    let code = |term: &String| code(&term.to_ascii_uppercase());
    reading.find(read, code, undefined).map(Fact::text)
}

/// DA, TM and Timezone Offset From UTC as dateTime. A date alone when there is no time, or
/// neither an offset nor a configured zone.
pub(super) fn date_time(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let &[date, time, offset] = tags else {
        return None;
    };
    date_time_of(reading, [date, time, offset])
}

/// As [`date_time`], of these attributes.
pub(super) fn date_time_of(reading: &mut Reading<'_>, tags: [Tag; 3]) -> Option<Fact> {
    let [date, time, offset] = tags;
    let set = reading.dataset;
    let date = reading.accept(set.date(date));
    let time = reading.accept(set.time(time));
    let offset = reading.accept(set.utc_offset(offset));
    let zone = offset
        .map(TimeZone::fixed)
        .or_else(|| reading.rules.time_zone.clone());
    let date = date?;
    let moment = moment(date, time, zone);
    Some(Fact::text(moment.unwrap_or_else(|| date.to_string())))
}

/// A date with its time and zone; none without either, or of less than a day.
pub(super) fn moment(
    date: PartialDate,
    time: Option<Time>,
    zone: Option<TimeZone>,
) -> Option<String> {
    let PartialDate::Day(day) = date else {
        return None;
    };
    let zoned = day.to_datetime(time?).to_zoned(zone?).ok()?;
    let offset = iso_offset(zoned.offset())?;
    // A gap of the zone's clock moves the time; what is written is the time that was moved to.
    Some(format!("{}{offset}", zoned.datetime()))
}

/// `±hh:mm`; none for an offset with seconds (local mean time), which FHIR cannot hold.
fn iso_offset(offset: Offset) -> Option<String> {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    (seconds % 60 == 0).then(|| format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(date: &str, time: &str, zone: TimeZone) -> Option<String> {
        let date = PartialDate::Day(date.parse().unwrap());
        moment(date, Some(time.parse().unwrap()), Some(zone))
    }

    #[test]
    fn a_moment_carries_fraction_and_offset() {
        let zone = TimeZone::fixed(Offset::from_seconds(-34_200).unwrap());
        let moment = at("2024-06-01", "14:25:01.25", zone);
        assert_eq!(moment.unwrap(), "2024-06-01T14:25:01.25-09:30");
        let utc = at("2024-06-01", "14:00:00", TimeZone::UTC);
        assert_eq!(utc.unwrap(), "2024-06-01T14:00:00+00:00");
    }

    #[test]
    fn local_mean_time_is_no_fhir_offset() {
        let zone = TimeZone::fixed(Offset::from_seconds(3_208).unwrap());
        assert_eq!(at("1890-01-01", "12:00:00", zone), None);
    }
}
