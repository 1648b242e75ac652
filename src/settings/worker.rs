//! `DicomCastWorker`: pace and size of the work.

use std::time::Duration;

use super::table;
use super::values::Values;

/// Pace and size of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Pause between two reads of the feed once everything in it has been read.
    pub poll_interval: Duration,
    /// Pause between two pages while there is more to read.
    pub poll_interval_during_catchup: Duration,
    /// Studies written at the same time, 1 to 64.
    pub max_concurrency: usize,
    /// A write that takes longer is a slow one: fewer studies are written at the same time.
    pub slow_after: Duration,
    /// Pages of entries held in memory, 1 to 64.
    pub pages_ahead: usize,
    /// How long entries of a study wait for more of it while there is more to read.
    pub gather_time: Duration,
    /// How long the process may take to end after SIGTERM.
    pub shutdown_grace_period: Duration,
}

impl Worker {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let poll_interval = values.duration(&table::WORKER_POLL_INTERVAL);
        let during_catchup = values.duration(&table::WORKER_POLL_INTERVAL_DURING_CATCHUP);
        let max_concurrency = values.integer(&table::WORKER_MAX_CONCURRENCY);
        let slow_after = values.duration(&table::WORKER_SLOW_AFTER);
        let pages_ahead = values.integer(&table::WORKER_PAGES_AHEAD);
        let gather_time = values.duration(&table::WORKER_GATHER_TIME);
        let grace_period = values.duration(&table::WORKER_SHUTDOWN_GRACE_PERIOD);
        Some(Self {
            poll_interval: poll_interval?,
            poll_interval_during_catchup: during_catchup?,
            max_concurrency: max_concurrency??,
            slow_after: slow_after?,
            pages_ahead: pages_ahead??,
            gather_time: gather_time?,
            shutdown_grace_period: grace_period?,
        })
    }
}
