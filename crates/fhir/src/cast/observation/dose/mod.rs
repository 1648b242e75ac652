//! Radiation dose reports (PS3.16 TID 10001, 10011, 10021): a summary, and one Observation for
//! each irradiation event.
//!
//! What is recognised stands in `tables.rs`. Recognition goes by code and scheme.

mod device;
mod event;
mod moment;
mod qualifier;
mod summary;
pub(crate) mod tables;

use dicom_dictionary_std::tags;

use radcast_dicom::{ContentItem, Dataset};

use super::super::reading::Reading;
use super::said::Said;
use event::{Event, read_events};

/// The storage classes of structured reports (PS3.4 B.5).
pub(in crate::cast) const REPORT_CLASSES: &str = "1.2.840.10008.5.1.4.1.1.88.";

/// Whether a SOP class is one of structured reports.
pub(in crate::cast) fn is_report_class(uid: &str) -> bool {
    uid.starts_with(REPORT_CLASSES)
}

/// What a dose report says; nothing of any other instance.
pub(super) fn read(reading: &mut Reading<'_>) -> Vec<Said> {
    let Some(root) = title(reading.dataset) else {
        return Vec::new();
    };
    let events = read_events(reading, &root);
    let summary = summary::read(reading, &root, &events);
    let shared = summary.facts.clone();
    let events = events.into_iter();
    let events = events.map(|event: Event| event.said(reading, &shared));
    std::iter::once(summary).chain(events).collect()
}

/// The root of a dose report. An image has no content, and costs one look.
fn title(dataset: &Dataset) -> Option<ContentItem> {
    let root = ContentItem::root(dataset)?;
    let class = dataset.uid(tags::SOP_CLASS_UID).ok().flatten();
    let modality = || dataset.code_string(tags::MODALITY).ok().flatten();
    let is_report = class.is_some_and(|class| is_report_class(&class))
        || modality().is_some_and(|modality| modality == "SR");
    let name = root.name().filter(|_| is_report)?;
    tables::TITLES
        .iter()
        .any(|title| title.is(&name))
        .then_some(root)
}
