//! `Patient`: how patients are identified and kept in step.

pub use radcast_fhir::options::{MissingId, OnUnknownIssuer, PatientPolicy, PlaceholderIds};

use radcast_fhir::options::Names;

use super::table;
use super::values::Values;

/// How patients are identified and kept in step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// The identifier system that patients are found and created with; `None` for no system.
    pub system_id: Option<String>,
    /// The issuers whose ids are the site's own; none: the first one that is stated, where
    /// `system_id` is given.
    pub home_issuers: Names,
    /// What becomes of an id whose issuer is not known and has no universal id.
    pub on_unknown_issuer: OnUnknownIssuer,
    /// Whether Issuer of Patient ID (0010,0021) is the system instead.
    pub is_issuer_id_used: bool,
    /// What becomes of the patient's resource.
    pub policy: PatientPolicy,
    /// What becomes of an instance without Patient ID (0010,0020).
    pub missing_id: MissingId,
    /// Patient ids that stand for none.
    pub placeholder_ids: PlaceholderIds,
    /// Whether weight and height are written as `Observation`s.
    pub generate_observations: bool,
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
        let on_unknown_issuer =
            values.choice(&table::PATIENT_ON_UNKNOWN_ISSUER, |word| match word {
                "ownsystem" => Some(OnUnknownIssuer::OwnSystem),
                "fail" => Some(OnUnknownIssuer::Fail),
                _ => None,
            });
        let home_issuers = values.list(&table::PATIENT_HOME_ISSUERS);
        let placeholder_ids = values.list(&table::PATIENT_PLACEHOLDER_IDS);
        let generate_observations = values.boolean(&table::PATIENT_GENERATE_OBSERVATIONS);
        Some(Self {
            system_id: values.text(&table::PATIENT_SYSTEM_ID),
            home_issuers: home_issuers?.into_iter().collect(),
            on_unknown_issuer: on_unknown_issuer??,
            is_issuer_id_used: is_issuer_id_used?,
            policy: policy??,
            missing_id: missing_id??,
            placeholder_ids: placeholder_ids?.into_iter().collect(),
            generate_observations: generate_observations?,
        })
    }
}
