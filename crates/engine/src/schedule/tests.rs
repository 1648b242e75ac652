use std::collections::HashMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::failure::{Code, Failure};
use crate::feed::Entry;
use crate::feed::InstanceKey;
use crate::store::{ETag, FailedEntry, FailureRecord, RecordState};
use crate::{Applied, Reading};

/// Changes as (study, patient, what is said of the patient).
#[derive(Debug)]
struct Studies;

type Said = (u8, Option<u8>, u8);

impl Target for Studies {
    type Data = ();
    type Change = Said;
    type Delta = ();
    type Unit = u8;
    type Shared = u8;

    fn read(&self, _: &Entry<()>) -> Reading<Said> {
        Reading::Skip("not read here")
    }

    fn unit(&self, change: &Said) -> u8 {
        change.0
    }

    fn unit_of(&self, instance: &InstanceKey) -> u8 {
        instance.study.parse().unwrap()
    }

    fn late(&self, change: Said) -> Said {
        change
    }

    fn shared(&self, change: &Said) -> Option<u8> {
        change.1
    }

    fn commute(&self, one: &Said, other: &Said) -> bool {
        one.2 == other.2
    }

    fn fold(&self, _: &[Said]) -> Option<()> {
        None
    }

    async fn apply(&self, (): &()) -> Result<Applied, Failure> {
        Ok(Applied::default())
    }

    async fn probe(&self) -> Result<(), Failure> {
        Ok(())
    }
}

fn schedule(changes: &[Said]) -> Schedule<Studies> {
    let mut schedule = Schedule::new(Arc::new(Studies));
    for (sequence, change) in (1..).zip(changes) {
        schedule.push(pending(Some(sequence), *change));
    }
    schedule
}

fn next(schedule: &mut Schedule<Studies>, pace: Pace) -> Option<Batch<Studies>> {
    schedule.next_of(usize::MAX, pace)
}

fn pending(sequence: Option<u64>, change: Said) -> Pending<Said> {
    Pending {
        subject: Subject {
            sequence,
            ..Subject::default()
        },
        change,
        omitted: Vec::new(),
        raw: None,
    }
}

fn entries(batch: &Batch<Studies>) -> &[Pending<Said>] {
    match &batch.load {
        Load::Entries(entries) => entries,
        Load::Retry(_) => &[],
    }
}

fn sequences(batch: &Batch<Studies>) -> Vec<u64> {
    let entries = entries(batch).iter();
    entries
        .filter_map(|pending| pending.subject.sequence)
        .collect()
}

#[test]
fn a_batch_takes_all_that_waits_of_its_study() {
    let mut schedule = schedule(&[(1, Some(1), 0), (2, Some(2), 0), (1, Some(1), 0)]);
    assert_eq!(
        sequences(&next(&mut schedule, Pace::Hurry).unwrap()),
        [1, 3]
    );
    assert_eq!(sequences(&next(&mut schedule, Pace::Hurry).unwrap()), [2]);
    assert!(next(&mut schedule, Pace::Hurry).is_none());
}

#[test]
fn while_there_is_more_to_read_a_study_waits_until_as_much_came_as_was_applied() {
    let mut schedule = schedule(&[(1, None, 0), (1, None, 0), (1, None, 0)]);
    let batch = next(&mut schedule, Pace::Gather).unwrap();
    schedule.finish(&batch.claim);
    for sequence in 4..6 {
        schedule.push(pending(Some(sequence), (1, None, 0)));
        assert!(next(&mut schedule, Pace::Gather).is_none());
    }
    schedule.push(pending(Some(6), (2, None, 0)));
    assert_eq!(sequences(&next(&mut schedule, Pace::Gather).unwrap()), [6]);
    schedule.push(pending(Some(7), (1, None, 0)));
    let batch = next(&mut schedule, Pace::Gather).unwrap();
    assert_eq!(sequences(&batch), [4, 5, 7]);
    schedule.finish(&batch.claim);
    schedule.push(pending(Some(8), (1, None, 0)));
    assert!(next(&mut schedule, Pace::Gather).is_none());
    assert!(next(&mut schedule, Pace::Hurry).is_some());
}

#[test]
fn a_study_under_way_holds_back_its_later_changes() {
    let mut schedule = schedule(&[(1, None, 0)]);
    let batch = next(&mut schedule, Pace::Hurry).unwrap();
    schedule.push(pending(None, (1, None, 0)));
    assert!(next(&mut schedule, Pace::Hurry).is_none());
    schedule.finish(&batch.claim);
    assert!(next(&mut schedule, Pace::Hurry).is_some());
}

