//! The work of one batch: fold, apply, retry in place, isolate, record.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{Span, error, warn};

use super::gate::{Gate, Hold};
use super::retry::{Attempts, Patience, endless};
use super::schedule::{Batch, Item};
use super::status::{Fate, Observer};
use super::target::Applied;
use super::{Clock, Target};
use crate::failure::{Class, Code, Failure, Subject};
use crate::settings::{self, OnOutage};
use crate::store::{FailedEntry, Store};

/// What every batch is worked with.
pub(super) struct Lane<T> {
    pub(super) target: Arc<T>,
    pub(super) store: Arc<dyn Store>,
    pub(super) retry: Arc<settings::Retry>,
    pub(super) gate: Gate,
    pub(super) stop: CancellationToken,
    pub(super) clock: Clock,
    pub(super) observer: Arc<dyn Observer>,
}

impl<T> Clone for Lane<T> {
    fn clone(&self) -> Self {
        Self {
            target: Arc::clone(&self.target),
            store: Arc::clone(&self.store),
            retry: Arc::clone(&self.retry),
            gate: self.gate.clone(),
            stop: self.stop.clone(),
            clock: self.clock.clone(),
            observer: Arc::clone(&self.observer),
        }
    }
}

/// What became of a batch. Entries missing from `settled` wait for the next start.
pub(super) struct Done<T: Target> {
    pub(super) batch: Option<Batch<T>>,
    pub(super) settled: Vec<(Subject, Fate)>,
    pub(super) applied: Vec<Applied>,
    /// What the work was traced in.
    pub(super) span: Span,
}

/// Why a piece of work did not succeed.
enum Unapplied {
    Failed(Failure),
    /// The engine stops; the work is done again after the next start.
    Stopped,
}

impl<T: Target> Lane<T> {
    /// Applies a batch. Every entry is applied or durably recorded as failed, unless the engine
    /// stops.
    pub(super) async fn apply(self, batch: Batch<T>) -> Done<T> {
        let (mut settled, mut failed, mut applied) = (Vec::new(), Vec::new(), Vec::new());
        let mut parts = vec![(0..batch.items.len(), Patience::Full)];
        while let Some((part, patience)) = parts.pop() {
            let Some(items) = batch.items.get(part.clone()) else {
                continue;
            };
            match self.apply_part(items, patience).await {
                Ok(done) => {
                    applied.push(done);
                    settled.extend(
                        items
                            .iter()
                            .map(|item| (item.subject.clone(), Fate::Applied)),
                    );
                }
                Err(Unapplied::Failed(failure)) if isolates(&failure) && items.len() > 1 => {
                    let patience = patience.after(&failure);
                    parts.extend(halves(&part).map(|half| (half, patience)));
                }
                Err(Unapplied::Failed(failure)) => failed.extend(
                    items
                        .iter()
                        .map(|item| (item.subject.clone(), failure.clone())),
                ),
                Err(Unapplied::Stopped) => break,
            }
        }
        let span = Span::current();
        if !failed.is_empty() {
            span.record("otel.status_code", "ERROR");
        }
        settled.extend(self.record(failed).await);
        Done {
            batch: Some(batch),
            settled,
            applied,
            span,
        }
    }

    /// Records entries that are bad in themselves.
    pub(super) async fn refuse(self, refused: Vec<(Subject, Failure)>) -> Done<T> {
        Done {
            batch: None,
            settled: self.record(refused).await,
            applied: Vec::new(),
            span: Span::current(),
        }
    }

    async fn apply_part(
        &self,
        items: &[Item<T>],
        patience: Patience,
    ) -> Result<Applied, Unapplied> {
        let mut attempts = Attempts::new(&self.retry, patience);
        let first = items.first().and_then(|item| item.subject.sequence);
        let hold = self.gate.hold_for(first);
        let delta = self.fold(items).map_err(Unapplied::Failed)?;
        let Some(delta) = delta else {
            return Ok(Applied::default());
        };
        loop {
            let failure = match self.attempt(&delta).await {
                Ok(applied) => return Ok(applied),
                Err(failure) => failure,
            };
            let delay = self.next_attempt(&mut attempts, &failure, &hold).await;
            attempts.failed += 1;
            tell_of_attempt(items, attempts.failed, &failure, delay);
            if let Some(first) = items.first() {
                let subject = &first.subject;
                self.observer
                    .attempt_failed(subject, attempts.failed, &failure, delay);
            }
            let Some(delay) = delay else {
                return Err(Unapplied::Failed(failure));
            };
            if self.stops_within(delay).await {
                return Err(Unapplied::Stopped);
            }
        }
    }

