//! Pace and size of the work.

use std::time::Duration;

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
