//! The work of one batch: apply, isolate, record, settle.

use std::ops::Range;
use std::sync::Arc;

use tracing::Span;

use super::Target;
use super::archiving::{Failing, Refused};
use super::attempt::Unapplied;
use super::done::Done;
use super::lane::Lane;
use super::retry::Patience;
use super::schedule::{Batch, Claim, Load, Pending};
use super::status::Fate;
use super::target::Applied;
use crate::failure::{Class, Failure};

/// What became of the entries of a batch at the target.
struct Outcome {
    writes: Vec<Applied>,
    /// Of each entry whether it was applied.
    applied: Vec<bool>,
    failed: Vec<Failing>,
}

impl<T: Target> Lane<T> {
    /// Does the work of a batch.
    pub(super) async fn work(self: Arc<Self>, batch: Batch<T>) -> Done<T> {
        match batch.load {
            Load::Entries(entries) => self.apply(entries, batch.claim).await,
            Load::Retry(retry) => self.retry(*retry, batch.claim).await,
        }
    }

    /// Applies entries. Every one is applied or durably recorded as failed, unless the engine stops.
    async fn apply(&self, entries: Vec<Pending<T::Change>>, claim: Claim<T>) -> Done<T> {
        let Outcome {
            writes,
            applied,
            failed,
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
        settled.extend(applied.map(|pending| (pending.subject, Fate::Applied)));
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
    async fn apply_in_parts(&self, entries: &[Pending<T::Change>]) -> Outcome {
        let mut outcome = Outcome {
            writes: Vec::new(),
            applied: vec![false; entries.len()],
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
                    if let Some(applied) = outcome.applied.get_mut(part.range) {
                        applied.fill(true);
                    }
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
