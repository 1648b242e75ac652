//! Counts what becomes of the entries.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::telemetry::Metrics;
use radcast_engine::failure::{Failure, Subject};
use radcast_engine::{Observer, Outcome};

/// Hands what the engine tells of to the metrics, and keeps the counts since the start.
#[derive(Debug)]
pub struct MetricsObserver {
    metrics: Metrics,
    applied: AtomicU64,
    skipped: AtomicU64,
    failed: AtomicU64,
}

/// How many entries were settled since the start, by result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) applied: u64,
    pub(super) skipped: u64,
    pub(super) failed: u64,
}

impl MetricsObserver {
    /// Counts in these metrics.
    #[must_use]
    pub const fn new(metrics: Metrics) -> Self {
        Self {
            metrics,
            applied: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    pub(super) fn settled_so_far(&self) -> Settled {
        Settled {
            applied: self.applied.load(Ordering::Relaxed),
            skipped: self.skipped.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}

impl Settled {
    /// The part of the settled entries that failed; `None` before the first.
    pub(super) fn failure_rate(self) -> Option<f64> {
        let all = self.applied + self.skipped + self.failed;
        (all > 0).then(|| self.failed as f64 / all as f64)
    }
}

impl Observer for MetricsObserver {
    fn settled(&self, _: &Subject, fate: &Outcome) {
        let count = match fate {
            Outcome::Applied => {
                self.metrics.entry_applied();
                &self.applied
            }
            Outcome::Skipped(_) => {
                self.metrics.entry_skipped();
                &self.skipped
            }
            Outcome::Failed(failure) => {
                self.metrics.entry_failed(failure.class());
                &self.failed
            }
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn attempt_failed(&self, _: &Subject, _: u32, failure: &Failure, _: Option<Duration>) {
        self.metrics.attempt_failed(failure.code);
    }

    fn service_failed(&self, failure: &Failure) {
        self.metrics.attempt_failed(failure.code);
    }
}
