//! What is mapped to an `ImagingStudy`.

use super::super::mapping::{Derived, MappedResource, Origin, of_derived, of_rows};
use super::{TYPE, attributes, computed, identity, links, series};

/// What `mod.rs` writes itself.
const DERIVED: &[Derived] = &[
    Derived::new(
        "status",
        Origin::Fixed,
        "available, and registered once no instance is left; another status than these stays",
    ),
    Derived::new(
        "meta.source",
        Origin::Settings,
        "DicomWeb:Endpoint, written when radcast creates the study: by this it knows its own",
    ),
];

pub(crate) fn mapping() -> MappedResource {
    let derived = [
        identity::DERIVED,
        DERIVED,
        links::DERIVED,
        computed::DERIVED,
    ];
    let derived = derived.into_iter().flatten();
    let study = of_derived(TYPE, derived).chain(of_rows(TYPE, attributes::STUDY));
    let of_series = of_derived(TYPE, series::DERIVED)
        .chain(of_derived(TYPE, computed::DERIVED_OF_SERIES))
        .chain(of_rows("ImagingStudy.series", attributes::SERIES));
    let instances = of_derived(TYPE, series::DERIVED_OF_INSTANCES).chain(of_rows(
        "ImagingStudy.series.instance",
        attributes::INSTANCE,
    ));
    MappedResource {
        resource_type: TYPE,
        rows: study.chain(of_series).chain(instances).collect(),
    }
}
