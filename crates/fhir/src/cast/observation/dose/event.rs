//! Irradiation events.

use std::sync::Arc;

use dicom_dictionary_std::tags;
use indexmap::IndexMap;

use radcast_dicom::{ContentItem, InvalidValue, Reason};

use super::super::super::fact::{Fact, Facts, MOST_ITEMS};
use super::super::super::reading::Reading;
use super::super::component::Component;
use super::super::concept;
use super::super::said::{Said, Which};
use super::moment::Moments;
use super::qualifier;
use super::summary::components_fact;
use super::tables::{self, EventKind};

/// What a report says of one event.
pub(super) struct Event {
    uid: String,
    is_administration: bool,
    effective: Option<Fact>,
    body_site: Option<Fact>,
    components: Vec<Box<str>>,
}

/// The kind of event that a container is about.
pub(super) fn kind(item: &ContentItem) -> Option<&'static EventKind> {
    let name = item.name()?;
    tables::EVENTS.iter().find(|kind| kind.container.is(&name))
}

/// The events of a report. One without UID cannot be told from the others, nor be found again in
/// another report, and is omitted with a warning; what is said in several places about one UID is
/// said of one event.
pub(super) fn read_events(reading: &mut Reading<'_>, root: &ContentItem) -> Vec<Event> {
    let mut events: IndexMap<String, Event> = IndexMap::new();
    let mut nameless = 0;
    for item in root.descendants(|item| kind(item).is_some()) {
        let Some(kind) = kind(&item) else { continue };
        let Some(event) = read(reading, kind, &item) else {
            nameless += 1;
            continue;
        };
        match events.get_mut(&event.uid) {
            Some(known) => known.join(event),
            None => {
                events.insert(event.uid.clone(), event);
            }
        }
    }
    if nameless > 0 {
        let reason = Reason::EventsWithoutUid(nameless);
        reading.reject(InvalidValue::new(tags::CONTENT_SEQUENCE, reason));
    }
    events.into_values().collect()
}

fn read(reading: &mut Reading<'_>, kind: &EventKind, container: &ContentItem) -> Option<Event> {
    let mut event = Event {
        uid: String::new(),
        is_administration: kind.container.code == tables::ADMINISTRATION.code,
        effective: None,
        body_site: None,
        components: Vec::new(),
    };
    let mut moments = Moments::default();
    for item in container.descendants(|_| false) {
        moments.take(reading, &item);
        event.take(reading, kind, &item);
    }
    event.effective = moments.effective();
    (!event.uid.is_empty()).then_some(event)
}

impl Event {
    fn take(&mut self, reading: &mut Reading<'_>, kind: &EventKind, item: &ContentItem) {
        let Some(name) = item.name() else {
            return;
        };
        if self.uid.is_empty() && tables::EVENT_UID.iter().any(|uid| uid.is(&name)) {
            self.uid = reading.accept(item.uid()).unwrap_or_default();
        }
        if self.body_site.is_none() && tables::REGION.is(&name) {
            let side: Vec<_> = qualifier::side(item).into_iter().collect();
            let region = item.code();
            let region = region.and_then(|code| concept::codeable(&code, &side));
            self.body_site = region.and_then(|region| Fact::json(&region));
        }
        // One more than there may be tells that there are too many.
        if self.components.len() > MOST_ITEMS {
            return;
        }
        if let Some(row) = Component::named(kind.components, &name) {
            let side: Vec<_> = qualifier::side(item).into_iter().collect();
            self.components.extend(row.read(reading, item, &side));
        }
    }

    fn join(&mut self, other: Self) {
        for component in other.components {
            if self.components.len() <= MOST_ITEMS && !self.components.contains(&component) {
                self.components.push(component);
            }
        }
        self.effective = self.effective.take().or(other.effective);
        self.body_site = self.body_site.take().or(other.body_site);
    }

    /// The event as Observation; `summary` has what all events share.
    pub(super) fn said(self, reading: &mut Reading<'_>, summary: &Facts) -> Said {
        let shared = |row: usize| summary.get(row).cloned();
        let period = shared(2).filter(|fact| matches!(fact, Fact::Json(_)));
        let facts = [
            shared(0),
            Fact::json(&tables::EVENT.codeable(&[])),
            // Within the time of the report, when that has an end.
            self.effective.or(period),
            shared(3),
            shared(4),
            shared(5),
            self.body_site,
            components_fact(reading, self.components),
        ];
        Said {
            which: Which::IrradiationEvent(self.uid.into()),
            facts: Facts(Arc::new(facts)),
        }
    }
}

/// The components of the administration of a radiopharmaceutical, when there is but one: then it
/// is what the report sums up.
pub(super) fn only_administration(events: &[Event]) -> Vec<Box<str>> {
    match events {
        [event] if event.is_administration => event.components.clone(),
        _ => Vec::new(),
    }
}
