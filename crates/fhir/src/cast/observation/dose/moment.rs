//! When irradiation took place: `effective[x]`.

use dicom_dictionary_std::tags;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use radcast_dicom::{ContentItem, DateTime};

use super::super::super::fact::Fact;
use super::super::super::reading::{self, Reading};
use super::super::concept::Concept;
use super::tables::{ENDED, STARTED};

/// Start and end, as far as they are told.
#[derive(Default)]
pub(super) struct Moments {
    started: Option<String>,
    ended: Option<String>,
}

impl Moments {
    /// Takes what an item says of them, if it is about them; the first to say so counts.
    pub(super) fn take(&mut self, reading: &mut Reading<'_>, item: &ContentItem) {
        let Some(name) = item.name() else {
            return;
        };
        let is_one_of = |concepts: &[Concept]| concepts.iter().any(|concept| concept.is(&name));
        let place = if is_one_of(STARTED) {
            &mut self.started
        } else if is_one_of(ENDED) {
            &mut self.ended
        } else {
            return;
        };
        if let Some(moment) = reading.accept(item.date_time()) {
            place.get_or_insert_with(|| text(reading, moment));
        }
    }

    /// `effectiveDateTime`, or `effectivePeriod` when the end is told too.
    pub(super) fn effective(&self) -> Option<Fact> {
        match (&self.started, &self.ended) {
            // An end before the start is none (R4 Period, per-1).
            (Some(start), Some(end)) if is_before(end, start) => Some(Fact::text(start.as_str())),
            (Some(start), Some(end)) => Fact::json(&json!({ "start": start, "end": end })),
            (Some(moment), None) | (None, Some(moment)) => Some(Fact::text(moment.as_str())),
            (None, None) => None,
        }
    }
}

/// Whether one moment comes before another, as far as both tell.
fn is_before(one: &str, other: &str) -> bool {
    let exact = |text: &str| text.parse::<Timestamp>().ok();
    match (exact(one), exact(other)) {
        (Some(one), Some(other)) => one < other,
        _ => one < other && !other.starts_with(one),
    }
}

/// A moment with its own offset, else the dataset's, else the configured zone's; as a date when
/// there is none.
fn text(reading: &mut Reading<'_>, moment: DateTime) -> String {
    let of_dataset = reading.dataset.utc_offset(tags::TIMEZONE_OFFSET_FROM_UTC);
    let offset = moment.offset.or(reading.accept(of_dataset));
    let zone = offset
        .map(TimeZone::fixed)
        .or_else(|| reading.rules.time_zone.clone());
    let whole = reading::moment(moment.date, moment.time, zone);
    whole.unwrap_or_else(|| moment.date.to_string())
}
