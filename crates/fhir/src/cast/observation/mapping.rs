//! What is mapped to `Observation`s.

use dicom_dictionary_std::tags;
use indexmap::IndexMap;

use super::super::mapping::{Derived, MappedResource, MappedRow, Origin, of_derived, of_rows};
use super::component::Component;
use super::dose::tables;
use super::{TYPE, body, rows};

/// What is written beside the rows.
const DERIVED: &[Derived] = &[
    Derived::new(
        "identifier",
        Origin::Entry,
        "system urn:dicom:uid, value urn:oid: and the UID; of weight and height the study's; of an \
         irradiation event that of each report that states it",
    )
    .part("SOP Instance UID")
    .tags(&[tags::SOP_INSTANCE_UID]),
    Derived::new(
        "identifier",
        Origin::Entry,
        "study, series and SOP Instance UID with slashes between: of a summary in the system \
         https://radcast.invalid/fhir/sid/dose-summary, of an irradiation event that of each report \
         that states it in https://radcast.invalid/fhir/sid/dose-report, the report that counts \
         last; outside the default data partition the system has the name of the partition behind it",
    )
    .part("report")
    .tags(&[
        tags::STUDY_INSTANCE_UID,
        tags::SERIES_INSTANCE_UID,
        tags::SOP_INSTANCE_UID,
    ]),
    Derived::new(
        "identifier",
        Origin::Dataset,
        "of an irradiation event its own UID too, and study and event UID in the system \
         https://radcast.invalid/fhir/sid/irradiation-event: one Observation for each event of a \
         study, however many reports state it; an event without UID is omitted with a warning",
    )
    .part("event UID")
    .tags(&[tags::CONTENT_SEQUENCE]),
    Derived::new("subject", Origin::Reference, "the study's Patient"),
    Derived::new("partOf", Origin::Reference, "the ImagingStudy"),
    Derived::new(
        "hasMember",
        Origin::Reference,
        "of a summary: its irradiation events",
    ),
    Derived::new(
        "category",
        Origin::Fixed,
        "vital-signs, of weight and height",
    )
    .part("weight and height"),
];

pub(in crate::cast) fn mapping() -> MappedResource {
    let rows = of_derived(TYPE, DERIVED)
        .chain(of_rows(TYPE, rows::ROWS))
        .chain(components())
        .chain(of_rows(TYPE, body::ROWS));
    MappedResource {
        resource_type: TYPE,
        rows: rows.collect(),
    }
}

/// The components of dose reports: a row for each concept, with the places that it is read in.
fn components() -> impl Iterator<Item = MappedRow> {
    let summary = tables::ACCUMULATED.iter().map(|row| ("summary", row));
    let events = tables::EVENTS.iter().flat_map(|kind| {
        let rows = kind.components.iter();
        rows.map(|row| (kind.container.meaning, row))
    });
    let mut all: IndexMap<String, (&Component, Vec<&str>)> = IndexMap::new();
    for (place, row) in summary.chain(events) {
        let known = all.entry(row.concept.to_string());
        known.or_insert((row, Vec::new())).1.push(place);
    }
    all.into_iter().map(|(name, (row, places))| MappedRow {
        attributes: vec![tags::CONTENT_SEQUENCE.into(), row.kind.attribute().into()],
        path: format!("{TYPE}.component"),
        part: name.into(),
        origin: Origin::Dataset,
        rule: format!(
            "{}: `{}` from {}",
            places.join(", "),
            row.kind.element(),
            row.kind.rule()
        )
        .into(),
        required: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_of_the_tables_is_told_of_with_its_places() {
        let rows: Vec<_> = components().collect();
        let told = |part: &str| {
            let row = rows.iter().find(|row| row.part == part);
            row.map(|row| row.rule.split(" from ").next().unwrap().to_owned())
        };
        assert_eq!(
            told("(113725, DCM) Dose (RP) Total").unwrap(),
            "summary: `valueQuantity`"
        );
        assert_eq!(
            told("(113839, DCM) Effective Dose").unwrap(),
            "summary, CT Acquisition, Radiopharmaceutical Administration: `valueQuantity`"
        );
        assert_eq!(
            told("(89457008, SCT) Radionuclide").unwrap(),
            "Radiopharmaceutical Administration: `valueCodeableConcept`"
        );
        let tables = tables::EVENTS.iter().map(|kind| kind.components);
        let all = tables.flatten().chain(tables::ACCUMULATED);
        for row in all {
            assert!(told(&row.concept.to_string()).is_some(), "{}", row.concept);
        }
    }
}
