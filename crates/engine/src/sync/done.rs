//! What the work of one batch came to.

use tracing::Span;

use super::Target;
use super::schedule::{Claim, Retry};
use super::status::Fate;
use super::target::Applied;
use crate::failure::Subject;

/// What became of a batch. Entries missing from `settled` wait for the next start.
pub(super) struct Done<T: Target> {
    pub(super) claim: Claim<T>,
    pub(super) settled: Vec<(Subject, Fate)>,
    pub(super) applied: Vec<Applied>,
    /// What the work was traced in.
    pub(super) span: Span,
    pub(super) retry: Option<Again>,
}

impl<T: Target> Done<T> {
    /// Whether an entry was applied.
    pub(super) fn succeeded(&self) -> bool {
        let settled = self.settled.iter().any(|(_, fate)| *fate == Fate::Applied);
        settled || matches!(self.retry, Some(Again::Done { applied: true }))
    }
}

/// What became of a retry, for the schedule.
pub(super) enum Again {
    /// It is done with: applied, obsolete, failed again, or not wanted any more.
    Done { applied: bool },
    /// It could not be made now, and nothing has changed.
    Postponed,
    /// Its entry turned out to be of a unit, where it has to be made.
    Elsewhere(Box<Retry>),
}
