//! `Patient`: how patients are identified and kept in step.

use super::names::Names;
use super::table;
use super::values::{Values, listed};

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

/// What becomes of a patient id whose issuer is not known and has no universal id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnUnknownIssuer {
    /// It has an identifier system that follows from the issuer alone.
    #[default]
    OwnSystem,
    /// Its entry fails.
    Fail,
}

/// Patient ids that stand for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceholderIds(Names);

impl PlaceholderIds {
    /// These, in any case.
    #[must_use]
    pub fn of(ids: &[&str]) -> Self {
        Self(ids.iter().collect())
    }

    /// Whether an id is one of them; zeros of any number are `0`.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        let id = id.trim();
        let zeros = !id.is_empty() && id.bytes().all(|byte| byte == b'0');
        self.0.contains(if zeros { "0" } else { id })
    }
}

impl Default for PlaceholderIds {
    fn default() -> Self {
        Self(listed(table::PATIENT_PLACEHOLDER_IDS.default()).collect())
    }
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
            placeholder_ids: PlaceholderIds(placeholder_ids?.into_iter().collect()),
            generate_observations: generate_observations?,
        })
    }
}
