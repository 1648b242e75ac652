//! Options of `Patient` resources.

use super::Names;

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
    /// The ids, with commas between them, that stand for none unless others are given.
    pub const DEFAULT: &str = "0, ANON, ANONYMIZED, ANONYMISED, ANONYMOUS, N/A, NA, NIL, NO ID, NO-ID, NO_ID, NOID, NONE, NULL, UNDEFINED, UNKNOWN";

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
        Self::DEFAULT.split(',').collect()
    }
}

impl<S: AsRef<str>> FromIterator<S> for PlaceholderIds {
    fn from_iter<T: IntoIterator<Item = S>>(ids: T) -> Self {
        Self(ids.into_iter().collect())
    }
}
