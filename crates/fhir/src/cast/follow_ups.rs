//! What has to be read in the light of what the lookups found.

use super::{Found, ResourceName, Rules, StudyDelta, imaging_study, patient};

impl StudyDelta {
    /// The resources that have to be read before [`merge`](super::merge), in the light of what was
    /// found and read. It is asked again with the answers in [`Found::read`] until it names none,
    /// [`Self::MAX_FOLLOW_UPS`] times at most. None for nearly all deltas.
    #[must_use]
    pub fn follow_ups(&self, found: &Found, rules: &Rules) -> Vec<ResourceName> {
        let patient = self.patient();
        let mut names = patient.map_or_else(Vec::new, |facts| {
            patient::follow_ups(self, facts.key(), found, rules)
        });
        let endpoints = imaging_study::follow_ups(self, found, rules);
        let is_read = |name: &ResourceName| found.read.iter().any(|(read, _)| read == name);
        names.extend(endpoints.into_iter().filter(|name| !is_read(name)));
        names.sort();
        names.dedup();
        names
    }

    /// How often [`Self::follow_ups`] can have more to ask.
    pub const MAX_FOLLOW_UPS: usize = 10;
}
