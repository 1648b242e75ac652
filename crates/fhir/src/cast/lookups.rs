//! What has to be looked up before a delta is merged.

use super::endpoint::{self, EndpointLookup};
use super::{Query, Rules, StudyDelta, imaging_study, patient};

/// What to look up before a delta is merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookups {
    /// The study.
    pub study: Query,
    /// The patient; `None` when the delta only removes.
    pub patient: Option<Query>,
    /// The service's Endpoint.
    pub endpoint: Option<EndpointLookup>,
    /// Resources that the study refers to, where they are to be searched for.
    pub references: Vec<Query>,
}

impl StudyDelta {
    /// What to look up before [`merge`](super::merge).
    #[must_use]
    pub fn lookups(&self, rules: &Rules) -> Lookups {
        let patient = self.patient();
        Lookups {
            study: imaging_study::query(self.study(), rules),
            patient: patient.map(|facts| patient::query(facts.key())),
            endpoint: Some(endpoint::lookup(self.study(), rules)),
            references: imaging_study::reference_queries(self, rules),
        }
    }
}
