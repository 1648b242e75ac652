//! The identity of a patient.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Which patient: identifier system and PatientID (0010,0020). Cheap to clone.
#[derive(Clone)]
pub struct PatientKey {
    pub(super) system: Option<Arc<str>>,
    pub(super) id: Arc<str>,
    /// Whether it stands for the unnamed patient of one study.
    pub(super) of_study: bool,
    /// The issuer that the system was made for, as an entry spells it. No part of the identity.
    pub(super) issuer: Option<Arc<str>>,
}

impl PatientKey {
    /// The issuer and the system that was made for it, where nobody knows its own.
    #[must_use]
    pub fn issuer_without_system(&self) -> Option<(&str, &str)> {
        Some((self.issuer.as_deref()?, self.system.as_deref()?))
    }

    fn identity(&self) -> (Option<&str>, &str, bool) {
        (self.system.as_deref(), &self.id, self.of_study)
    }
}

impl PartialEq for PatientKey {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for PatientKey {}

impl Hash for PatientKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl fmt::Debug for PatientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientKey(..)")
    }
}
