//! What has to be read in the light of what the lookups found.

use super::{Found, ResourceName, Rules, StudyDelta, patient};

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
        names.sort();
        names.dedup();
        names
    }

    /// How often [`Self::follow_ups`] can have more to ask.
    pub const MAX_FOLLOW_UPS: usize = 10;
}
