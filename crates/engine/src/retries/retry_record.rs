//! The retry of one recorded entry: ask what has become of it, and apply it late.

use std::slice;

use tracing::{Span, error, info, warn};

use crate::Target;
use crate::failure::{Code, Failure, Subject};
use crate::feed::InstanceKey;
use crate::feed::{Action, Entry, State};
use crate::pipeline::reader::{ReadEntry, learn, read_entry};
use crate::retries::retry::Patience;
use crate::schedule::{Claim, Pending, Retry};
use crate::status::Retried;
use crate::store::{FailedEntry, FailureRecord, RecordState};
use crate::target::{Applied, Reading};
use crate::worker::Worker;
use crate::worker::archiving::{Failing, Refused, without_answer};
use crate::worker::attempt::Unapplied;
use crate::worker::done::{Again, Done};

/// What the feed says of a recorded entry now.
enum Present<C> {
    Change(Pending<C>),
    Obsolete(&'static str),
    Failed(Refused),
    /// Of an instance that the record does not name.
    Elsewhere(InstanceKey),
}

impl<T: Target> Worker<T> {
    /// Retries a recorded entry, whose unit is claimed if it is known.
    pub(crate) async fn retry(&self, retry: Retry, claim: Claim<T>) -> Done<T> {
        let mut applied = Vec::new();
        let again = match self.still_wanted(&retry.record).await {
            Ok(Some(record)) => self.retry_due(record, retry.instance, &mut applied).await,
            Ok(None) => Again::Done { applied: false },
            Err(failure) => postponed(&retry.record.subject, &failure),
        };
        Done {
            claim,
            settled: Vec::new(),
            applied,
            retry: Some(again),
            span: Span::current(),
        }
    }

    /// The record as it is now, if it is still to be retried.
    async fn still_wanted(&self, record: &FailureRecord) -> Result<Option<FailureRecord>, Failure> {
        let now = (self.clock)();
        let stored = self.store.get(&record.key).await?;
        Ok(stored
            .filter(|record| record.state == RecordState::Open && record.is_to_be_retried(now)))
    }

    async fn retry_due(
        &self,
        record: FailureRecord,
        instance: Option<InstanceKey>,
        applied: &mut Vec<Applied>,
    ) -> Again {
        let asked = self.stop.run_until_cancelled(self.ask(&record, instance));
        let retried = match asked.await {
            None => None,
            Some(Err(failure)) => return postponed(&record.subject, &failure),
            Some(Ok(Present::Elsewhere(instance))) => {
                let instance = Some(instance);
                return Again::Elsewhere(Box::new(Retry { record, instance }));
            }
            Some(Ok(Present::Obsolete(reason))) => self.dismiss(&record, reason).await,
            Some(Ok(Present::Failed(refused))) => {
                let failing = refused.failing((self.clock)());
                self.fail_again(&record, failing).await
            }
            Some(Ok(Present::Change(pending))) => self.apply_late(&record, pending, applied).await,
        };
        let Some(retried) = retried else {
            return Again::Postponed;
        };
        self.observer.retried(&record.subject, &retried);
        Again::Done {
            applied: retried == Retried::Applied,
        }
    }

    /// What the feed says of the entry now.
    async fn ask(
        &self,
        record: &FailureRecord,
        instance: Option<InstanceKey>,
    ) -> Result<Present<T::Change>, Failure> {
        let Some(sequence) = record.subject.sequence else {
            let message = "the entry has no sequence by which the feed could be asked for it";
            let failure = Failure::new(Code::DicomMalformedEntry, message);
            return Ok(Present::Failed(Refused::of(record, failure)));
        };
        let asked = self
            .present
            .entry(sequence, record.subject.timestamp)
            .await?;
        let Some(entry) = asked else {
            return Ok(Present::Obsolete("the feed does not hold it any more"));
        };
        if let Ok(entry) = &entry {
            match instance {
                Some(instance) if instance == entry.key => {}
                Some(instance) if !may_be(&instance, &entry.key) => {
                    return Ok(Present::Failed(Refused::of(record, of_another(sequence))));
                }
                _ => return Ok(Present::Elsewhere(entry.key.clone())),
            }
            if let Some(reason) = obsolete(entry) {
                return Ok(Present::Obsolete(reason));
            }
            let (target, store) = (self.target.as_ref(), self.store.as_ref());
            learn(target, &[entry], store, self.observer.as_ref()).await?;
        }
        Ok(self.meaning(read_entry(self.target.as_ref(), entry)))
    }

    fn meaning(&self, entry: ReadEntry<T::Change>) -> Present<T::Change> {
        match entry.reading {
            Reading::Change { change, warnings } => Present::Change(Pending {
                change: self.in_place(&entry.subject, change),
                subject: entry.subject,
                omitted: warnings,
                raw: entry.raw,
            }),
            Reading::Skip(reason) => Present::Obsolete(reason),
            Reading::Refuse(failure) => Present::Failed(Refused {
                subject: entry.subject,
                failure,
                raw: entry.raw,
            }),
        }
    }

    /// The change in its place among those that were applied since. A bulk update that is still the
    /// present state corrects the whole study: what came since came with it.
    fn in_place(&self, subject: &Subject, change: T::Change) -> T::Change {
        if subject.action.as_deref() == Some(Action::Update.as_str()) {
            return change;
        }
        self.target.late(change)
    }

