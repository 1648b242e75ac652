//! What has to be known before the first entry.

use tokio::sync::watch;
use tracing::error;

use super::open_records::OpenRecords;
use super::retry::endless;
use super::status::{State, Status};
use super::{Engine, Target};
use crate::failure::Failure;
use crate::store::{ETag, RecordFilter, RecordKey, SyncState};

/// How many records are read together at the start.
const PAGE: usize = 100;

/// What is known at the start.
pub(super) struct Begin {
    pub(super) position: SyncState,
    pub(super) etag: Option<ETag>,
    pub(super) open: OpenRecords,
}

impl<T: Target> Engine<T> {
    /// Waits until store and target work.
    pub(super) async fn start(&self, status: &watch::Sender<Status>) -> Begin {
        let stored = self.until_ok("the store cannot be read", status, || {
            self.store.sync_state()
        });
        let (position, etag) = stored.await.unzip();
        status.send_modify(|status| {
            let known = position.unwrap_or_default();
            status.position = known.sequence;
            status.position_timestamp = known.timestamp;
        });
        let open = self.open_records(status).await;
        self.until_ok("the target cannot be used", status, || self.target.probe())
            .await;
        Begin {
            position: position.unwrap_or_default(),
            etag,
            open,
        }
    }

    /// Learns which studies have open records.
    async fn open_records(&self, status: &watch::Sender<Status>) -> OpenRecords {
        let open = OpenRecords::default();
        let filter = RecordFilter::default();
        let mut after: Option<RecordKey> = None;
        loop {
            let page = self.until_ok("the failure records cannot be read", status, || {
                self.store.records(&filter, after.as_ref(), PAGE)
            });
            let page = page.await;
            let Some(last) = page.last() else { return open };
            after = Some(last.key.clone());
            page.iter().for_each(|record| open.add(&record.subject));
        }
    }

    async fn until_ok<R, A: Future<Output = Result<R, Failure>>>(
        &self,
        trouble: &str,
        status: &watch::Sender<Status>,
        attempt: impl Fn() -> A,
    ) -> R {
        let mut delays = endless(&self.retry);
        loop {
            match attempt().await {
                Ok(result) => return result,
                Err(failure) => {
                    self.observer.service_failed(&failure);
                    error!(event = "start_delayed", code = %failure.code, cure = failure.cure(), "{trouble}: {failure}");
                    status.send_modify(|status| status.state = State::Paused(failure.code));
                    tokio::time::sleep(delays.next().unwrap_or(self.retry.max_delay)).await;
                }
            }
        }
    }
}
