//! The engine: reads ahead, applies studies side by side, settles entries in order.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::FusedFuture;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, info, warn};

use super::gate::Gate;
use super::keeper::{Keeper, Keeping};
use super::lane::Lane;
use super::open_records::OpenRecords;
use super::progress::Progress;
use super::reader::{ReadPage, Reader};
use super::retry::endless;
use super::retrying::Retrying;
use super::status::{Observer, State, Status};
use super::work::{Bounds, Work};
use super::{Clock, Target};
use crate::failure::Failure;
use crate::feed::ChangeFeed;
use crate::settings;
use crate::store::{ETag, RecordFilter, RecordKey, Store, SyncState};

/// How many records are read together at the start.
const PAGE: usize = 100;

/// What is known at the start.
struct Begin {
    position: SyncState,
    etag: Option<ETag>,
    open: OpenRecords,
}

/// One feed kept in step with one target.
pub struct Engine<T> {
    /// What is kept in step.
    pub target: Arc<T>,
    /// Where position and failures are kept.
    pub store: Arc<dyn Store>,
    /// Intervals and bounds.
    pub worker: settings::Worker,
    /// How failures are retried.
    pub retry: Arc<settings::Retry>,
    /// Tells the time of failures.
    pub clock: Clock,
    /// Who is told what becomes of the entries.
    pub observer: Arc<dyn Observer>,
    /// How many changes may wait in memory; reading pauses beyond that.
    pub most_waiting: usize,
}

impl<T: Target> Engine<T> {
    /// Runs until stopped: then what is under way is finished within the grace period, and the
    /// position saved.
    ///
    /// `open_feed` opens the feed behind the stored position; `status` shows the progress.
    ///
    /// # Errors
    /// The store's position is written by somebody else, or a task of the engine itself panicked.
    /// Nothing else ends the engine.
    pub async fn run<F: ChangeFeed>(
        self,
        open_feed: impl FnOnce(SyncState) -> F + Send,
        status: watch::Sender<Status>,
        stop: CancellationToken,
    ) -> Result<(), Failure> {
        let Some(Begin {
            position,
            etag,
            open,
        }) = stop.run_until_cancelled(self.start(&status)).await
        else {
            return Ok(());
        };
        info!(
            event = "feed_opened",
            position = position.sequence,
            "reading the change feed"
        );
        let (gate, trouble) = (Gate::new(), Gate::new());
        let (pages, mut read) = mpsc::channel(1);
        let (wanted, to_save) = watch::channel(position);
        let (saved, stored) = watch::channel(position);
        let reader = self.reader(open_feed(position), &trouble, pages, &stop);
        let keeper = self.keeper(etag, &gate, to_save, saved);
        let mut keeper = AbortOnDropHandle::new(tokio::spawn(keeper.run())).fuse();
        let reader = AbortOnDropHandle::new(tokio::spawn(reader.run()));
        let progress = Progress::new(status, stored, gate.clone(), trouble);
        let retrying = Retrying::new();
        let rows = retrying.rows(Arc::clone(&self.store), self.retry.max_delay);
        let rows = AbortOnDropHandle::new(tokio::spawn(rows.run()));
        let lane = self.lane(&gate, retrying, open, &stop);
        let bounds = Bounds {
            max_concurrency: self.worker.max_concurrency,
            most_waiting: self.most_waiting,
        };
        let work = Work::new(lane, bounds, Arc::clone(&self.observer), progress, wanted);
        let ended = self.work(work, &mut read, &mut keeper, rows, &stop).await;
        drop(read);
        if reader.await.is_err() {
            error!(
                event = "reader_panicked",
                "the task that reads the feed panicked"
            );
        }
        ended
    }

    /// Works until stopped or ended by an error, and cleans up within the grace period: most of it
    /// is for the studies under way, the rest for the position and for the process to end.
    async fn work(
        &self,
        mut work: Work<T>,
        read: &mut mpsc::Receiver<ReadPage<T::Change>>,
        keeper: &mut Keeping,
        rows: AbortOnDropHandle<()>,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let ended = work.run(read, keeper, stop).await;
        stop.cancel();
        let (stopped, tenth) = (Instant::now(), self.worker.shutdown_grace_period / 10);
        if timeout_at(stopped + tenth * 8, work.drain()).await.is_err() {
            warn!(
                event = "grace_period_ended",
                "the grace period ended before the studies under way; they are repeated next time"
            );
        }
        drop(work);
        if keeper.is_terminated() {
            return ended;
        }
        let ended = match timeout_at(stopped + tenth * 9, keeper).await {
            Ok(Ok(saved)) => ended.and(saved),
            _ => {
                warn!(
                    event = "position_not_saved",
                    "the position was not saved; its entries are repeated next time"
                );
                ended
            }
        };
        // Rows that are left tell of a retry until the next start.
        let _ = timeout_at(stopped + tenth * 9, rows).await;
        ended
    }

    /// Waits until store and target work.
    async fn start(&self, status: &watch::Sender<Status>) -> Begin {
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

    fn reader<F: ChangeFeed>(
        &self,
        feed: F,
        trouble: &Gate,
        pages: mpsc::Sender<ReadPage<T::Change>>,
        stop: &CancellationToken,
    ) -> Reader<F, T> {
        Reader {
            feed,
            target: Arc::clone(&self.target),
            worker: self.worker.clone(),
            retry: Arc::clone(&self.retry),
            observer: Arc::clone(&self.observer),
            trouble: trouble.clone(),
            pages,
            stop: stop.clone(),
        }
    }

    fn keeper(
        &self,
        etag: Option<ETag>,
        gate: &Gate,
        wanted: watch::Receiver<SyncState>,
        saved: watch::Sender<SyncState>,
    ) -> Keeper {
        Keeper {
            store: Arc::clone(&self.store),
            etag,
            retry: Arc::clone(&self.retry),
            gate: gate.clone(),
            wanted,
            saved,
        }
    }

    fn lane(
        &self,
        gate: &Gate,
        retrying: Retrying,
        open: OpenRecords,
        stop: &CancellationToken,
    ) -> Lane<T> {
        Lane {
            target: Arc::clone(&self.target),
            store: Arc::clone(&self.store),
            retry: Arc::clone(&self.retry),
            gate: gate.clone(),
            stop: stop.clone(),
            clock: self.clock.clone(),
            observer: Arc::clone(&self.observer),
            retrying,
            open,
        }
    }
}