#[test]
fn a_claimed_study_is_free_when_the_last_claim_is_finished() {
    let mut schedule = schedule(&[(1, None, 0), (2, None, 0)]);
    let claims = [vec![1], vec![1, 2]].map(|units| schedule.claim(units));
    assert!(next(&mut schedule, Pace::Hurry).is_none());
    schedule.finish(&claims[1]);
    assert_eq!(sequences(&next(&mut schedule, Pace::Hurry).unwrap()), [2]);
    assert!(next(&mut schedule, Pace::Hurry).is_none());
    schedule.finish(&claims[0]);
    assert_eq!(sequences(&next(&mut schedule, Pace::Hurry).unwrap()), [1]);
}

fn retry(study: Option<u8>) -> Retry {
    let failure = Failure::new(Code::FhirRejected, "");
    let entry = FailedEntry::new(Subject::default(), failure, Timestamp::UNIX_EPOCH);
    Retry {
        instance: study.map(|study| InstanceKey {
            partition: None,
            study: study.to_string(),
            series: String::new(),
            instance: String::new(),
        }),
        record: FailureRecord {
            key: entry.key(),
            etag: ETag(String::new()),
            subject: entry.subject,
            class: String::new(),
            code: String::new(),
            message: String::new(),
            cure: String::new(),
            attempts: 1,
            first_failed: entry.at,
            last_failed: entry.at,
            retry: true,
            next_retry: None,
            automatic_retries: 0,
            state: RecordState::Open,
            archive: None,
            attribute: None,
        },
    }
}

#[test]
fn a_retry_stands_alone_and_waits_for_its_study() {
    let mut schedule = schedule(&[(1, None, 0)]);
    schedule.push_retry(retry(Some(1)));
    schedule.push_retry(retry(Some(1)));
    schedule.push(pending(Some(2), (1, None, 0)));
    let batch = next(&mut schedule, Pace::Hurry).unwrap();
    assert_eq!(sequences(&batch), [1, 2]);
    assert!(next(&mut schedule, Pace::Hurry).is_none());
    schedule.finish(&batch.claim);
    for _ in 0..2 {
        let batch = next(&mut schedule, Pace::Hurry).unwrap();
        assert!(matches!(batch.load, Load::Retry(_)));
        assert!(next(&mut schedule, Pace::Hurry).is_none());
        schedule.finish(&batch.claim);
    }
}

#[test]
fn a_retry_of_nobody_knows_what_waits_for_nobody() {
    let mut schedule = schedule(&[(1, None, 0)]);
    schedule.push_retry(retry(None));
    schedule.push_retry(retry(None));
    let batches: Vec<_> = std::iter::from_fn(|| next(&mut schedule, Pace::Hurry)).collect();
    let retries = batches.iter().filter(|b| matches!(b.load, Load::Retry(_)));
    assert_eq!((batches.len(), retries.count()), (3, 2));
}

#[test]
fn retries_that_are_dropped_leave_the_changes() {
    let mut schedule = schedule(&[(1, None, 0), (2, None, 0)]);
    schedule.push_retry(retry(Some(1)));
    schedule.push_retry(retry(Some(3)));
    assert_eq!((schedule.drop_retries(), schedule.len()), (2, 2));
}

#[test]
fn two_studies_of_a_patient_follow_one_another() {
    let mut schedule = schedule(&[(1, Some(9), 0), (2, Some(9), 0)]);
    let batch = next(&mut schedule, Pace::Hurry).unwrap();
    assert!(next(&mut schedule, Pace::Hurry).is_none());
    schedule.finish(&batch.claim);
    assert_eq!(sequences(&next(&mut schedule, Pace::Hurry).unwrap()), [2]);
}

#[test]
fn a_change_overtakes_one_that_says_the_same_of_their_patient() {
    let mut schedule = schedule(&[(1, Some(9), 0), (2, Some(9), 0), (1, Some(9), 0)]);
    assert_eq!(
        sequences(&next(&mut schedule, Pace::Hurry).unwrap()),
        [1, 3]
    );
}

#[test]
fn a_change_does_not_overtake_one_that_says_otherwise_of_their_patient() {
    let mut schedule = schedule(&[(1, Some(9), 0), (2, Some(9), 7), (1, Some(9), 0)]);
    assert_eq!(sequences(&next(&mut schedule, Pace::Hurry).unwrap()), [1]);
}

fn said() -> impl Strategy<Value = Said> {
    (0_u8..4, proptest::option::weighted(0.8, 0_u8..3), 0_u8..2)
}

/// What was last said of each patient, and the changes of each study in order.
type World = (HashMap<u8, u8>, HashMap<u8, Vec<u64>>);

