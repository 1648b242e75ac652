//! Records that an applied entry leaves behind: nothing of theirs is missing any more.

use tracing::info;

use crate::Target;
use crate::failure::{Failure, Subject};
use crate::retries::open_records::of_one_study;
use crate::store::{FailureRecord, RecordFilter, RecordKey};
use crate::worker::Worker;

/// How many records of a study are looked at together.
const PAGE: usize = 100;

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The entry itself was applied this time.
    Remove,
    /// A later entry of its instance was applied.
    Supersede,
    /// It still waits for a person.
    Keep,
}

impl<T: Target> Worker<T> {
    /// Removes or marks the records that these applied entries leave behind; `false` if the engine
    /// stops before.
    pub(crate) async fn supersede<'a>(&self, applied: impl Iterator<Item = &'a Subject>) -> bool {
        let mut rest: Vec<_> = applied.filter(|entry| self.open.may_have(entry)).collect();
        while let Some(study) = rest.first().copied() {
            let (applied, others): (Vec<_>, Vec<_>) = rest
                .into_iter()
                .partition(|entry| of_one_study(entry, study));
            let trouble = "the records that are superseded cannot be marked";
            let marked = self.durably(trouble, || self.supersede_of_study(study, &applied));
            if marked.await.is_none() {
                return false;
            }
            rest = others;
        }
        true
    }

    /// The instances are taken off the list first, so that what is recorded meanwhile puts them
    /// back.
    async fn supersede_of_study(
        &self,
        study: &Subject,
        applied: &[&Subject],
    ) -> Result<(), Failure> {
        applied.iter().for_each(|entry| self.open.remove(entry));
        let looked = self.look_through(study, applied).await;
        if looked.is_err() {
            applied.iter().for_each(|entry| self.open.add(entry));
        }
        looked
    }

    /// What is kept goes back on the list.
    async fn look_through(&self, study: &Subject, applied: &[&Subject]) -> Result<(), Failure> {
        let instance = match applied {
            [only] => only.instance.clone(),
            _ => None,
        };
        let filter = RecordFilter {
            study: study.study.clone(),
            instance,
            ..RecordFilter::default()
        };
        let mut after: Option<RecordKey> = None;
        loop {
            let page = self.store.records(&filter, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.key.clone());
            for record in page
                .iter()
                .filter(|record| of_one_study(&record.subject, study))
            {
                let verdict = verdict(&record.subject, applied);
                if verdict == Verdict::Keep {
                    self.open.add(&record.subject);
                }
                self.resolve(record, verdict).await?;
            }
        }
    }

    async fn resolve(&self, record: &FailureRecord, verdict: Verdict) -> Result<(), Failure> {
        let event = match verdict {
            Verdict::Keep => return Ok(()),
            Verdict::Remove => {
                self.store.remove(&record.key).await?;
                "record_resolved"
            }
            Verdict::Supersede => {
                self.store.supersede(&record.key).await?;
                "record_superseded"
            }
        };
        info!(
            event,
            sequence = record.subject.sequence,
            study = record.subject.study,
            series = record.subject.series,
            instance = record.subject.instance,
            code = record.code
        );
        Ok(())
    }
}

/// What becomes of the record of an entry when these of its study were applied.
fn verdict(recorded: &Subject, applied: &[&Subject]) -> Verdict {
    let of_instance = || {
        applied
            .iter()
            .filter(|entry| same_instance(entry, recorded))
    };
    if recorded.sequence.is_some() && of_instance().any(|entry| entry.sequence == recorded.sequence)
    {
        Verdict::Remove
    } else if of_instance().any(|entry| is_later(entry, recorded)) {
        Verdict::Supersede
    } else {
        Verdict::Keep
    }
}

fn same_instance(one: &Subject, other: &Subject) -> bool {
    let differ = one.series.is_some() && other.series.is_some() && one.series != other.series;
    one.instance.is_some() && one.instance == other.instance && !differ
}

/// By sequence; where there is none, by time.
fn is_later(entry: &Subject, recorded: &Subject) -> bool {
    match (entry.sequence, recorded.sequence) {
        (Some(entry), Some(recorded)) => entry > recorded,
        _ => recorded.timestamp.is_some() && entry.timestamp > recorded.timestamp,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn entry(sequence: Option<u64>, second: i64, series: Option<&str>) -> Subject {
        Subject {
            sequence,
            study: Some("1".to_owned()),
            series: series.map(str::to_owned),
            instance: Some("3".to_owned()),
            timestamp: Timestamp::from_second(second).ok(),
            ..Subject::default()
        }
    }

    #[test]
    fn the_sequence_decides_and_without_one_the_time() {
        let recorded = entry(Some(5), 50, Some("2"));
        let cases = [
            (entry(Some(5), 50, Some("2")), Verdict::Remove),
            (entry(Some(6), 40, Some("2")), Verdict::Supersede),
            (entry(Some(4), 60, Some("2")), Verdict::Keep),
            (entry(Some(6), 60, Some("7")), Verdict::Keep),
        ];
        for (applied, expected) in cases {
            assert_eq!(verdict(&recorded, &[&applied]), expected, "{applied:?}");
        }
        let without = entry(None, 50, None);
        assert_eq!(
            verdict(&without, &[&entry(Some(6), 60, Some("2"))]),
            Verdict::Supersede
        );
        assert_eq!(
            verdict(&without, &[&entry(Some(6), 50, Some("2"))]),
            Verdict::Keep
        );
    }

    #[test]
    fn the_entry_itself_counts_more_than_a_later_one() {
        let (recorded, later) = (entry(Some(5), 50, None), entry(Some(6), 60, None));
        let verdict = verdict(&recorded, &[&later, &recorded.clone()]);
        assert_eq!(verdict, Verdict::Remove);
    }

    #[test]
    fn another_instance_leaves_it_alone() {
        let recorded = entry(Some(5), 50, None);
        let other = Subject {
            instance: Some("4".to_owned()),
            ..entry(Some(6), 60, None)
        };
        assert_eq!(verdict(&recorded, &[&other]), Verdict::Keep);
        let nameless = |sequence| Subject {
            instance: None,
            ..entry(Some(sequence), 60, None)
        };
        assert_eq!(verdict(&nameless(5), &[&nameless(6)]), Verdict::Keep);
    }
}
