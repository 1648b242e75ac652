//! What becomes of recorded entries, by the code they failed with.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::failure::{Code, Disposition, Dispositions};

/// What becomes of recorded entries, by the code they failed with. Codes without a policy of their
/// own have the disposition of the code, and no retries by themselves once they are recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policies(BTreeMap<Code, Policy>);

/// What becomes of recorded entries with one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Who has to ask for a retry.
    pub disposition: Disposition,
    /// How long an entry rests before it is retried by itself.
    pub interval: Duration,
    /// How often an entry is retried by itself after it was recorded.
    pub count: u32,
}

impl Policies {
    /// How long an entry rests before it is retried by itself, unless that is given.
    pub const INTERVAL: Duration = Duration::from_secs(300);

    /// With a policy for a code.
    #[must_use]
    pub fn with(mut self, code: Code, policy: Policy) -> Self {
        self.0.insert(code, policy);
        self
    }

    /// The policy of a code.
    #[must_use]
    pub fn policy(&self, code: Code) -> Policy {
        self.0.get(&code).copied().unwrap_or(Policy {
            disposition: code.disposition(),
            interval: Self::INTERVAL,
            count: 0,
        })
    }

    /// The dispositions of all codes.
    #[must_use]
    pub fn dispositions(&self) -> Dispositions {
        let chosen = self.0.iter();
        chosen.fold(Dispositions::default(), |all, (code, policy)| {
            all.with(*code, policy.disposition)
        })
    }
}
