//! What is mapped to `Observation`s.

use dicom_dictionary_std::tags;

use super::super::mapping::{Derived, MappedResource, Origin, of_derived, of_rows};
use super::{TYPE, body, rows};

/// What is written beside the rows.
const DERIVED: &[Derived] = &[
    Derived::new(
        "identifier",
        Origin::Entry,
        "system urn:dicom:uid, value urn:oid: and the UID; of weight and height the study's",
    )
    .part("SOP Instance UID")
    .tags(&[tags::SOP_INSTANCE_UID]),
    Derived::new(
        "identifier",
        Origin::Dataset,
        "of an irradiation event its own UID too: by it the event is found again",
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
        .chain(of_rows(TYPE, body::ROWS));
    MappedResource {
        resource_type: TYPE,
        rows: rows.collect(),
    }
}
