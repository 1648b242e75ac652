//! The retries that the schedule was handed, until all of them are done with.

use tokio::sync::oneshot;

use crate::store::FailureRecord;

/// Records to be retried.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) records: Vec<FailureRecord>,
    /// Told once all are done with: whether it makes sense to go on with others.
    pub(crate) done: oneshot::Sender<bool>,
}

/// The round that is under way.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    left: usize,
    postponed: bool,
    done: Option<oneshot::Sender<bool>>,
}

impl Rounds {
    /// Whether there is none under way.
    pub(crate) const fn are_over(&self) -> bool {
        self.left == 0
    }

    /// A round of so many retries begins.
    pub(crate) fn begin(&mut self, retries: usize, done: oneshot::Sender<bool>) {
        *self = Self {
            left: retries,
            postponed: false,
            done: Some(done),
        };
    }

    /// So many of its retries are done with; if they are `postponed`, the others had better be too.
    pub(crate) fn finish(&mut self, retries: usize, postponed: bool) {
        self.left = self.left.saturating_sub(retries);
        self.postponed |= postponed;
        if let Some(done) = self.done.take_if(|_| self.left == 0) {
            // Nobody may be waiting any more.
            let _ = done.send(!self.postponed);
        }
    }
}
