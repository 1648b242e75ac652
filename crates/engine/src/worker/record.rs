//! What has to be kept durably before an entry counts as settled.

use tracing::{error, warn};

use crate::Target;
use crate::failure::{Disposition, Failure, OmittedValue, Subject};
use crate::retries::retry::endless;
use crate::schedule::Pending;
use crate::status::{Observer, Outcome};
use crate::store::{FailedEntry, OmittedValueRow};
use crate::target::Applied;
use crate::worker::Worker;
use crate::worker::archiving::{Failing, without_answer};

impl<T: Target> Worker<T> {
    /// Keeps failed entries, which are settled then. None are if the engine stops before.
    pub(crate) async fn record(&self, failed: Vec<Failing>) -> Vec<(Subject, Outcome)> {
        if failed.is_empty() {
            return Vec::new();
        }
        let failed = self.archived(failed).await;
        let failed: Vec<_> = failed.into_iter().map(|entry| self.due(entry)).collect();
        let trouble = "failed entries cannot be recorded";
        let kept = self.durably(trouble, || self.store.record(failed.clone()));
        if kept.await.is_none() {
            return Vec::new();
        }
        failed
            .iter()
            .for_each(|entry| self.open.add(&entry.subject));
        failed
            .into_iter()
            .map(|entry| {
                (
                    entry.subject,
                    Outcome::Failed(without_answer(entry.failure)),
                )
            })
            .collect()
    }

    /// The entry with the time at which it is retried by itself, if its code has retries left.
    pub(crate) fn due(&self, entry: FailedEntry) -> FailedEntry {
        let policy = self.retry.policies.policy(entry.failure.code);
        let left =
            policy.disposition == Disposition::Auto && entry.automatic_retries < policy.count;
        let next_retry = left.then(|| entry.at.checked_add(policy.interval).ok());
        FailedEntry {
            next_retry: next_retry.flatten(),
            ..entry
        }
    }

    /// Notes the values that were left out of entries when they were applied.
    pub(crate) fn note_omitted(&self, applied: &mut [Pending<T::Change>], writes: &[Applied]) {
        for (sequence, value) in writes.iter().flat_map(|applied| &applied.omitted) {
            let mut entries = applied.iter_mut();
            let entry = entries.find(|it| it.subject.sequence == Some(*sequence));
            if let Some(entry) = entry {
                warn_of(self.observer.as_ref(), &entry.subject, value);
                entry.omitted.push(value.clone());
            }
        }
    }

    /// Keeps the values that were left out of applied entries; `false` if the engine stops before.
    pub(crate) async fn keep_omitted(&self, applied: &[Pending<T::Change>]) -> bool {
        let at = (self.clock)();
        let rows = applied.iter().flat_map(|pending| {
            pending.omitted.iter().map(move |value| OmittedValueRow {
                subject: pending.subject.clone(),
                tag: value.tag.clone(),
                keyword: value.keyword.clone(),
                message: value.to_string(),
                at,
            })
        });
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            return true;
        }
        let trouble = "values that were left out cannot be recorded";
        let kept = self.durably(trouble, || self.store.record_omitted(rows.clone()));
        kept.await.is_some()
    }

    /// Repeats what is done at the store until it is done, however long that takes, and holds back
    /// new work meanwhile; `None` if the engine stops before.
    pub(crate) async fn durably<R, A>(&self, trouble: &str, attempt: impl Fn() -> A) -> Option<R>
    where
        A: Future<Output = Result<R, Failure>>,
    {
        let mut delays = endless(&self.retry);
        let hold = self.gate.hold();
        loop {
            let failure = match attempt().await {
                Ok(done) => return Some(done),
                Err(failure) => failure,
            };
            error!(event = "store_unavailable", code = %failure.code, cure = failure.cure(), "{trouble}: {failure}");
            hold.tell(&failure, true);
            let delay = delays.next().unwrap_or(self.retry.max_delay);
            if self.stops_within(delay).await {
                return None;
            }
        }
    }
}

/// Tells of a value that is left out of an entry, or kept although it is not valid.
pub(crate) fn warn_of(observer: &dyn Observer, subject: &Subject, omitted: &OmittedValue) {
    let OmittedValue {
        tag,
        keyword,
        reason,
        is_kept,
    } = omitted;
    let event = match is_kept {
        true => "value_not_valid",
        false => "value_not_applied",
    };
    warn!(
        event,
        sequence = subject.sequence,
        study = subject.study,
        series = subject.series,
        instance = subject.instance,
        tag,
        keyword,
        reason,
        "{omitted}"
    );
    observer.warned(subject, omitted);
}
