//! Reads the feed ahead of the work, page by page, and finds what each entry means.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::Clock;
use crate::failure::{Failure, Redacted, Subject};
use crate::feed::Row;
use crate::feed::{ChangeFeed, Entry, Page};
use crate::health::gate::Gate;
use crate::health::requested_wait::RequestedWait;
use crate::options;
use crate::retries::retry::endless;
use crate::status::Observer;
use crate::store::Store;
use crate::target::{Reading, Target};
use crate::worker::panicked::panicked;

/// An entry that has been read.
#[derive(Debug)]
pub(crate) struct ReadEntry<C> {
    pub(crate) subject: Subject,
    pub(crate) timestamp: Option<Timestamp>,
    /// Its UIDs, by which the feed is known again.
    pub(crate) uids: Option<Box<str>>,
    pub(crate) reading: Reading<C>,
    /// Its text as it came, if that was kept.
    pub(crate) raw: Option<Redacted>,
}

/// A page that has been read.
#[derive(Debug)]
pub(crate) struct ReadPage<C> {
    pub(crate) entries: Vec<ReadEntry<C>>,
    pub(crate) watermark: u64,
    pub(crate) latest: u64,
    pub(crate) more: bool,
}

/// Reads the feed until told to stop.
pub(crate) struct Reader<F, T: Target> {
    pub(crate) feed: F,
    pub(crate) target: Arc<T>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) worker: options::Worker,
    pub(crate) retry: Arc<options::Retry>,
    pub(crate) clock: Clock,
    pub(crate) observer: Arc<dyn Observer>,
    /// Where trouble with the feed is told; it holds no work back.
    pub(crate) trouble: Gate,
    pub(crate) pages: mpsc::Sender<ReadPage<T::Change>>,
    pub(crate) stop: CancellationToken,
}

impl<F: ChangeFeed<Data = T::Data>, T: Target> Reader<F, T> {
    pub(crate) async fn run(mut self) {
        let stop = self.stop.clone();
        stop.run_until_cancelled(self.read()).await;
    }

    async fn read(&mut self) {
        loop {
            let page = self.next_page().await;
            let wait = if page.more {
                self.worker.poll_interval_during_catchup
            } else {
                self.worker.poll_interval
            };
            self.learn(&page).await;
            let page = read_page(self.target.as_ref(), page);
            if self.pages.send(page).await.is_err() {
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Learns what reading a page depends on, however long the store takes.
    async fn learn(&mut self, page: &Page<T::Data>) {
        let entries: Vec<&Entry<T::Data>> = page.entries.iter().flatten().collect();
        let mut delays = endless(&self.retry);
        let trouble = self.trouble.hold();
        loop {
            let (target, store) = (self.target.as_ref(), self.store.as_ref());
            let Err(failure) = learn(target, &entries, store, self.observer.as_ref()).await else {
                return;
            };
            trouble.tell(&failure, true);
            self.observer.service_failed(&failure);
            error!(event = "page_not_read", code = %failure.code, cure = failure.cure(), "what the page depends on cannot be kept: {failure}");
            tokio::time::sleep(delays.next().unwrap_or(self.retry.max_delay)).await;
        }
    }

    /// The next page, however long the service takes to answer.
    async fn next_page(&mut self) -> Page<T::Data> {
        let trouble = self.trouble.hold();
        let mut delays = endless(&self.retry);
        loop {
            let failure = match self.feed.next().await {
                Ok(page) => return page,
                Err(failure) => failure,
            };
            let delay = delays.next().unwrap_or(self.retry.max_delay);
            let delay = self.retry.pause(delay, failure.retry_after);
            let wait = RequestedWait::after(&failure, delay, (self.clock)());
            trouble.tell_until(&failure, failure.code.pauses_feed(), wait);
            self.observer.service_failed(&failure);
            error!(event = "feed_not_read", code = %failure.code, cure = failure.cure(), "the change feed cannot be read: {failure}");
            tokio::time::sleep(delay).await;
        }
    }
}

/// Learns what reading entries depends on, and tells of it.
pub(crate) async fn learn<T: Target>(
    target: &T,
    entries: &[&Entry<T::Data>],
    store: &dyn Store,
    observer: &dyn Observer,
) -> Result<(), Failure> {
    if let Some(notice) = target.learn(entries, store).await? {
        warn!(event = "notice", code = %notice.code, cure = notice.cure(), "{}", notice.message);
        observer.noticed(&notice);
    }
    Ok(())
}

fn read_page<T: Target>(target: &T, page: Page<T::Data>) -> ReadPage<T::Change> {
    ReadPage {
        entries: page
            .entries
            .into_iter()
            .map(|entry| read_entry(target, entry))
            .collect(),
        watermark: page.watermark,
        latest: page.latest,
        more: page.more,
    }
}

/// Finds what an entry means.
pub(crate) fn read_entry<T: Target>(target: &T, entry: Row<T::Data>) -> ReadEntry<T::Change> {
    match entry {
        Ok(mut entry) => {
            let read = AssertUnwindSafe(|| target.read(&entry));
            let reading = std::panic::catch_unwind(read)
                .unwrap_or_else(|_| Reading::Refuse(panicked("reading")));
            ReadEntry {
                timestamp: entry.timestamp,
                uids: entry.identity().map(|identity| identity.uids),
                reading,
                raw: entry.raw.take(),
                subject: entry.into_subject(),
            }
        }
        Err(malformed) => {
            let failure = malformed.failure();
            ReadEntry {
                subject: malformed.subject,
                timestamp: malformed.timestamp,
                uids: None,
                reading: Reading::Refuse(failure),
                raw: malformed.raw,
            }
        }
    }
}
