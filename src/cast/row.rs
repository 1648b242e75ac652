//! A row of a mapping table, and what one entry says about the rows.

use std::fmt;

use dicom_core::Tag;

use crate::dicom::NameGroup;

use super::edit::EditError;
use super::object::Object;
use super::patient::PatientKey;
use super::reading::Reading;

/// One row of a mapping table: attributes of DICOM, element of FHIR, and the way between them.
pub(super) struct Row {
    /// The attributes, the one that names the row first.
    pub(super) tags: &'static [Tag],
    /// The element, relative to the object that the table is about.
    pub(super) element: &'static str,
    /// Whether an entry without it fails.
    pub(super) required: bool,
    /// What a dataset says; reports what is invalid to the reading.
    pub(super) read: fn(&mut Reading<'_>, &'static [Tag]) -> Option<Fact>,
    /// Brings the element of a stored or new object in step with what was said.
    pub(super) put: fn(&mut Object, &'static str, &Fact) -> Result<(), EditError>,
}

impl Row {
    /// A row whose attribute may be missing.
    pub(super) const fn optional(
        tags: &'static [Tag],
        element: &'static str,
        read: fn(&mut Reading<'_>, &'static [Tag]) -> Option<Fact>,
        put: fn(&mut Object, &'static str, &Fact) -> Result<(), EditError>,
    ) -> Self {
        Self {
            tags,
            element,
            required: false,
            read,
            put,
        }
    }

    /// A row without which an entry fails.
    pub(super) const fn required(
        tags: &'static [Tag],
        element: &'static str,
        read: fn(&mut Reading<'_>, &'static [Tag]) -> Option<Fact>,
        put: fn(&mut Object, &'static str, &Fact) -> Result<(), EditError>,
    ) -> Self {
        let mut row = Self::optional(tags, element, read, put);
        row.required = true;
        row
    }
}

/// What one entry says about one row, in the form that FHIR takes.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Fact {
    /// A string, code, date or dateTime.
    Text(Box<str>),
    /// An unsignedInt.
    Number(u32),
    /// A person's name in one writing.
    Name(Box<NameGroup>),
    /// A patient's identifier.
    Patient(PatientKey),
}

impl Fact {
    /// A fact that is a string, code, date or dateTime.
    pub(super) fn text(text: impl Into<Box<str>>) -> Self {
        Self::Text(text.into())
    }
}

/// What one entry says, row by row of one table.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Facts(pub(super) Box<[Option<Fact>]>);

impl Facts {
    /// What was said about the row of this index.
    pub(super) fn get(&self, row: usize) -> Option<&Fact> {
        self.0.get(row)?.as_ref()
    }
}

impl fmt::Debug for Facts {
    /// Tells how many rows have a fact and not which: it is patient data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Facts({})", self.0.iter().flatten().count())
    }
}

/// Brings an object in step with the facts that count, one per row.
pub(super) fn put_all(
    rows: &[Row],
    facts: &[Option<&Fact>],
    object: &mut Object,
) -> Result<(), EditError> {
    for (row, fact) in rows.iter().zip(facts) {
        if let Some(fact) = fact {
            (row.put)(object, row.element, fact)?;
        }
    }
    Ok(())
}
