//! What an entry says in one Observation.

use super::super::fact::{Fact, Facts};

/// One Observation as an entry says it.
pub(in crate::cast) struct Said {
    pub(super) which: Which,
    /// One for each of [`ROWS`](super::rows::ROWS).
    pub(super) facts: Facts,
}

impl Said {
    /// What is said, row by row.
    pub(in crate::cast) fn facts(&self) -> impl Iterator<Item = &Option<Fact>> {
        self.facts.0.iter()
    }

    /// The UID of the irradiation event that this is about, if it is about one.
    pub(super) fn event(&self) -> Option<&str> {
        match &self.which {
            Which::DoseSummary => None,
            Which::IrradiationEvent(uid) => Some(uid),
        }
    }
}

/// Which of the Observations of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Which {
    /// The summary of a dose report.
    DoseSummary,
    /// An irradiation event, by its UID.
    IrradiationEvent(Box<str>),
}
