//! Keeps the position in the store: the newest one, one write at a time.

use std::sync::Arc;

use futures_util::future::Fuse;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, error};

use super::gate::Gate;
use super::retry::endless;
use crate::failure::{Code, Failure};
use crate::settings;
use crate::store::{ETag, Store, SyncState};

/// The task of a keeper, which may be waited for again after it has ended.
pub(super) type Keeping = Fuse<AbortOnDropHandle<Result<(), Failure>>>;

/// Saves the position whenever it has moved.
pub(super) struct Keeper {
    pub(super) store: Arc<dyn Store>,
    pub(super) etag: Option<ETag>,
    pub(super) retry: Arc<settings::Retry>,
    pub(super) gate: Gate,
    /// The position as it should be.
    pub(super) wanted: watch::Receiver<SyncState>,
    /// The position as it is stored.
    pub(super) saved: watch::Sender<SyncState>,
}

impl Keeper {
    /// Runs until nobody can move the position any more, and the last one is saved.
    ///
    /// # Errors
    /// Somebody else moved the stored position: there must be no second writer.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        while self.wanted.changed().await.is_ok() {
            self.save().await?;
        }
        self.save().await
    }

    async fn save(&mut self) -> Result<(), Failure> {
        let hold = self.gate.hold();
        let mut delays = endless(&self.retry);
        loop {
            let state = *self.wanted.borrow_and_update();
            if state == *self.saved.borrow() {
                return Ok(());
            }
            match self.store.save_sync_state(state, self.etag.as_ref()).await {
                Ok(etag) => {
                    debug!(event = "position_saved", position = state.sequence);
                    self.etag = Some(etag);
                    self.saved.send_replace(state);
                    return Ok(());
                }
                Err(failure) if failure.code == Code::StoreConflict => return Err(failure),
                Err(failure) => {
                    error!(event = "position_not_saved", code = %failure.code, cure = failure.cure(), "the position cannot be saved: {failure}");
                    hold.tell(&failure, true);
                    tokio::time::sleep(delays.next().unwrap_or(self.retry.max_delay)).await;
                }
            }
        }
    }
}