fn say(world: &mut World, sequence: u64, change: Said) {
    world.0.extend(change.1.map(|patient| (patient, change.2)));
    world.1.entry(change.0).or_default().push(sequence);
}

#[test]
fn the_units_that_come_next_are_named_once() {
    let mut schedule = Schedule::new(Arc::new(Studies));
    // The third waits for the patient of the first.
    for said in [
        (1, Some(1), 0),
        (1, Some(1), 1),
        (2, None, 0),
        (3, Some(1), 2),
        (4, None, 0),
    ] {
        schedule.push(pending(None, said));
    }
    let started = schedule.next_of(1, Pace::Hurry).unwrap();
    assert_eq!(schedule.upcoming(1, Pace::Hurry), [(2, None, 0)]);
    assert_eq!(schedule.upcoming(1, Pace::Hurry), []);
    assert_eq!(schedule.upcoming(2, Pace::Hurry), [(4, None, 0)]);
    schedule.finish(&started.claim);
    assert_eq!(schedule.upcoming(9, Pace::Hurry), [(1, Some(1), 1)]);
    while let Some(batch) = schedule.next_of(9, Pace::Hurry) {
        schedule.finish(&batch.claim);
    }
    schedule.push(pending(None, (2, None, 1)));
    assert_eq!(schedule.upcoming(1, Pace::Hurry), [(2, None, 1)]);
}

proptest! {
    #[test]
    fn side_by_side_ends_as_one_after_another(
        changes in proptest::collection::vec(said(), 0..40),
        choices in proptest::collection::vec(any::<(bool, bool, prop::sample::Index)>(), 200),
        last: prop::sample::Index,
    ) {
        let mut in_order = World::default();
        for (sequence, change) in (1..).zip(&changes) {
            say(&mut in_order, sequence, *change);
        }
        let mut schedule = schedule(&changes);
        let mut side_by_side = World::default();
        let mut under_way: Vec<Batch<Studies>> = Vec::new();
        let mut choices = choices.into_iter();
        loop {
            let (start, gather, which) = choices.next().unwrap_or((true, false, last));
            let pace = if gather && !under_way.is_empty() { Pace::Gather } else { Pace::Hurry };
            let next = if start || under_way.is_empty() { next(&mut schedule, pace) } else { None };
            if let Some(batch) = next {
                prop_assert!(!entries(&batch).is_empty());
                under_way.push(batch);
                continue;
            }
            if under_way.is_empty() {
                break;
            }
            let batch = under_way.remove(which.index(under_way.len()));
            for entry in entries(&batch) {
                say(&mut side_by_side, entry.subject.sequence.unwrap(), entry.change);
            }
            schedule.finish(&batch.claim);
        }
        prop_assert_eq!(schedule.len(), 0);
        prop_assert_eq!(side_by_side, in_order);
    }
    #[test]
    fn everything_is_done_once_but_for_retries_that_were_dropped(
        steps in proptest::collection::vec((0_u8..8, said(), 1_usize..4), 0..80),
    ) {
        let mut schedule = schedule(&[]);
        let mut under_way: Vec<Batch<Studies>> = Vec::new();
        let (mut waiting, mut retries) = (Vec::new(), 0);
        let idle = (7, (0, None, 0), usize::MAX);
        let steps = (1..).zip(steps).chain((1_000..1_200).map(|late| (late, idle)));
        for (sequence, (step, change, most)) in steps {
            match step {
                0..3 => {
                    schedule.push(pending(Some(sequence), change));
                    waiting.push(sequence);
                }
                3 => {
                    schedule.push_retry(retry(change.1));
                    retries += 1;
                }
                4 => retries -= schedule.drop_retries(),
                _ if sequence % 2 == 0 && !under_way.is_empty() => {
                    schedule.finish(&under_way.remove(0).claim);
                }
                _ => {
                    let batch = schedule.next_of(most, Pace::Hurry);
                    let done = batch.as_ref().map_or_else(Vec::new, sequences);
                    prop_assert!(done.len() <= most && done.is_sorted());
                    prop_assert!(done.iter().all(|done| waiting.contains(done)));
                    waiting.retain(|waiting| !done.contains(waiting));
                    retries -= batch.iter().filter(|batch| entries(batch).is_empty()).count();
                    under_way.extend(batch);
                }
            }
            prop_assert_eq!(schedule.len(), waiting.len() + retries);
        }
        prop_assert_eq!((waiting, retries), (Vec::new(), 0));
        prop_assert_eq!((schedule.len(), schedule.under_way()), (0, 0));
    }
}
