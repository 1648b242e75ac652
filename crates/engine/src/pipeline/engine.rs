//! The engine: reads ahead, applies studies side by side, settles entries in order.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::FusedFuture;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, info, warn};

use crate::Clock;
use crate::Target;
use crate::failure::Failure;
use crate::feed::{ChangeFeed, CurrentState};
use crate::health::ailing::Ailing;
use crate::health::breaker::Breaker;
use crate::health::concurrency::Concurrency;
use crate::health::gate::Gate;
use crate::options;
use crate::pipeline::begin::{Begin, Start};
use crate::pipeline::reader::{ReadPage, Reader};
use crate::position::position_writer::{DesiredPosition, PositionHandle, PositionWriter};
use crate::position::progress::Progress;
use crate::retries::open_records::OpenRecords;
use crate::retries::retrying::Retrying;
use crate::retries::rounds::Round;
use crate::retries::signals::Signals;
use crate::status::{Observer, Status};
use crate::store::{Archive, ETag, Store, SyncState};
use crate::worker::Worker;
use crate::worker::work::{Bounds, Sources, Work};

/// A running engine.
struct Tasks<T: Target> {
    work: Work<T>,
    sources: Sources<T::Change>,
    position_writer: PositionHandle,
    reader: AbortOnDropHandle<()>,
    _signals: AbortOnDropHandle<()>,
    rows: AbortOnDropHandle<()>,
}

fn spawn<R: Send + 'static>(
    task: impl Future<Output = R> + Send + 'static,
) -> AbortOnDropHandle<R> {
    AbortOnDropHandle::new(tokio::spawn(task))
}

/// One feed kept in step with one target.
pub struct Engine<T: Target> {
    /// What is kept in step.
    pub target: Arc<T>,
    /// Where position and failures are kept.
    pub store: Arc<dyn Store>,
    /// Where the text of failed entries and the answers to them are kept, if they are.
    pub archive: Option<Arc<dyn Archive>>,
    /// Where a failed entry is asked for again.
    pub present: Arc<dyn CurrentState<T::Data>>,
    /// Intervals and bounds.
    pub worker: options::Worker,
    /// How failures are retried.
    pub retry: Arc<options::Retry>,
    /// When many entries failing alike are one fault, and what is done then.
    pub escalation: options::Escalation,
    /// Tells the time of failures.
    pub clock: Clock,
    /// Who is told what becomes of the entries.
    pub observer: Arc<dyn Observer>,
    /// How many changes may be in memory; reading pauses beyond that.
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
    pub async fn run<F: ChangeFeed<Data = T::Data>>(
        self,
        open_feed: impl FnOnce(SyncState) -> F + Send,
        status: watch::Sender<Status>,
        stop: CancellationToken,
    ) -> Result<(), Failure> {
        let start = Start {
            target: self.target.as_ref(),
            store: self.store.as_ref(),
            retry: &self.retry,
            clock: &self.clock,
            observer: self.observer.as_ref(),
            status: &status,
        };
        let Some(begin) = stop.run_until_cancelled(start.begin()).await else {
            return Ok(());
        };
        info!(
            event = "feed_opened",
            position = begin.position.sequence,
            "reading the change feed"
        );
        let feed = open_feed(begin.position.clone());
        let begin = begin.with_address(feed.address());
        let mut tasks = self.tasks(begin, feed, status, &stop);
        let Tasks {
            work,
            sources,
            position_writer,
            ..
        } = &mut tasks;
        let ended = work.run(sources, position_writer, &stop).await;
        stop.cancel();
        self.end(tasks, ended).await
    }

