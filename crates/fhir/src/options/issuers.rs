//! Identifier systems of the issuers of patient ids.

use std::collections::BTreeMap;

use super::folded;

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
}
