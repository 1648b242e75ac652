//! `Patient`: how patients are identified and kept in step.

use super::table;
use super::values::Values;

/// How patients are identified and kept in step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// The identifier system that patients are found and created with; `None` for no system.
    pub system_id: Option<String>,
    /// Whether Issuer of Patient ID (0010,0021) is the system instead.
    pub is_issuer_id_used: bool,
    /// What becomes of the patient's resource.
    pub policy: PatientPolicy,
    /// What becomes of an instance without Patient ID (0010,0020).
    pub missing_id: MissingId,
    /// Whether weight and height are written as `Observation`s.
    pub generate_observations: bool,
}

/// What becomes of a patient's resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PatientPolicy {
    /// It is created, and kept in step.
    #[default]
    Synchronize,
    /// It is created, and never changed.
    CreateIfMissing,
    /// It has to be there, and is only referred to.
    LinkOnly,
}

/// What becomes of an instance without Patient ID (0010,0020).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MissingId {
    /// Its entry fails.
    #[default]
    Fail,
    /// Its study has a patient of its own, identified by the Study Instance UID.
    PerStudy,
}

impl Patient {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let is_issuer_id_used = values.boolean(&table::PATIENT_IS_ISSUER_ID_USED);
        let policy = values.choice(&table::PATIENT_POLICY, |word| match word {
            "synchronize" => Some(PatientPolicy::Synchronize),
            "createifmissing" => Some(PatientPolicy::CreateIfMissing),
            "linkonly" => Some(PatientPolicy::LinkOnly),
            _ => None,
        });
        let missing_id = values.choice(&table::PATIENT_MISSING_ID, |word| match word {
            "fail" => Some(MissingId::Fail),
            "perstudy" => Some(MissingId::PerStudy),
            _ => None,
        });
        let generate_observations = values.boolean(&table::PATIENT_GENERATE_OBSERVATIONS);
        Some(Self {
            system_id: values.text(&table::PATIENT_SYSTEM_ID),
            is_issuer_id_used: is_issuer_id_used?,
            policy: policy??,
            missing_id: missing_id??,
            generate_observations: generate_observations?,
        })
    }
}