    fn tasks<F: ChangeFeed<Data = T::Data>>(
        &self,
        begin: Begin,
        feed: F,
        status: watch::Sender<Status>,
        stop: &CancellationToken,
    ) -> Tasks<T> {
        let (gate, trouble) = (Gate::new(), Gate::new());
        let (pages, read) = mpsc::channel(1);
        let (rounds, signalled) = mpsc::channel(1);
        let (wanted, to_save) = watch::channel(DesiredPosition {
            position: begin.counted,
            at_rest: true,
        });
        let (saved, stored) = watch::channel(begin.position);
        let retrying = Retrying::new();
        let reader = self.reader(feed, &trouble, pages, stop);
        let position_writer = self.position_writer(begin.etag, &gate, to_save, saved);
        let rows = retrying.rows(Arc::clone(&self.store), self.retry.max_delay);
        let breaker = Breaker::new(&self.escalation, self.retry.max_delay, &gate);
        let progress = Progress::new(status, stored, gate.clone(), trouble);
        let lane = self.lane(gate, retrying, begin.open, stop);
        let bounds = Bounds {
            max_concurrency: self.worker.max_concurrency,
            most_waiting: self.most_waiting,
            gather_time: self.worker.gather_time,
        };
        Tasks {
            work: Work::new(
                lane,
                bounds,
                Arc::clone(&self.observer),
                progress,
                wanted,
                breaker,
            ),
            sources: Sources {
                pages: read,
                rounds: signalled,
            },
            position_writer: spawn(position_writer.run()).fuse(),
            reader: spawn(reader.run()),
            _signals: spawn(self.signals(rounds, stop).run()),
            rows: spawn(rows.run()),
        }
    }

    /// Cleans up within the grace period: most of it is for the studies under way, the rest for the
    /// position and for the process to end.
    async fn end(&self, mut tasks: Tasks<T>, ended: Result<(), Failure>) -> Result<(), Failure> {
        let (stopped, tenth) = (Instant::now(), self.worker.shutdown_grace_period / 10);
        let drained = timeout_at(stopped + tenth * 8, tasks.work.drain()).await;
        if drained.is_err() {
            warn!(
                event = "grace_period_ended",
                "the grace period ended before the studies under way; they are repeated next time"
            );
        }
        drop((tasks.work, tasks.sources));
        if tasks.reader.await.is_err() {
            error!(
                event = "reader_panicked",
                "the task that reads the feed panicked"
            );
        }
        if tasks.position_writer.is_terminated() {
            return ended;
        }
        let saved = timeout_at(stopped + tenth * 9, tasks.position_writer).await;
        // Rows that are left tell of a retry until the next start.
        let _ = timeout_at(stopped + tenth * 9, tasks.rows).await;
        let Ok(Ok(saved)) = saved else {
            warn!(
                event = "position_not_saved",
                "the position was not saved; its entries are repeated next time"
            );
            return ended;
        };
        ended.and(saved)
    }

    fn reader<F: ChangeFeed<Data = T::Data>>(
        &self,
        feed: F,
        trouble: &Gate,
        pages: mpsc::Sender<ReadPage<T::Change>>,
        stop: &CancellationToken,
    ) -> Reader<F, T> {
        Reader {
            feed,
            target: Arc::clone(&self.target),
            store: Arc::clone(&self.store),
            worker: self.worker.clone(),
            retry: Arc::clone(&self.retry),
            clock: self.clock.clone(),
            observer: Arc::clone(&self.observer),
            trouble: trouble.clone(),
            pages,
            stop: stop.clone(),
        }
    }

    fn signals(&self, rounds: mpsc::Sender<Round>, stop: &CancellationToken) -> Signals {
        Signals {
            store: Arc::clone(&self.store),
            interval: self.retry.signal_interval,
            clock: self.clock.clone(),
            rounds,
            stop: stop.clone(),
        }
    }

    fn position_writer(
        &self,
        etag: Option<ETag>,
        gate: &Gate,
        wanted: watch::Receiver<DesiredPosition>,
        saved: watch::Sender<SyncState>,
    ) -> PositionWriter {
        PositionWriter {
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
        gate: Gate,
        retrying: Retrying,
        open: OpenRecords,
        stop: &CancellationToken,
    ) -> Worker<T> {
        Worker {
            target: Arc::clone(&self.target),
            store: Arc::clone(&self.store),
            archive: self.archive.clone(),
            retry: Arc::clone(&self.retry),
            gate,
            concurrency: Concurrency::new(self.worker.max_concurrency, self.worker.slow_after),
            stop: stop.clone(),
            clock: self.clock.clone(),
            observer: Arc::clone(&self.observer),
            retrying,
            open,
            present: Arc::clone(&self.present),
            ailing: Ailing::new(self.retry.total_duration),
            asleep: Arc::default(),
        }
    }
}