    /// `None` if the engine stops before it is done.
    async fn apply_late(
        &self,
        record: &FailureRecord,
        pending: Pending<T::Change>,
        applied: &mut Vec<Applied>,
    ) -> Option<Retried> {
        let mut pending = pending;
        let entry = slice::from_ref(&pending);
        let unit = self.target.unit(&pending.change);
        let patience = match self.ailing.patience(&unit) {
            // What somebody asked for is not hurried because of other units.
            Patience::Once => Patience::Once,
            Patience::Full | Patience::Brief => Patience::Full,
        };
        match self.apply_part(entry, patience).await {
            Ok(writes) => {
                self.ailing.remove(&unit);
                let writes = [writes];
                self.note_omitted(slice::from_mut(&mut pending), &writes);
                applied.extend(writes);
            }
            Err(Unapplied::Stopped) => return None,
            Err(Unapplied::Failed {
                failure, attempts, ..
            }) => {
                let entry = self.failed(&pending.subject, failure, attempts);
                let raw = pending.raw;
                return self.fail_again(record, Failing { entry, raw }).await;
            }
        }
        let entry = slice::from_ref(&pending);
        let kept =
            self.keep_omitted(entry).await && self.supersede([&pending.subject].into_iter()).await;
        if !kept {
            return None;
        }
        self.remove(record).await?;
        info!(
            event = "retry_committed",
            sequence = pending.subject.sequence,
            study = pending.subject.study,
            series = pending.subject.series,
            instance = pending.subject.instance
        );
        Some(Retried::Applied)
    }

    async fn dismiss(&self, record: &FailureRecord, reason: &'static str) -> Option<Retried> {
        self.remove(record).await?;
        info!(
            event = "retry_obsolete",
            sequence = record.subject.sequence,
            study = record.subject.study,
            series = record.subject.series,
            instance = record.subject.instance,
            reason
        );
        Some(Retried::Obsolete(reason))
    }

    async fn remove(&self, record: &FailureRecord) -> Option<bool> {
        let trouble = "the record of an entry that was retried cannot be removed";
        self.durably(trouble, || self.store.remove(&record.key))
            .await
    }

    async fn fail_again(&self, record: &FailureRecord, failing: Failing) -> Option<Retried> {
        let by_itself = u32::from(!record.retry);
        let failed = self.due(FailedEntry {
            automatic_retries: record.automatic_retries.saturating_add(by_itself),
            ..self.archived_one(failing).await
        });
        let trouble = "the failure of a retry cannot be recorded";
        self.durably(trouble, || self.store.record_again(record, failed.clone()))
            .await?;
        let FailedEntry {
            subject,
            failure,
            attempts,
            ..
        } = failed;
        self.open.add(&subject);
        Span::current().record("otel.status_code", "ERROR");
        error!(
            event = "retry_failed",
            sequence = subject.sequence,
            study = subject.study,
            series = subject.series,
            instance = subject.instance,
            attempt = record.attempts.saturating_add(attempts),
            class = %failure.class(),
            code = %failure.code,
            cure = failure.cure(),
            "{}",
            failure.message
        );
        Some(Retried::Failed(without_answer(failure)))
    }
}

/// Why nothing is left to be done for an entry.
const fn obsolete<D>(entry: &Entry<D>) -> Option<&'static str> {
    match (entry.action, entry.state) {
        (Action::Create | Action::Update, State::Replaced) => {
            Some("a newer entry of the instance has taken its place")
        }
        (Action::Create | Action::Update, State::Deleted) => Some("the instance was deleted"),
        (Action::Delete, State::Replaced) => Some("the instance was stored again"),
        (Action::Create | Action::Update, State::Current)
        | (Action::Delete, State::Current | State::Deleted) => None,
    }
}

/// Whether a record of `recorded` may be about `instance`: dicom-cast's know no partition.
fn may_be(recorded: &InstanceKey, instance: &InstanceKey) -> bool {
    let InstanceKey {
        partition,
        study,
        series,
        instance: uid,
    } = recorded;
    partition.is_none()
        && *study == instance.study
        && *series == instance.series
        && *uid == instance.instance
}

fn of_another(sequence: u64) -> Failure {
    let message = format!("entry {sequence} of the feed is of another instance than the record");
    Failure::new(Code::DicomPositionAhead, message)
}

fn postponed(subject: &Subject, failure: &Failure) -> Again {
    warn!(
        event = "retry_postponed",
        sequence = subject.sequence,
        study = subject.study,
        series = subject.series,
        instance = subject.instance,
        code = %failure.code,
        "{failure}"
    );
    Again::Postponed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(partition: Option<&str>, instance: &str) -> InstanceKey {
        InstanceKey {
            partition: partition.map(str::to_owned),
            study: "1".to_owned(),
            series: "2".to_owned(),
            instance: instance.to_owned(),
        }
    }

    #[test]
    fn a_record_without_a_partition_may_be_of_any() {
        assert!(may_be(&key(None, "3"), &key(Some("clinic-b"), "3")));
        assert!(!may_be(
            &key(Some("clinic-a"), "3"),
            &key(Some("clinic-b"), "3")
        ));
        assert!(!may_be(&key(None, "3"), &key(Some("clinic-b"), "4")));
    }
}
