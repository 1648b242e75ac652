//! The work of one batch: apply, isolate, record, settle.

use std::sync::Arc;
use std::time::Duration;

use tracing::Span;

use crate::Target;
use crate::failure::Failure;
use crate::options::Order;
use crate::retries::retry::Patience;
use crate::schedule::{Batch, Claim, Load, Pending};
use crate::status::Outcome;
use crate::target::Applied;
use crate::worker::Worker;
use crate::worker::archiving::{Failing, Refused};
use crate::worker::attempt::Unapplied;
use crate::worker::done::Done;
use crate::worker::parts::Parts;

/// What became of the entries of a batch at the target.
struct BatchOutcome {
    writes: Vec<Applied>,
    /// Of each entry whether it was applied.
    applied: Vec<bool>,
    failed: Vec<Failing>,
    /// Whether something failed for a passing cause on a target that works for others.
    is_ailing: bool,
}

impl<T: Target> Worker<T> {
    /// Does the work of a batch.
    pub(crate) async fn work(self: Arc<Self>, batch: Batch<T>) -> Done<T> {
        match batch.load {
            Load::Entries(entries) => self.apply(entries, batch.claim).await,
            Load::Retry(retry) => self.retry(*retry, batch.claim).await,
        }
    }

    /// Applies entries. Every one is applied or durably recorded as failed, unless the engine stops.
    async fn apply(&self, entries: Vec<Pending<T::Change>>, claim: Claim<T>) -> Done<T> {
        let BatchOutcome {
            writes,
            applied,
            failed,
            ..
        } = self.apply_in_parts(&entries).await;
        let entries = entries.into_iter().zip(applied);
        let mut applied: Vec<_> = entries
            .filter_map(|(pending, applied)| applied.then_some(pending))
            .collect();
        let span = Span::current();
        if !failed.is_empty() {
            span.record("otel.status_code", "ERROR");
        }
        let mut settled = self.record(failed).await;
        self.note_omitted(&mut applied, &writes);
        if !self.keep_omitted(&applied).await {
            applied.retain(|pending| pending.omitted.is_empty());
        }
        let subjects = applied.iter().map(|pending| &pending.subject);
        if !self.supersede(subjects).await {
            applied.clear();
        }
        let applied = applied.into_iter();
        settled.extend(applied.map(|pending| (pending.subject, Outcome::Applied)));
        Done {
            claim,
            settled,
            applied: writes,
            span,
            retry: None,
        }
    }

    /// Records entries that are bad in themselves. Their units are claimed meanwhile: a later
    /// entry finds their records.
    pub(crate) async fn refuse(self: Arc<Self>, refused: Vec<Refused>, claim: Claim<T>) -> Done<T> {
        let at = (self.clock)();
        let failed = refused.into_iter().map(|refused| refused.failing(at));
        Done {
            claim,
            settled: self.record(failed.collect()).await,
            applied: Vec::new(),
            span: Span::current(),
            retry: None,
        }
    }

    /// Applies the entries together, or in ever smaller parts until those at fault stand alone.
    async fn apply_in_parts(&self, entries: &[Pending<T::Change>]) -> BatchOutcome {
        let mut outcome = BatchOutcome {
            writes: Vec::new(),
            applied: vec![false; entries.len()],
            failed: Vec::new(),
            is_ailing: false,
        };
        let unit = entries.first().map(|first| self.target.unit(&first.change));
        let patience = unit.as_ref().map(|unit| self.ailing.patience(unit));
        let mut parts = Parts::new(entries.len(), patience.unwrap_or(Patience::Full));
        while let Some(part) = parts.next() {
            let Some(items) = entries.get(part.range.clone()) else {
                continue;
            };
            match self.apply_part(items, part.patience).await {
                Ok(writes) => {
                    outcome.writes.push(writes);
                    if let Some(applied) = outcome.applied.get_mut(part.range) {
                        applied.fill(true);
                    }
                }
                Err(Unapplied::Failed {
                    failure,
                    attempts,
                    is_of_unit,
                }) => {
                    let attempts = part.attempts.max(attempts);
                    if let Some(pause) = parts.halve(&part, &failure, attempts, &self.retry) {
                        if self.rests(items.first(), &failure, pause).await {
                            break;
                        }
                        continue;
                    }
                    outcome.is_ailing |= is_of_unit;
                    let failed = |pending: &Pending<T::Change>| Failing {
                        entry: self.failed(&pending.subject, failure.clone(), attempts),
                        raw: pending.raw.clone(),
                    };
                    outcome.failed.extend(items.iter().map(failed));
                }
                Err(Unapplied::Stopped) => break,
            }
        }
        if let Some(unit) = unit {
            self.note_health(unit, &outcome);
        }
        outcome
    }

    /// Pauses between the parts of a batch; whether the engine stops meanwhile. Where the order is
    /// strict nothing else is begun.
    async fn rests(
        &self,
        first: Option<&Pending<T::Change>>,
        failure: &Failure,
        pause: Duration,
    ) -> bool {
        let sequence = first.and_then(|first| first.subject.sequence);
        let hold = self.gate.hold_for(sequence);
        if self.retry.order == Order::Strict && !pause.is_zero() {
            hold.tell(failure, false);
        }
        self.stops_within(pause).await
    }

    /// Takes note of how a unit fares: one of which something failed on a target that works for others
    /// has little patience next.
    fn note_health(&self, unit: T::Unit, outcome: &BatchOutcome) {
        if outcome.is_ailing {
            self.ailing.add(unit);
        } else if outcome.applied.contains(&true) {
            self.ailing.remove(&unit);
        }
    }
}
