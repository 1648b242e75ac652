//! The summary of a dose report.

use std::sync::Arc;

use dicom_dictionary_std::tags;

use radcast_dicom::ContentItem;

use super::super::super::fact::{Fact, Facts, MOST_ITEMS};
use super::super::super::reading::{self, Reading};
use super::super::component::Component;
use super::super::said::{Said, Which};
use super::event::{self, Event};
use super::moment::Moments;
use super::{device, qualifier, tables};

/// What a report says of all its events together.
pub(super) fn read(reading: &mut Reading<'_>, root: &ContentItem, events: &[Event]) -> Said {
    let mut moments = Moments::default();
    let mut components = Vec::new();
    let is_closed = |item: &ContentItem| event::kind(item).is_some() || is_accumulated_x_ray(item);
    for item in root.descendants(is_closed) {
        if event::kind(&item).is_some() {
            continue;
        }
        if is_accumulated_x_ray(&item) {
            let plane = qualifier::plane(&item);
            for inner in item.descendants(|_| false) {
                push(reading, &mut components, &inner, plane.as_ref());
            }
        }
        moments.take(reading, &item);
        push(reading, &mut components, &item, None);
    }
    components.extend(event::only_administration(events));
    let content = [
        tags::CONTENT_DATE,
        tags::CONTENT_TIME,
        tags::TIMEZONE_OFFSET_FROM_UTC,
    ];
    let content = reading::date_time_of(reading, content);
    let facts = [
        Some(status(reading)),
        Fact::json(&tables::SUMMARY.codeable(&[])),
        moments.effective().or_else(|| content.clone()),
        content.filter(is_instant),
        device::device(reading, root),
        device::persons(reading, root),
        None,
        components_fact(reading, components),
    ];
    Said {
        which: Which::DoseSummary,
        facts: Facts(Arc::new(facts)),
    }
}

fn is_accumulated_x_ray(item: &ContentItem) -> bool {
    item.name()
        .is_some_and(|name| tables::ACCUMULATED_X_RAY.is(&name))
}

/// The item's component, unless the same is there.
fn push(
    reading: &mut Reading<'_>,
    components: &mut Vec<Box<str>>,
    item: &ContentItem,
    plane: Option<&String>,
) {
    let Some(name) = item.name() else {
        return;
    };
    // One more than there may be tells that there are too many.
    if components.len() > MOST_ITEMS {
        return;
    }
    let Some(row) = Component::named(tables::ACCUMULATED, &name) else {
        return;
    };
    let qualifier: Vec<_> = plane
        .cloned()
        .into_iter()
        .chain(qualifier::side(item))
        .collect();
    let component = row.read(reading, item, &qualifier);
    if let Some(component) = component.filter(|component| !components.contains(component)) {
        components.push(component);
    }
}

/// A list of components; none when there is nothing in it.
pub(super) fn components_fact(
    reading: &mut Reading<'_>,
    components: Vec<Box<str>>,
) -> Option<Fact> {
    let mut fact = (!components.is_empty()).then(|| Fact::List(components.into()))?;
    if fact.cut() {
        reading.reject_more(&[tags::CONTENT_SEQUENCE]);
    }
    Some(fact)
}

/// Complete or verified is final. Dose reports come from devices and are hardly ever verified by
/// a person.
fn status(reading: &mut Reading<'_>) -> Fact {
    let mut is = |tag, term: &str| {
        let read = reading.dataset.code_string(tag);
        reading.accept(read).is_some_and(|said| said == term)
    };
    let complete = is(tags::COMPLETION_FLAG, "COMPLETE");
    let verified = is(tags::VERIFICATION_FLAG, "VERIFIED");
    Fact::text(if complete || verified {
        "final"
    } else {
        "preliminary"
    })
}

/// R4 `instant` has a time.
fn is_instant(fact: &Fact) -> bool {
    matches!(fact, Fact::Text(text) if text.contains('T'))
}
