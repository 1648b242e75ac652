//! What several occurrences of one thing come to.

use jiff::Timestamp;
use tokio::time::Instant;

use super::Kind;
use radcast_engine::failure::{Code, Failure, Subject};

/// How many subjects are kept as samples.
pub(super) const MOST_SAMPLES: usize = 5;

/// A moment on both clocks: the one that only goes forward, and the one that people read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) instant: Instant,
    pub(super) time: Timestamp,
}

/// What several occurrences of one thing come to. Its size does not grow with their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) kind: Kind,
    pub(super) code: Code,
    /// What the latest of them says.
    pub(super) message: String,
    pub(super) count: u64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// The first few of their subjects.
    pub(super) samples: Vec<Subject>,
}

impl Summary {
    /// Of nothing yet, as of `now`.
    pub(super) const fn empty(kind: Kind, code: Code, now: Moment) -> Self {
        Self {
            kind,
            code,
            message: String::new(),
            count: 0,
            first: now.time,
            last: now.time,
            samples: Vec::new(),
        }
    }

    /// Of the engine's state, which is about no entry.
    pub(super) fn of_state(kind: Kind, code: Code, message: String, now: Moment) -> Self {
        Self {
            message,
            count: 1,
            ..Self::empty(kind, code, now)
        }
    }

    /// Of one failure.
    pub(super) fn of_failure(
        kind: Kind,
        subject: &Subject,
        failure: &Failure,
        now: Moment,
    ) -> Self {
        let mut summary = Self::empty(kind, failure.code, now);
        summary.add_failure(subject, failure, now);
        summary
    }

    /// One failure more.
    pub(super) fn add_failure(&mut self, subject: &Subject, failure: &Failure, now: Moment) {
        self.message.clone_from(&failure.message);
        self.add(subject, now);
    }

    /// One occurrence more.
    pub(super) fn add(&mut self, subject: &Subject, now: Moment) {
        self.count += 1;
        self.last = now.time;
        if self.samples.len() < MOST_SAMPLES {
            self.samples.push(subject.clone());
        }
    }
}
