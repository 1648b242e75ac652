//! The work of one batch: apply, isolate, record, settle.

use std::ops::Range;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::again::Again;
use super::archiving::{Failing, Refused};
use super::attempt::Unapplied;
use super::gate::Gate;
use super::open_records::OpenRecords;
use super::retry::Patience;
use super::retrying::Retrying;
use super::schedule::{Batch, Claim, Load, Pending};
use super::status::{Fate, Observer};
use super::target::Applied;
use super::{Clock, Target};
use crate::failure::{Class, Code, Failure, Subject};
use crate::feed::PresentState;
use crate::settings;
use crate::store::{Archive, Store};

/// What every batch is worked with.
pub(super) struct Lane<T> {
    pub(super) target: Arc<T>,
    pub(super) store: Arc<dyn Store>,
    pub(super) archive: Option<Arc<dyn Archive>>,
    pub(super) retry: Arc<settings::Retry>,
    pub(super) gate: Gate,
    pub(super) stop: CancellationToken,
    pub(super) clock: Clock,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) retrying: Retrying,
    pub(super) open: OpenRecords,
    pub(super) present: Arc<dyn PresentState>,
}

/// What became of a batch. Entries missing from `settled` wait for the next start.
pub(super) struct Done<T: Target> {
    pub(super) claim: Claim<T>,
    pub(super) settled: Vec<(Subject, Fate)>,
    pub(super) applied: Vec<Applied>,
    /// What the work was traced in.
    pub(super) span: Span,
    pub(super) retry: Option<Again>,
}

impl<T: Target> Done<T> {
    /// Whether an entry was applied.
    pub(super) fn succeeded(&self) -> bool {
        let settled = self.settled.iter().any(|(_, fate)| *fate == Fate::Applied);
        settled || matches!(self.retry, Some(Again::Done { applied: true }))
    }
}

/// What became of the entries of a batch at the target.
struct Outcome<'a, C> {
    writes: Vec<Applied>,
    applied: Vec<&'a Pending<C>>,
    failed: Vec<Failing>,
}

impl<T: Target> Lane<T> {
    /// Does the work of a batch.
    pub(super) async fn work(self: Arc<Self>, batch: Batch<T>) -> Done<T> {
        match batch.load {
            Load::Entries(entries) => self.apply(&entries, batch.claim).await,
            Load::Retry(retry) => self.retry(*retry, batch.claim).await,
        }
    }

    /// Applies entries. Every one is applied or durably recorded as failed, unless the engine stops.
    async fn apply(&self, entries: &[Pending<T::Change>], claim: Claim<T>) -> Done<T> {
        let Outcome {
            writes,
            mut applied,
            failed,
        } = self.apply_in_parts(entries).await;
        let span = Span::current();
        if !failed.is_empty() {
            span.record("otel.status_code", "ERROR");
        }
        let mut settled = self.record(failed).await;
        if !self.keep_omitted(&applied).await {
            applied.retain(|pending| pending.omitted.is_empty());
        }
        let subjects = applied.iter().map(|pending| &pending.subject);
        if !self.supersede(subjects).await {
            applied.clear();
        }
        settled.extend(
            applied
                .iter()
                .map(|pending| (pending.subject.clone(), Fate::Applied)),
        );
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
    pub(super) async fn refuse(self: Arc<Self>, refused: Vec<Refused>, claim: Claim<T>) -> Done<T> {
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
    async fn apply_in_parts<'a>(
        &self,
        entries: &'a [Pending<T::Change>],
    ) -> Outcome<'a, T::Change> {
        let mut outcome = Outcome {
            writes: Vec::new(),
            applied: Vec::new(),
            failed: Vec::new(),
        };
        let mut parts = vec![Part {
            range: 0..entries.len(),
            patience: Patience::Full,
            attempts: 0,
        }];
        while let Some(part) = parts.pop() {
            let Some(items) = entries.get(part.range.clone()) else {
                continue;
            };
            match self.apply_part(items, part.patience).await {
                Ok(writes) => {
                    outcome.writes.push(writes);
                    outcome.applied.extend(items);
                }
                Err(Unapplied::Failed { failure, attempts }) => {
                    let attempts = part.attempts.max(attempts);
                    if isolates(&failure) && items.len() > 1 {
                        parts.extend(part.halves(&failure, attempts));
                        continue;
                    }
                    let failed = |pending: &Pending<T::Change>| Failing {
                        entry: self.failed(&pending.subject, failure.clone(), attempts),
                        raw: pending.raw.clone(),
                    };
                    outcome.failed.extend(items.iter().map(failed));
                }
                Err(Unapplied::Stopped) => break,
            }
        }
        outcome
    }
}

/// Whether one entry of several may have brought this failure in: the server says so, or it fails
/// again and again on a server that otherwise works.
const fn isolates(failure: &Failure) -> bool {
    failure.code.isolates() || matches!(failure.class(), Class::Transient | Class::Conflict)
}

/// Some of the entries of a batch.
struct Part {
    range: Range<usize>,
    patience: Patience,
    /// The most attempts that were made at one piece of work with these entries in it.
    attempts: u32,
}

impl Part {
    /// The second half below the first, so that a stack gives them back in order.
    fn halves(&self, failure: &Failure, attempts: u32) -> [Self; 2] {
        let Range { start, end } = self.range;
        let middle = start + (end - start) / 2;
        [middle..end, start..middle].map(|range| Self {
            range,
            patience: self.patience.after(failure),
            attempts,
        })
    }
}

/// The place of the panic is in the log line of the panic itself.
pub(super) fn panicked(doing: &str) -> Failure {
    Failure::new(
        Code::InternalPanic,
        format!("radcast panicked while {doing} the change"),
    )
}
