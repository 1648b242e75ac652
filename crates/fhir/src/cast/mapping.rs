//! The mapping as data, for those who read it: the tables that [`Change::read`](super::Change::read)
//! and [`merge`](super::merge()) work by, and what is written besides.

use std::borrow::Cow;
use std::fmt;

use dicom_core::Tag;

use super::row::Row;
use super::{endpoint, imaging_study, observation, patient};
use radcast_dicom::{keyword, vr};

/// What is mapped to one type of resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedResource {
    /// Type of the resource.
    pub resource_type: &'static str,
    /// What is written into it.
    pub rows: Vec<MappedRow>,
}

/// One row of the mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedRow {
    /// The attributes, the one that names the row first; none for what follows from something else.
    pub attributes: Vec<MappedAttribute>,
    /// The element from the resource down: `ImagingStudy.series.bodySite`.
    pub path: String,
    /// Which part of the element; empty for all of it.
    pub part: Cow<'static, str>,
    /// Where the element comes from.
    pub origin: Origin,
    /// The rule, in words.
    pub rule: Cow<'static, str>,
    /// Whether an entry without it fails.
    pub required: bool,
}

/// An attribute as the dictionary of PS3.6 has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MappedAttribute {
    /// Its tag.
    pub tag: Tag,
    /// Its keyword.
    pub keyword: &'static str,
    /// Its value representation.
    pub vr: &'static str,
}

/// Where an element comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Attributes of the instance's dataset.
    Dataset,
    /// The UIDs of the feed's entry, which those of the dataset have to be.
    Entry,
    /// What the resource holds.
    Resource,
    /// The settings.
    Settings,
    /// It refers to a resource that was found or made.
    Reference,
    /// It is always the same.
    Fixed,
}

impl Origin {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Entry => "entry",
            Self::Resource => "computed",
            Self::Settings => "settings",
            Self::Reference => "reference",
            Self::Fixed => "fixed",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for MappedRow {
    /// The path, with the part in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part.as_ref() {
            "" => f.write_str(&self.path),
            part => write!(f, "{} ({part})", self.path),
        }
    }
}

impl fmt::Display for MappedAttribute {
    /// `BodyPartExamined (0018,0015)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.keyword, self.tag)
    }
}

impl From<Tag> for MappedAttribute {
    fn from(tag: Tag) -> Self {
        Self {
            tag,
            keyword: keyword(tag),
            vr: vr(tag).map_or("UN", |vr| vr.to_string()),
        }
    }
}

/// All that is mapped, resource by resource.
#[must_use]
pub fn mapping() -> Vec<MappedResource> {
    vec![
        patient::mapping(),
        imaging_study::mapping(),
        endpoint::mapping(),
        observation::mapping(),
    ]
}

/// An element that no row of a table writes: what stands there, and where it comes from.
pub(super) struct Derived {
    pub(super) tags: &'static [Tag],
    /// The element, relative to the resource.
    pub(super) element: &'static str,
    pub(super) part: &'static str,
    pub(super) origin: Origin,
    pub(super) rule: &'static str,
}

impl Derived {
    pub(super) const fn new(element: &'static str, origin: Origin, rule: &'static str) -> Self {
        Self {
            tags: &[],
            element,
            part: "",
            origin,
            rule,
        }
    }

    /// One of a part of its element.
    pub(super) const fn part(mut self, part: &'static str) -> Self {
        self.part = part;
        self
    }

    /// One that attributes of the dataset say as well.
    pub(super) const fn tags(mut self, tags: &'static [Tag]) -> Self {
        self.tags = tags;
        self
    }
}

/// The rows of a table about the object at a path.
pub(super) fn of_rows(path: &str, rows: &[Row]) -> impl Iterator<Item = MappedRow> {
    rows.iter().map(move |row| MappedRow {
        attributes: row.tags.iter().copied().map(Into::into).collect(),
        path: format!("{path}.{}", row.element),
        part: row.part.into(),
        origin: Origin::Dataset,
        rule: row.rule.into(),
        required: row.required,
    })
}

/// What a resource has besides the rows of its tables.
pub(super) fn of_derived(
    path: &str,
    all: impl IntoIterator<Item = &'static Derived>,
) -> impl Iterator<Item = MappedRow> {
    all.into_iter().map(move |derived| MappedRow {
        attributes: derived.tags.iter().copied().map(Into::into).collect(),
        path: format!("{path}.{}", derived.element),
        part: derived.part.into(),
        origin: derived.origin,
        rule: derived.rule.into(),
        required: false,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn rows() -> impl Iterator<Item = MappedRow> {
        mapping().into_iter().flat_map(|resource| resource.rows)
    }

    #[test]
    fn every_row_has_a_rule() {
        for row in rows() {
            assert!(!row.rule.is_empty(), "{row} has no rule");
            assert!(!row.rule.contains(['|', '\n']), "{row}: no cell of a table");
        }
    }

    #[test]
    fn no_two_rows_are_of_the_same_part() {
        let mut seen = BTreeSet::new();
        for row in rows() {
            assert!(seen.insert(row.to_string()), "{row} is there twice");
        }
    }

    #[test]
    fn every_row_stands_below_its_resource_and_comes_from_something() {
        for resource in mapping() {
            for row in resource.rows {
                assert!(row.path.starts_with(resource.resource_type), "{row}");
                let of_dataset = matches!(row.origin, Origin::Dataset | Origin::Entry);
                assert!(!row.attributes.is_empty() || !of_dataset, "{row}");
                for attribute in &row.attributes {
                    assert_ne!(attribute.keyword, "Unknown", "{row}: {}", attribute.tag);
                }
            }
        }
    }
}
