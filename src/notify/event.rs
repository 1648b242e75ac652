//! What may be worth telling.

use super::Escalated;
use radcast_engine::failure::{Code, Failure, Subject};

/// What may be worth telling. It holds what failures and subjects hold, so no patient data.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// An attempt at an entry failed; it may be tried again.
    AttemptFailed {
        /// The entry; of several, the first.
        subject: &'a Subject,
        /// Why.
        failure: &'a Failure,
    },
    /// An entry was applied.
    EntryApplied {
        /// The entry.
        subject: &'a Subject,
    },
    /// An entry failed and is durably recorded.
    EntryFailed {
        /// The entry.
        subject: &'a Subject,
        /// Why.
        failure: &'a Failure,
    },
    /// A recorded entry was tried again, and failed again.
    RetryFailed {
        /// The entry.
        subject: &'a Subject,
        /// Why.
        failure: &'a Failure,
    },
    /// Nothing failed, but a person should look at this.
    Noticed {
        /// What it is.
        notice: &'a Failure,
    },
    /// The feed waits, because of this.
    FeedPaused {
        /// Why.
        code: Code,
    },
    /// The feed goes on after a pause.
    FeedResumed {
        /// Why it had waited.
        code: Code,
    },
    /// Many entries failed alike.
    Escalated(Escalated),
}
