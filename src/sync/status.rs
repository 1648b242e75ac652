//! What the engine is doing, for those who watch it.

use std::collections::BTreeMap;

use super::target::Applied;
use crate::failure::{Code, Failure, Subject};

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
    Retrying(Code),
    /// A dependency is down or refuses us; work resumes by itself.
    Paused(Code),
}

/// How far the engine is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    /// What it is about.
    pub state: State,
    /// Every entry up to this sequence is settled, and that is durably stored.
    pub position: u64,
    /// The newest sequence of the feed, as last heard.
    pub latest: u64,
    /// How many entries were settled since the start.
    pub settled: u64,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The target agrees with it.
    Applied,
    /// There was nothing to do, for this reason.
    Skipped(&'static str),
    /// It failed and is durably recorded.
    Failed(Failure),
}

/// Somebody who is told what becomes of each entry.
pub trait Observer: Send + Sync + 'static {
    /// Something of an entry cannot be applied; the rest of it goes on.
    fn warned(&self, subject: &Subject, warning: &str);

    /// An entry was settled.
    fn settled(&self, subject: &Subject, fate: &Fate);

    /// A delta was applied.
    fn applied(&self, applied: &Applied);
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
    /// What of entries could not be applied.
    pub warnings: Vec<(Subject, String)>,
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
    fn warned(&self, subject: &Subject, warning: &str) {
        self.lock()
            .warnings
            .push((subject.clone(), warning.to_owned()));
    }

    fn settled(&self, subject: &Subject, fate: &Fate) {
        let mut counts = self.lock();
        match fate {
            Fate::Applied => counts.applied += 1,
            Fate::Skipped(reason) => *counts.skipped.entry(reason).or_default() += 1,
            Fate::Failed(failure) => counts.failed.push((subject.clone(), failure.clone())),
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

impl Observer for Unobserved {
    fn warned(&self, _: &Subject, _: &str) {}

    fn settled(&self, _: &Subject, _: &Fate) {}

    fn applied(&self, _: &Applied) {}
}
