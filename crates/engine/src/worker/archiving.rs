//! What belongs to a failed entry is archived before the entry is recorded.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};
use tracing::error;

use crate::Target;
use crate::failure::{Code, Failure, Redacted, Subject};
use crate::store::{Archive, FailedEntry, FailureRecord};
use crate::worker::Worker;

/// How long the archiving of entries that failed together may take; it holds back their records.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many of them are archived at the same time.
const AT_ONCE: usize = 4;

/// A failed entry, and its text as it came, if that was kept.
pub(crate) struct Failing {
    pub(crate) entry: FailedEntry,
    pub(crate) raw: Option<Redacted>,
}

/// An entry that is bad in itself.
pub(crate) struct Refused {
    pub(crate) subject: Subject,
    pub(crate) failure: Failure,
    pub(crate) raw: Option<Redacted>,
}

impl Refused {
    /// The entry of a record, of which nothing else is known.
    pub(crate) fn of(record: &FailureRecord, failure: Failure) -> Self {
        Self {
            subject: record.subject.clone(),
            failure,
            raw: None,
        }
    }

    /// It failed at this time.
    pub(crate) fn failing(self, at: Timestamp) -> Failing {
        Failing {
            entry: FailedEntry::new(self.subject, self.failure, at),
            raw: self.raw,
        }
    }
}

impl<T: Target> Worker<T> {
    /// The entries to record, with the places where what belongs to them is archived. One attempt
    /// is made: an archive that is down loses what is for people to read, and delays no record for
    /// long.
    pub(crate) async fn archived(&self, failing: Vec<Failing>) -> Vec<FailedEntry> {
        let deadline = Instant::now() + PATIENCE;
        let kept = failing
            .into_iter()
            .map(|failing| keep(self.archive.clone(), failing, deadline));
        let kept: Vec<_> = kept.collect();
        stream::iter(kept).buffered(AT_ONCE).collect().await
    }

    /// As [`Worker::archived`], for one entry.
    pub(crate) async fn archived_one(&self, failing: Failing) -> FailedEntry {
        keep(self.archive.clone(), failing, Instant::now() + PATIENCE).await
    }
}

/// Archives what there is of an entry, if there is an archive.
async fn keep(
    archive: Option<Arc<dyn Archive>>,
    failing: Failing,
    deadline: Instant,
) -> FailedEntry {
    let Failing { mut entry, raw } = failing;
    let (raw, answer) = (raw.as_ref(), entry.failure.answer.as_ref());
    let Some(archive) = archive.filter(|_| raw.is_some() || answer.is_some()) else {
        return entry;
    };
    let kept = timeout_at(deadline, archive.keep(&entry.subject, raw, answer)).await;
    match kept.unwrap_or_else(|_| Err(too_slow())) {
        Ok(place) => entry.archive = Some(place),
        Err(failure) => tell(&entry.subject, &failure),
    }
    entry
}

fn too_slow() -> Failure {
    Failure::new(
        Code::BlobUnavailable,
        format!("the archive did not answer within {PATIENCE:?}"),
    )
}

fn tell(subject: &Subject, failure: &Failure) {
    error!(
        event = "not_archived",
        sequence = subject.sequence,
        study = subject.study,
        series = subject.series,
        instance = subject.instance,
        code = %failure.code,
        cure = failure.cure(),
        "what belongs to the entry is not archived; it is recorded without: {failure}"
    );
}

/// A failure for those who tell of it: what is archived stays no longer in memory.
pub(crate) fn without_answer(failure: Failure) -> Failure {
    Failure {
        answer: None,
        ..failure
    }
}
