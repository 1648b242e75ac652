//! What the engine is doing, for those who watch it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::failure::{Code, Failure, OmittedValue, Subject};
use crate::health::requested_wait::RequestedWait;
use crate::target::Applied;

/// What the engine is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// It has not read the feed yet.
    #[default]
    Starting,
    /// There is more in the feed than has been read.
    CatchingUp,
    /// The feed has been read to its end.
    Following,
    /// An entry is being retried; no new study is started.
    Retrying {
        /// What went wrong.
        code: Code,
        /// The entry, or the first of several that are retried together.
        sequence: Option<u64>,
    },
    /// A dependency is down or refuses us; work resumes by itself.
    Paused(Code),
    /// Another replica consumes the feed; this one takes over when that ends.
    Standby,
}

impl State {
    /// The name of the state in metrics, reports and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::CatchingUp => "catching_up",
            Self::Following => "following",
            Self::Retrying { .. } => "retrying",
            Self::Paused(_) => "paused",
            Self::Standby => "standby",
        }
    }

    /// What went wrong, in a state that is trouble.
    #[must_use]
    pub const fn code(self) -> Option<Code> {
        match self {
            Self::Retrying { code, .. } | Self::Paused(code) => Some(code),
            Self::Starting | Self::CatchingUp | Self::Following | Self::Standby => None,
        }
    }
}

/// How far the engine is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    /// What it is about.
    pub state: State,
    /// The wait that a service asked for, in a state that is trouble.
    pub wait: Option<RequestedWait>,
    /// Whether this replica may work: it surely holds the lease, or there is none.
    pub leader: bool,
    /// Every entry up to this sequence is settled, and that is durably stored.
    pub position: u64,
    /// The newest time among the entries up to the position, by the feed's clock.
    pub position_timestamp: Option<Timestamp>,
    /// The newest sequence of the feed, as last heard.
    pub latest: u64,
    /// When an entry was applied last.
    pub last_success: Option<Timestamp>,
    /// How many entries were settled since the start.
    pub settled: u64,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target agrees with it.
    Applied,
    /// There was nothing to do, for this reason.
    Skipped(&'static str),
    /// It failed and is durably recorded.
    Failed(Failure),
}

/// What a retry of a recorded entry came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// The target agrees with it; its record is removed.
    Applied,
    /// There is nothing left to do, for this reason; its record is removed.
    Obsolete(&'static str),
    /// It failed again.
    Failed(Failure),
}

/// Somebody who is told what becomes of each entry. None of these may wait.
pub trait Observer: Send + Sync + 'static {
    /// A value of an entry is left out; the rest of it goes on.
    fn warned(&self, _subject: &Subject, _omitted: &OmittedValue) {}

    /// An attempt at an entry (the first of several that are applied together) failed; the next
    /// is made after this delay, or none.
    fn attempt_failed(
        &self,
        _subject: &Subject,
        _attempt: u32,
        _failure: &Failure,
        _next: Option<Duration>,
    ) {
    }

    /// A service failed apart from any entry: the feed could not be read, or the start not be made.
    fn service_failed(&self, _failure: &Failure) {}

    /// Nothing failed, but a person should look at this.
    fn noticed(&self, _notice: &Failure) {}

    /// An entry was settled.
    fn settled(&self, _subject: &Subject, _fate: &Outcome) {}

    /// A delta was applied.
    fn applied(&self, _applied: &Applied) {}

    /// A recorded entry was retried.
    fn retried(&self, _subject: &Subject, _outcome: &Retried) {}

    /// So many entries failed with this code in a short time.
    fn escalated(&self, _code: Code, _count: u64) {}
}

/// Several observers, each told in turn.
pub struct Observers(pub Vec<Arc<dyn Observer>>);

impl Observer for Observers {
    fn warned(&self, subject: &Subject, omitted: &OmittedValue) {
        self.0.iter().for_each(|one| one.warned(subject, omitted));
    }

    fn attempt_failed(
        &self,
        subject: &Subject,
        attempt: u32,
        failure: &Failure,
        next: Option<Duration>,
    ) {
        self.0
            .iter()
            .for_each(|one| one.attempt_failed(subject, attempt, failure, next));
    }

    fn service_failed(&self, failure: &Failure) {
        self.0.iter().for_each(|one| one.service_failed(failure));
    }

    fn noticed(&self, notice: &Failure) {
        self.0.iter().for_each(|one| one.noticed(notice));
    }

    fn settled(&self, subject: &Subject, fate: &Outcome) {
        self.0.iter().for_each(|one| one.settled(subject, fate));
    }

    fn applied(&self, applied: &Applied) {
        self.0.iter().for_each(|one| one.applied(applied));
    }

    fn retried(&self, subject: &Subject, outcome: &Retried) {
        self.0.iter().for_each(|one| one.retried(subject, outcome));
    }

    fn escalated(&self, code: Code, count: u64) {
        self.0.iter().for_each(|one| one.escalated(code, count));
    }
}

/// Counts what became of the entries and keeps those that need a person.
#[derive(Debug, Default)]
pub struct Tally {
    inner: std::sync::Mutex<Counts>,
}

/// The counts of a [`Tally`].
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Entries applied.
    pub applied: u64,
    /// Entries skipped, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Values of entries that were left out.
    pub warnings: Vec<(Subject, OmittedValue)>,
    /// Entries failed, with their failure.
    pub failed: Vec<(Subject, Failure)>,
    /// Resources written, by what was done and to which type.
    pub writes: BTreeMap<String, u64>,
}

impl Tally {
    /// The counts so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Observer for Tally {
    fn warned(&self, subject: &Subject, omitted: &OmittedValue) {
        self.lock()
            .warnings
            .push((subject.clone(), omitted.clone()));
    }

    fn settled(&self, subject: &Subject, fate: &Outcome) {
        let mut counts = self.lock();
        match fate {
            Outcome::Applied => counts.applied += 1,
            Outcome::Skipped(reason) => *counts.skipped.entry(reason).or_default() += 1,
            Outcome::Failed(failure) => counts.failed.push((subject.clone(), failure.clone())),
        }
    }

    fn applied(&self, applied: &Applied) {
        let mut counts = self.lock();
        for (what, times) in &applied.writes {
            *counts.writes.entry(what.clone()).or_default() += times;
        }
    }
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Unobserved;

impl Observer for Unobserved {}
