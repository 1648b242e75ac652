//! Looks for failure records that are to be retried: somebody asked for it, or they are due.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::Clock;
use crate::retries::rounds::Round;
use crate::store::{RecordFilter, RecordKey, Store};

/// How many records are handed over together.
const PAGE: usize = 100;

/// Hands records to be retried to the work, a round at a time.
pub(crate) struct Signals {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) interval: Duration,
    pub(crate) clock: Clock,
    pub(crate) rounds: mpsc::Sender<Round>,
    pub(crate) stop: CancellationToken,
}

impl Signals {
    pub(crate) async fn run(self) {
        let looking = async {
            loop {
                self.look().await;
                tokio::time::sleep(self.interval).await;
            }
        };
        self.stop.run_until_cancelled(looking).await;
    }

    /// Hands over all that are to be retried now. What cannot be retried now keeps its signal, and
    /// is found again next time.
    async fn look(&self) {
        let filter = RecordFilter {
            retry_by: Some((self.clock)()),
            ..RecordFilter::default()
        };
        let mut after: Option<RecordKey> = None;
        loop {
            let records = match self.store.records(&filter, after.as_ref(), PAGE).await {
                Ok(records) => records,
                Err(failure) => {
                    warn!(event = "signals_not_read", code = %failure.code, "records to be retried cannot be looked for: {failure}");
                    return;
                }
            };
            let Some(last) = records.last() else { return };
            after = Some(last.key.clone());
            let (done, go_on) = oneshot::channel();
            let handed_over = self.rounds.send(Round { records, done }).await;
            if handed_over.is_err() || go_on.await != Ok(true) {
                return;
            }
        }
    }
}
