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
        let state = *self.wanted.borrow_and_update();
        if state == *self.saved.borrow() {
            return Ok(());
        }
        let hold = self.gate.hold();
        let mut delays = endless(&self.retry);
        let mut in_doubt = false;
        loop {
            match self.write(state, in_doubt).await {
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
                    in_doubt = true;
                    tokio::time::sleep(delays.next().unwrap_or(self.retry.max_delay)).await;
                }
            }
        }
    }

    /// Writes the state. While it is in doubt whether that was done already, the store may refuse
    /// because it was: then the stored state is this one.
    async fn write(&self, state: SyncState, in_doubt: bool) -> Result<ETag, Failure> {
        let written = self.store.save_sync_state(state, self.etag.as_ref()).await;
        let conflict = match written {
            Err(failure) if in_doubt && failure.code == Code::StoreConflict => failure,
            written => return written,
        };
        match self.store.sync_state().await? {
            Some((stored, etag)) if stored == state => Ok(etag),
            _ => Err(conflict),
        }
    }
}