    /// How long to wait before the next attempt; `None` when there is to be none.
    async fn next_attempt(
        &self,
        attempts: &mut Attempts<'_>,
        failure: &Failure,
        hold: &Hold,
    ) -> Option<Duration> {
        match failure.class() {
            Class::Fhir if failure.code.doubts_service() => {
                self.pause_if_down(attempts, failure, hold).await
            }
            Class::Fhir | Class::Dicom | Class::Internal => None,
            Class::Setup => {
                hold.tell(failure, true);
                Some(attempts.pause(failure.retry_after))
            }
            Class::Conflict => match attempts.next_conflict() {
                Some(delay) => Some(delay),
                None => self.retry_or_pause(attempts, failure, hold).await,
            },
            Class::Transient => self.retry_or_pause(attempts, failure, hold).await,
        }
    }

    async fn retry_or_pause(
        &self,
        attempts: &mut Attempts<'_>,
        failure: &Failure,
        hold: &Hold,
    ) -> Option<Duration> {
        if let Some(delay) = attempts.next_delay(failure.retry_after) {
            hold.tell(failure, false);
            return Some(delay);
        }
        self.pause_if_down(attempts, failure, hold).await
    }

    /// With the dependency down it is an outage, otherwise it is this entry, if it fails once more.
    async fn pause_if_down(
        &self,
        attempts: &mut Attempts<'_>,
        failure: &Failure,
        hold: &Hold,
    ) -> Option<Duration> {
        if self.retry.on_outage == OnOutage::Record {
            return None;
        }
        if self.target.probe().await.is_ok() {
            return attempts.next_proven(failure.retry_after);
        }
        hold.tell(failure, true);
        attempts.renew();
        Some(attempts.pause(failure.retry_after))
    }

    fn fold(&self, items: &[Item<T>]) -> Result<Option<T::Delta>, Failure> {
        let changes: Vec<T::Change> = items.iter().map(|item| item.change.clone()).collect();
        let fold = AssertUnwindSafe(|| self.target.fold(&changes));
        std::panic::catch_unwind(fold).map_err(|_| panicked("folding"))
    }

    async fn attempt(&self, delta: &T::Delta) -> Result<Applied, Failure> {
        let attempt = AssertUnwindSafe(self.target.apply(delta)).catch_unwind();
        attempt.await.unwrap_or_else(|_| Err(panicked("applying")))
    }

    /// Keeps failures durably, however long the store takes; none are kept if the engine stops
    /// before it could.
    async fn record(&self, failed: Vec<(Subject, Failure)>) -> Vec<(Subject, Fate)> {
        if failed.is_empty() {
            return Vec::new();
        }
        let at = (self.clock)();
        let mut delays = endless(&self.retry);
        let hold = self.gate.hold();
        while let Err(failure) = self.store.record(entries(&failed, at)).await {
            error!(event = "failures_not_recorded", code = %failure.code, cure = failure.cure(), "failed entries cannot be recorded: {failure}");
            hold.tell(&failure, true);
            if self
                .stops_within(delays.next().unwrap_or(self.retry.max_delay))
                .await
            {
                return Vec::new();
            }
        }
        failed
            .into_iter()
            .map(|(subject, failure)| (subject, Fate::Failed(failure)))
            .collect()
    }

    async fn stops_within(&self, delay: Duration) -> bool {
        self.stop
            .run_until_cancelled(tokio::time::sleep(delay))
            .await
            .is_none()
    }
}

/// Whether one entry of several may have brought this failure in: the server says so, or it fails
/// again and again on a server that otherwise works.
const fn isolates(failure: &Failure) -> bool {
    failure.code.isolates() || matches!(failure.class(), Class::Transient | Class::Conflict)
}

/// The second half below the first, so that a stack gives them back in order.
fn halves(part: &Range<usize>) -> [Range<usize>; 2] {
    let middle = part.start + part.len() / 2;
    [middle..part.end, part.start..middle]
}

fn tell_of_attempt<T: Target>(
    items: &[Item<T>],
    attempt: u32,
    failure: &Failure,
    delay: Option<Duration>,
) {
    let Some(first) = items.first() else { return };
    warn!(
        event = "attempt_failed",
        sequence = first.subject.sequence,
        entries = items.len(),
        study = first.subject.study,
        series = first.subject.series,
        instance = first.subject.instance,
        attempt,
        class = %failure.class(),
        code = %failure.code,
        next_attempt_in_ms = delay.map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
        "{}",
        failure.message
    );
}

fn entries(failed: &[(Subject, Failure)], at: Timestamp) -> Vec<FailedEntry> {
    failed
        .iter()
        .map(|(subject, failure)| FailedEntry::new(subject.clone(), failure.clone(), at))
        .collect()
}

/// The place of the panic is in the log line of the panic itself.
pub(super) fn panicked(doing: &str) -> Failure {
    Failure::new(
        Code::InternalPanic,
        format!("radcast panicked while {doing} the change"),
    )
}
