//! What the work of one batch came to.

use tracing::Span;

use crate::Target;
use crate::failure::Subject;
use crate::schedule::{Claim, Retry};
use crate::status::Outcome;
use crate::target::Applied;

/// What became of a batch. Entries missing from `settled` wait for the next start.
pub(crate) struct Done<T: Target> {
    pub(crate) claim: Claim<T>,
    pub(crate) settled: Vec<(Subject, Outcome)>,
    pub(crate) applied: Vec<Applied>,
    /// What the work was traced in.
    pub(crate) span: Span,
    pub(crate) retry: Option<Again>,
}

impl<T: Target> Done<T> {
    /// Whether an entry was applied.
    pub(crate) fn succeeded(&self) -> bool {
        let settled = self
            .settled
            .iter()
            .any(|(_, fate)| *fate == Outcome::Applied);
        settled || matches!(self.retry, Some(Again::Done { applied: true }))
    }
}

/// What became of a retry, for the schedule.
pub(crate) enum Again {
    /// It is done with: applied, obsolete, failed again, or not wanted any more.
    Done { applied: bool },
    /// It could not be made now, and nothing has changed.
    Postponed,
    /// Its entry turned out to be of a unit, where it has to be made.
    Elsewhere(Box<Retry>),
}
