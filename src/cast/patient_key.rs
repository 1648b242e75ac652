//! The identity of a patient.

use std::fmt;
use std::sync::Arc;

/// Which patient: identifier system and PatientID (0010,0020). Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PatientKey {
    pub(super) system: Option<Arc<str>>,
    pub(super) id: Arc<str>,
    /// Whether it stands for the unnamed patient of one study.
    pub(super) of_study: bool,
}

impl fmt::Debug for PatientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientKey(..)")
    }
}
