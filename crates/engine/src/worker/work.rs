//! The loop that owns what waits, what is under way and what is settled.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::field::Empty;
use tracing::{Instrument, debug, error, info, info_span};

use crate::Escalated;
use crate::failure::{Class, Failure, Subject};
use crate::feed::InstanceKey;
use crate::health::breaker::Breaker;
use crate::pipeline::reader::{ReadEntry, ReadPage};
use crate::position::ledger::Ledger;
use crate::position::position_writer::{DesiredPosition, PositionHandle};
use crate::position::progress::Progress;
use crate::retries::rounds::{Round, Rounds};
use crate::schedule::gathering::Gathering;
use crate::schedule::{Batch, Load, Pace, Pending, Retry, Schedule};
use crate::status::{Observer, Outcome};
use crate::store::row_key;
use crate::target::{Reading, Target};
use crate::worker::Worker;
use crate::worker::archiving::Refused;
use crate::worker::done::{Again, Done};
use crate::worker::panicked::panicked;
use crate::worker::record::warn_of;

/// Of how many units at once it is read what they will need.
const MOST_AHEAD: usize = 20;

/// In whose place others go on at most, of those that wait for their next attempt.
const MOST_ASLEEP: usize = 64;

/// The engine's state. One task owns it.
pub(crate) struct Work<T: Target> {
    lane: Arc<Worker<T>>,
    schedule: Schedule<T>,
    ledger: Ledger,
    running: JoinSet<Done<T>>,
    rounds: Rounds,
    progress: Progress,
    wanted: watch::Sender<DesiredPosition>,
    observer: Arc<dyn Observer>,
    bounds: Bounds,
    breaker: Breaker,
    gathering: Gathering,
    /// Reads what the next units will need.
    ahead: Option<AbortOnDropHandle<()>>,
}

/// Where the work comes from.
pub(crate) struct Sources<C> {
    pub(crate) pages: mpsc::Receiver<ReadPage<C>>,
    pub(crate) rounds: mpsc::Receiver<Round>,
}

/// How much there may be at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Batches under way.
    pub(crate) max_concurrency: usize,
    /// Changes that wait or are under way.
    pub(crate) most_waiting: usize,
    /// How long changes wait for more of their unit while there is more to read.
    pub(crate) gather_time: Duration,
}

impl<T: Target> Work<T> {
    pub(crate) fn new(
        lane: Worker<T>,
        bounds: Bounds,
        observer: Arc<dyn Observer>,
        progress: Progress,
        wanted: watch::Sender<DesiredPosition>,
        breaker: Breaker,
    ) -> Self {
        let position = wanted.borrow().position.clone();
        Self {
            schedule: Schedule::new(Arc::clone(&lane.target)),
            lane: Arc::new(lane),
            ledger: Ledger::new(position),
            running: JoinSet::new(),
            rounds: Rounds::default(),
            progress,
            wanted,
            observer,
            bounds,
            breaker,
            gathering: Gathering::default(),
            ahead: None,
        }
    }

    /// Works until stopped.
    ///
    /// # Errors
    /// The position cannot be kept any more, or a task of the engine itself panicked.
    pub(crate) async fn run(
        &mut self,
        sources: &mut Sources<T::Change>,
        position_writer: &mut PositionHandle,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        loop {
            self.start_batches();
            self.progress.show();
            tokio::select! {
                // Stopping comes first: it ends the reader, which alone would be an error.
                biased;
                () = stop.cancelled() => return Ok(()),
                ended = &mut *position_writer => return ended.unwrap_or_else(|_| Err(panicked("keeping"))),
                Some(done) = self.running.join_next() => self.take_done(done)?,
                // Rounds before pages: a long feed leaves no other time for them, and each is small.
                round = sources.rounds.recv(), if self.rounds.are_over() && self.has_room() => match round {
                    Some(round) => self.take_round(round),
                    None => return Err(panicked("looking for")),
                },
                page = sources.pages.recv(), if self.has_room() => match page {
                    Some(page) => self.take_page(page),
                    None => return Err(panicked("reading")),
                },
                () = self.progress.changed() => {}
                () = self.breaker.rested() => {}
                () = self.gathering.ended(), if self.schedule.len() > 0 => {}
            }
        }
    }

