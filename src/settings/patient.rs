//! `Patient`: how patients are identified.

use super::table;
use super::values::Values;

/// How patients are identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// The identifier system that patients are found and created with; `None` for no system.
    pub system_id: Option<String>,
    /// Whether Issuer of Patient ID (0010,0021) is the system instead.
    pub is_issuer_id_used: bool,
}

impl Patient {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        Some(Self {
            system_id: values.text(&table::PATIENT_SYSTEM_ID),
            is_issuer_id_used: values.boolean(&table::PATIENT_IS_ISSUER_ID_USED)?,
        })
    }
}
