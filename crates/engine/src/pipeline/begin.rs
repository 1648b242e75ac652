//! What has to be known before the first entry.

use std::sync::Arc;

use tokio::sync::watch;
use tracing::{error, warn};

use crate::Clock;
use crate::failure::Failure;
use crate::feed::Known;
use crate::health::requested_wait::RequestedWait;
use crate::options;
use crate::retries::open_records::OpenRecords;
use crate::retries::retry::endless;
use crate::status::{Observer, State, Status};
use crate::store::{ETag, RecordFilter, RecordKey, Store, SyncState};
use crate::target::Target;

/// How many records are read together at the start.
const PAGE: usize = 100;

/// Returns what the feed of a position is known again by: nothing, where nothing could be passed over.
#[must_use]
pub fn known_feed(position: &SyncState) -> Known {
    if position.sequence == 0 {
        return Known::default();
    }
    Known {
        address: position.feed.clone(),
        entry: position.entry.clone(),
    }
}

/// What is known at the start.
pub(crate) struct Begin {
    /// The position as it is stored.
    pub(crate) position: SyncState,
    /// The same as it is to be stored next: with the address of the feed that is counted now.
    pub(crate) counted: SyncState,
    pub(crate) etag: Option<ETag>,
    pub(crate) open: OpenRecords,
}

impl Begin {
    /// Counts the feed at this address. It is the one that was counted before, or it is not read on.
    pub(crate) fn with_address(mut self, address: Option<String>) -> Self {
        let address: Option<Arc<str>> = address.map(Arc::from);
        if let (Some(before), Some(now)) = (&self.position.feed, &address)
            && before != now
        {
            warn!(
                event = "feed_moved",
                before = %before,
                now = %now,
                "the position was counted at another address; its last entry is looked up first"
            );
        }
        self.counted.feed = address.or(self.counted.feed);
        self
    }
}

/// Who is asked at the start, and who is told how that goes.
pub(crate) struct Start<'a, T> {
    pub(crate) target: &'a T,
    pub(crate) store: &'a dyn Store,
    pub(crate) retry: &'a options::Retry,
    pub(crate) clock: &'a Clock,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) status: &'a watch::Sender<Status>,
}

impl<T: Target> Start<'_, T> {
    /// Waits until store and target work.
    pub(crate) async fn begin(self) -> Begin {
        let stored = self.until_ok("the store cannot be read", || self.store.sync_state());
        let (position, etag) = stored.await.unzip();
        self.status.send_modify(|status| {
            if let Some(known) = &position {
                status.position = known.sequence;
                status.position_timestamp = known.timestamp;
            }
        });
        let open = self.open_records().await;
        self.until_ok("the target cannot be used", || self.target.probe())
            .await;
        let position = position.unwrap_or_default();
        Begin {
            counted: position.clone(),
            position,
            etag,
            open,
        }
    }

    /// Learns which studies have open records.
    async fn open_records(&self) -> OpenRecords {
        let open = OpenRecords::default();
        let filter = RecordFilter::default();
        let mut after: Option<RecordKey> = None;
        loop {
            let page = self.until_ok("the failure records cannot be read", || {
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
        attempt: impl Fn() -> A,
    ) -> R {
        let mut delays = endless(self.retry);
        loop {
            match attempt().await {
                Ok(result) => return result,
                Err(failure) => {
                    self.observer.service_failed(&failure);
                    error!(event = "start_delayed", code = %failure.code, cure = failure.cure(), "{trouble}: {failure}");
                    let delay = delays.next().unwrap_or(self.retry.max_delay);
                    let delay = self.retry.pause(delay, failure.retry_after);
                    let wait = RequestedWait::after(&failure, delay, (self.clock)());
                    self.status.send_modify(|status| {
                        (status.state, status.wait) = (State::Paused(failure.code), wait);
                    });
                    tokio::time::sleep(delay).await;
                }
            }
        }
    }
}