    /// Waits for what is under way and settles it; starts nothing.
    pub(crate) async fn drain(&mut self) {
        while let Some(done) = self.running.join_next().await {
            if let Err(failure) = self.take_done(done) {
                error!(event = "study_abandoned", code = %failure.code, "{failure}");
            }
        }
        self.progress.show();
    }

    /// While work is held back nothing more is taken: entries that need none would pile up behind it.
    fn has_room(&self) -> bool {
        let wanting = self.tries_one() && self.schedule.len() == 0;
        (self.lane.gate.is_open() || wanting)
            && !self.is_full()
            && self.busy() <= self.bounds.max_concurrency
    }

    /// How many pieces of work are under way, but for those that wait while others go on.
    fn busy(&self) -> usize {
        let asleep = self.lane.asleep.load(Ordering::Relaxed);
        self.running.len().saturating_sub(asleep.min(MOST_ASLEEP))
    }

    fn is_full(&self) -> bool {
        self.schedule.len() + self.schedule.under_way() >= self.bounds.most_waiting
    }

    /// Changes are gathered while there is more to read and room for it.
    fn pace(&self) -> Pace {
        if self.is_full() {
            Pace::Hurry
        } else {
            self.gathering.pace()
        }
    }

    /// Whether one entry is let through, alone, to see how it fares.
    fn tries_one(&self) -> bool {
        self.running.is_empty() && self.breaker.lets_one_through()
    }

    fn start_batches(&mut self) {
        if self.tries_one()
            && let Some(batch) = self.schedule.next_of(1, Pace::Hurry)
        {
            self.start(batch);
        }
        while self.busy() < self.lane.concurrency.limit() && self.lane.gate.is_open() {
            // So that reading goes on meanwhile.
            let most = self.bounds.most_waiting.div_ceil(2);
            let Some(batch) = self.schedule.next_of(most, self.pace()) else {
                return;
            };
            self.start(batch);
        }
        if self.lane.gate.is_open() && self.lane.concurrency.has_leeway() {
            self.look_ahead();
        }
    }

    /// While as many are under way as may be, reads what the next ones will need.
    fn look_ahead(&mut self) {
        if self
            .ahead
            .as_ref()
            .is_some_and(|ahead| !ahead.is_finished())
        {
            return;
        }
        let changes = self.schedule.upcoming(MOST_AHEAD, self.pace());
        if changes.is_empty() {
            return;
        }
        let target = Arc::clone(&self.lane.target);
        let ahead = tokio::spawn(async move { target.look_ahead(changes).await });
        self.ahead = Some(AbortOnDropHandle::new(ahead));
    }

    fn start(&mut self, batch: Batch<T>) {
        let span = span_of(&batch.load);
        self.running
            .spawn(Arc::clone(&self.lane).work(batch).instrument(span));
    }

    fn take_page(&mut self, page: ReadPage<T::Change>) {
        self.progress.read(page.latest, page.more);
        self.gathering.read(page.more, self.bounds.gather_time);
        let mut refused = Vec::new();
        for ReadEntry {
            subject,
            timestamp,
            uids,
            reading,
            raw,
        } in page.entries
        {
            match subject.sequence {
                Some(sequence) => self.ledger.deliver(sequence, timestamp, uids),
                None => self.ledger.deliver_unnumbered(row_key(&subject)),
            }
            match reading {
                Reading::Change { change, warnings } => {
                    let observer = self.observer.as_ref();
                    warnings
                        .iter()
                        .for_each(|omitted| warn_of(observer, &subject, omitted));
                    self.schedule.push(Pending {
                        subject,
                        change,
                        omitted: warnings,
                        raw,
                    });
                }
                Reading::Skip(reason) => self.settle(&subject, &Outcome::Skipped(reason)),
                Reading::Refuse(failure) => refused.push(Refused {
                    subject,
                    failure,
                    raw,
                }),
            }
        }
        self.refuse(refused);
        self.ledger.delivered_up_to(page.watermark);
        self.move_position();
    }

    fn refuse(&mut self, refused: Vec<Refused>) {
        if refused.is_empty() {
            return;
        }
        let keys = refused
            .iter()
            .filter_map(|refused| instance_key(&refused.subject));
        let units = keys.map(|key| self.lane.target.unit_of(&key)).collect();
        let claim = self.schedule.claim(units);
        let span = info_span!("refuse", otel.kind = "consumer", entries = refused.len());
        self.running.spawn(
            Arc::clone(&self.lane)
                .refuse(refused, claim)
                .instrument(span),
        );
    }

