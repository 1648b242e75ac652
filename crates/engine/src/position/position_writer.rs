//! Keeps the position in the store: the newest one, one write at a time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::Fuse;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, error};

use crate::failure::{Code, Failure};
use crate::health::gate::Gate;
use crate::options;
use crate::retries::retry::endless;
use crate::store::{ETag, Store, SyncState};

/// How long the position may move on before it is saved again. A durable write costs more than most
/// of the work that it saves after a crash.
const PAUSE: Duration = Duration::from_millis(100);

/// The position as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DesiredPosition {
    pub(crate) position: SyncState,
    /// Whether there is nothing to do that would move it on.
    pub(crate) at_rest: bool,
}

/// The task of a position writer, which may be waited for again after it has ended.
pub(crate) type PositionHandle = Fuse<AbortOnDropHandle<Result<(), Failure>>>;

/// Saves the position when it has moved.
pub(crate) struct PositionWriter {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) etag: Option<ETag>,
    pub(crate) retry: Arc<options::Retry>,
    pub(crate) gate: Gate,
    pub(crate) wanted: watch::Receiver<DesiredPosition>,
    /// The position as it is stored.
    pub(crate) saved: watch::Sender<SyncState>,
}

impl PositionWriter {
    /// Runs until nobody can move the position any more, and the last one is saved.
    ///
    /// # Errors
    /// Somebody else moved the stored position: there must be no second writer.
    pub(crate) async fn run(mut self) -> Result<(), Failure> {
        while self.wanted.changed().await.is_ok() {
            if !self.save().await? {
                continue;
            }
            let saved = self.saved.borrow().clone();
            let mut wanted = self.wanted.clone();
            let rests = wanted.wait_for(|it| it.at_rest && !it.position.is_where(&saved));
            // It rests, nobody can move it any more, or the time has come.
            let _ = timeout(PAUSE, rests).await;
        }
        self.save().await.map(drop)
    }

    /// Saves the position; answers whether it had moved.
    async fn save(&mut self) -> Result<bool, Failure> {
        let state = self.wanted.borrow_and_update().position.clone();
        // Another address alone is no reason: it is kept with the next step.
        if state.is_where(&self.saved.borrow()) {
            return Ok(false);
        }
        let hold = self.gate.hold();
        let mut delays = endless(&self.retry);
        let mut in_doubt = false;
        loop {
            match self.write(&state, in_doubt).await {
                Ok(etag) => {
                    debug!(event = "position_saved", position = state.sequence);
                    self.etag = Some(etag);
                    self.saved.send_replace(state);
                    return Ok(true);
                }
                Err(failure) if failure.code == Code::StoreConflict => return Err(failure),
                Err(failure) => {
                    error!(event = "position_not_saved", code = %failure.code, cure = failure.cure(), "the position cannot be saved: {failure}");
                    hold.tell(&failure, true);
                    in_doubt = true;
                    tokio::time::sleep(delays.next().unwrap_or(self.retry.max_delay)).await;
                }
            }
        }
    }

    /// Writes the state. While it is in doubt whether that was done already, the store may refuse
    /// because it was: then the stored state is this one.
    async fn write(&self, state: &SyncState, in_doubt: bool) -> Result<ETag, Failure> {
        let written = self
            .store
            .save_sync_state(state.clone(), self.etag.as_ref())
            .await;
        let conflict = match written {
            Err(failure) if in_doubt && failure.code == Code::StoreConflict => failure,
            written => return written,
        };
        match self.store.sync_state().await? {
            Some((stored, etag)) if stored == *state => Ok(etag),
            _ => Err(conflict),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::store::SqliteStore;

    fn retry() -> options::Retry {
        options::Retry {
            total_duration: Duration::from_secs(600),
            max_attempts: NonZeroU32::new(4),
            max_attempts_when_healthy: NonZeroU32::MIN,
            order: options::Order::Strict,
            max_retry_after: Duration::from_secs(300),
            initial_delay: Duration::from_secs(2),
            max_delay: Duration::from_secs(60),
            on_outage: options::OnOutage::Pause,
            signal_interval: Duration::from_secs(30),
            policies: options::Policies::default(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_position_that_keeps_moving_is_saved_now_and_then_and_at_once_when_it_rests_or_ends()
    {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("radcast.db")).unwrap());
        let at = |sequence, at_rest| DesiredPosition {
            position: SyncState::at(sequence, None),
            at_rest,
        };
        let (wanted, to_save) = watch::channel(at(0, true));
        let (saved, stored) = watch::channel(SyncState::default());
        let position_writer = PositionWriter {
            store: store.clone(),
            etag: None,
            retry: Arc::new(retry()),
            gate: Gate::new(),
            wanted: to_save,
            saved,
        };
        let running = tokio::spawn(position_writer.run());
        wanted.send_replace(at(0, false));
        sleep(Duration::from_millis(1)).await;
        wanted.send_replace(at(1, false));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(stored.borrow().sequence, 1);
        for sequence in 1..=950 {
            wanted.send_replace(at(sequence, false));
            sleep(Duration::from_millis(1)).await;
        }
        wanted.send_replace(at(950, true));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(stored.borrow().sequence, 950);
        wanted.send_replace(at(951, false));
        let ending = Instant::now();
        drop(wanted);
        running.await.unwrap().unwrap();
        assert!(ending.elapsed() < Duration::from_millis(10));
        let (state, ETag(saves)) = store.sync_state().await.unwrap().unwrap();
        assert_eq!(state.sequence, 951);
        assert!((10..=13).contains(&saves.parse().unwrap()), "{saves}");
    }
}
