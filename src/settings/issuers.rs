//! `Issuers`: the identifier systems of those who issue identifiers.

use std::collections::BTreeMap;

use super::names::folded;
use super::table;
use super::values::Values;

/// The identifier systems of issuers, by their names in DICOM, in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Issuers(BTreeMap<String, String>);

impl Issuers {
    /// With the system of an issuer.
    #[must_use]
    pub fn with(mut self, issuer: &str, system: &str) -> Self {
        self.0.insert(folded(issuer), system.to_owned());
        self
    }

    /// The system of an issuer, if it is configured.
    #[must_use]
    pub fn system(&self, issuer: &str) -> Option<&str> {
        self.0.get(&folded(issuer)).map(String::as_str)
    }

    /// All systems.
    pub fn systems(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    pub(super) fn read(values: &mut Values) -> Self {
        let given = values.below(&table::ISSUERS).into_iter();
        given.fold(Self::default(), |issuers, below| {
            issuers.with(&below.path, &below.text)
        })
    }
}
