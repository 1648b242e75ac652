//! The attempts at one piece of work: fold, apply, retry in place.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;
use tracing::warn;

use crate::Target;
use crate::failure::{Class, Failure, Subject};
use crate::health::gate::Hold;
use crate::health::requested_wait::RequestedWait;
use crate::options::{OnOutage, Order};
use crate::retries::retry::{Attempts, Patience};
use crate::schedule::Pending;
use crate::store::FailedEntry;
use crate::target::Applied;
use crate::worker::Worker;
use crate::worker::panicked::panicked;

/// Why a piece of work did not succeed.
pub(crate) enum Unapplied {
    Failed {
        failure: Failure,
        /// How often it was attempted.
        attempts: u32,
        /// Whether the trouble is the unit's own: the target works for others.
        is_of_unit: bool,
    },
    /// The engine stops; the work is done again after the next start.
    Stopped,
}

impl Unapplied {
    const fn at_once(failure: Failure) -> Self {
        Self::Failed {
            failure,
            attempts: 1,
            is_of_unit: false,
        }
    }
}

/// A piece of work that waits for its next attempt while others go on.
struct Asleep(Arc<AtomicUsize>);

impl Asleep {
    fn new(asleep: &Arc<AtomicUsize>) -> Self {
        asleep.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(asleep))
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<T: Target> Worker<T> {
    /// Applies entries of one unit together.
    pub(crate) async fn apply_part(
        &self,
        items: &[Pending<T::Change>],
        patience: Patience,
    ) -> Result<Applied, Unapplied> {
        let folded = self.fold(items).map_err(Unapplied::at_once)?;
        let Some((delta, first)) = folded.zip(items.first()) else {
            return Ok(Applied::default());
        };
        let first = &first.subject;
        let mut attempts = Attempts::new(&self.retry, patience);
        let (hold, mut row) = (self.gate.hold_for(first.sequence), self.retrying.row());
        loop {
            let asked = Instant::now();
            let failure = match self.attempt(&delta).await {
                Ok(applied) => {
                    self.concurrency.answered(asked.elapsed());
                    return Ok(applied);
                }
                Err(failure) => failure,
            };
            if failure.class() == Class::Transient {
                self.concurrency.refused();
            }
            let failed = attempts.count(&failure);
            let delay = self.next_attempt(&mut attempts, &failure, &hold).await;
            self.tell_of_attempt(first, items.len(), failed, &failure, delay);
            let Some(delay) = delay else {
                let is_transient = failure.class() == Class::Transient;
                return Err(Unapplied::Failed {
                    failure,
                    attempts: failed,
                    is_of_unit: is_transient && attempts.is_of_unit(),
                });
            };
            let goes_on = self.lets_others_go_on(&attempts, &failure);
            if matches!(failure.class(), Class::Transient | Class::Conflict) {
                row.show(self.failed(first, failure, failed));
            }
            let _asleep = goes_on.then(|| self.fall_asleep(&hold));
            if self.stops_within(delay).await {
                return Err(Unapplied::Stopped);
            }
        }
    }

    /// An entry that failed now, after this many attempts in place.
    pub(crate) fn failed(&self, subject: &Subject, failure: Failure, attempts: u32) -> FailedEntry {
        FailedEntry {
            attempts,
            ..FailedEntry::new(subject.clone(), failure, (self.clock)())
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
                let delay = attempts.pause(failure.retry_after);
                hold.tell_until(failure, true, self.wait(failure, delay));
                Some(delay)
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
        // How the DICOM service fares the target cannot tell.
        let is_of_target = failure.class() == Class::Transient && !failure.code.is_of_dicom();
        if is_of_target && attempts.doubts_itself() && self.works_for_others().await {
            attempts.find_healthy();
        }
        if let Some(delay) = attempts.next_delay(failure.retry_after) {
            hold.tell_until(failure, false, self.wait(failure, delay));
            return Some(delay);
        }
        self.pause_if_down(attempts, failure, hold).await
    }

    /// Whether the target works, so that the trouble is this unit's own. A target that hangs does not.
    async fn works_for_others(&self) -> bool {
        let probe = tokio::time::timeout(self.retry.max_delay, self.target.probe());
        matches!(probe.await, Ok(Ok(())))
    }

    fn lets_others_go_on(&self, attempts: &Attempts<'_>, failure: &Failure) -> bool {
        let is_passing = matches!(failure.class(), Class::Transient | Class::Conflict);
        is_passing && attempts.is_healthy() && self.retry.order == Order::Relaxed
    }

    /// Leaves the gate and its place to others until dropped.
    fn fall_asleep(&self, hold: &Hold) -> Asleep {
        let asleep = Asleep::new(&self.asleep);
        hold.leave();
        asleep
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
            if !failure.code.is_of_dicom() {
                attempts.find_alive();
            }
            let delay = attempts.next_proven(failure.retry_after);
            hold.change_wait(delay.and_then(|delay| self.wait(failure, delay)));
            return delay;
        }
        attempts.renew();
        let delay = attempts.pause(failure.retry_after);
        hold.tell_until(failure, true, self.wait(failure, delay));
        Some(delay)
    }

    /// Returns the wait before the next attempt, if a service asked for one.
    fn wait(&self, failure: &Failure, delay: Duration) -> Option<RequestedWait> {
        RequestedWait::after(failure, delay, (self.clock)())
    }

    fn fold(&self, items: &[Pending<T::Change>]) -> Result<Option<T::Delta>, Failure> {
        let changes: Vec<T::Change> = items.iter().map(|item| item.change.clone()).collect();
        let fold = AssertUnwindSafe(|| self.target.fold(&changes));
        std::panic::catch_unwind(fold).map_err(|_| panicked("folding"))
    }

    async fn attempt(&self, delta: &T::Delta) -> Result<Applied, Failure> {
        let attempt = AssertUnwindSafe(self.target.apply(delta)).catch_unwind();
        attempt.await.unwrap_or_else(|_| Err(panicked("applying")))
    }

    pub(crate) async fn stops_within(&self, delay: Duration) -> bool {
        self.stop
            .run_until_cancelled(tokio::time::sleep(delay))
            .await
            .is_none()
    }

    fn tell_of_attempt(
        &self,
        first: &Subject,
        entries: usize,
        attempt: u32,
        failure: &Failure,
        delay: Option<Duration>,
    ) {
        warn!(
            event = "attempt_failed",
            sequence = first.sequence,
            entries,
            study = first.study,
            series = first.series,
            instance = first.instance,
            attempt,
            class = %failure.class(),
            code = %failure.code,
            next_attempt_in_ms = delay.map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
            "{}",
            failure.message
        );
        self.observer.attempt_failed(first, attempt, failure, delay);
    }
}