    fn take_round(&mut self, round: Round) {
        self.rounds.begin(round.records.len(), round.done);
        for record in round.records {
            let instance = instance_key(&record.subject);
            self.schedule.push_retry(Retry { record, instance });
        }
    }

    fn take_retry(&mut self, again: Again) {
        match again {
            Again::Done { .. } => self.rounds.finish(1, false),
            Again::Postponed => {
                let dropped = self.schedule.drop_retries();
                self.rounds.finish(1 + dropped, true);
            }
            Again::Elsewhere(retry) => self.schedule.push_retry(*retry),
        }
    }

    fn take_done(&mut self, done: Result<Done<T>, JoinError>) -> Result<(), Failure> {
        let done = done.map_err(|_| panicked("working on"))?;
        let _span = done.span.enter();
        self.schedule.finish(&done.claim);
        done.applied
            .iter()
            .for_each(|applied| self.observer.applied(applied));
        for (subject, fate) in &done.settled {
            self.settle(subject, fate);
        }
        let succeeded = done.succeeded();
        if succeeded {
            self.progress.succeeded((self.lane.clock)());
        }
        let elsewhere = matches!(done.retry, Some(Again::Elsewhere(_)));
        if !elsewhere {
            self.breaker.done(succeeded);
        }
        if let Some(again) = done.retry {
            self.take_retry(again);
        }
        self.move_position();
        Ok(())
    }

    fn settle(&mut self, subject: &Subject, fate: &Outcome) {
        tell(subject, fate);
        self.observer.settled(subject, fate);
        if let Outcome::Failed(failure) = fate
            && let Some(Escalated { code, count }) = self.breaker.failed(failure.code)
        {
            self.observer.escalated(code, count);
        }
        self.progress.settled();
        match subject.sequence {
            Some(sequence) => self.ledger.settle(sequence),
            None => self.ledger.settle_unnumbered(&row_key(subject)),
        }
    }

    fn move_position(&self) {
        let idle = self.schedule.len() == 0 && self.running.is_empty();
        let now = DesiredPosition {
            position: self.ledger.position(),
            at_rest: idle && !self.gathering.expects_more(),
        };
        self.wanted.send_if_modified(|wanted| {
            let moved = *wanted != now;
            *wanted = now;
            moved
        });
    }
}

/// The span that the work on a batch is traced in.
fn span_of<C>(load: &Load<C>) -> tracing::Span {
    match load {
        Load::Entries(entries) => info_span!(
            "apply",
            otel.kind = "consumer",
            otel.status_code = Empty,
            study = entries
                .first()
                .and_then(|first| first.subject.study.as_deref()),
            entries = entries.len(),
        ),
        Load::Retry(retry) => info_span!(
            "retry",
            otel.kind = "consumer",
            otel.status_code = Empty,
            study = retry.record.subject.study.as_deref(),
        ),
    }
}

/// The instance that an entry tells of, if it does.
fn instance_key(subject: &Subject) -> Option<InstanceKey> {
    Some(InstanceKey {
        partition: subject.partition.clone(),
        study: subject.study.clone()?,
        series: subject.series.clone()?,
        instance: subject.instance.clone()?,
    })
}

fn tell(subject: &Subject, fate: &Outcome) {
    let Subject {
        sequence,
        study,
        series,
        instance,
        ..
    } = subject;
    match fate {
        Outcome::Applied => debug!(event = "entry_applied", sequence, study, series, instance),
        Outcome::Skipped(reason) => {
            info!(
                event = "entry_skipped",
                sequence, study, series, instance, "{reason}"
            );
        }
        Outcome::Failed(failure) => {
            if matches!(failure.class(), Class::Transient | Class::Conflict) {
                tell_of_failure("gave_up", subject, failure);
            }
            tell_of_failure("entry_failed", subject, failure);
        }
    }
}

/// Says in the log why a line names not all of the UIDs.
const UNNAMED: &str = "the feed entry gives none that can be read";

fn tell_of_failure(event: &str, subject: &Subject, failure: &Failure) {
    let named = subject.study.is_some() && subject.series.is_some() && subject.instance.is_some();
    error!(
        event,
        sequence = subject.sequence,
        study = subject.study,
        series = subject.series,
        instance = subject.instance,
        uid_missing_because = (!named).then_some(UNNAMED),
        class = %failure.class(),
        code = %failure.code,
        cure = failure.cure(),
        "{}",
        failure.message
    );
}
