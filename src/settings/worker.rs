//! `DicomCastWorker`: pace and size of the work.

pub use radcast_engine::options::Worker;

use super::table;
use super::values::{FromValues, Values};

impl FromValues for Worker {
    fn read(values: &mut Values) -> Option<Self> {
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
