//! What one entry says, in the form that FHIR takes.

use std::fmt;

use crate::dicom::NameGroup;

use super::PatientKey;

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
