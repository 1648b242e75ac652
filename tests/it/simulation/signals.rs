//! Recorded entries that somebody asks to be retried.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use radcast::failure::Code;
use radcast::feed::Action;
use radcast::store::{FailureRecord, FailureTable, RecordState};
use radcast::sync::{Engine, Retried};

use super::model::{Event, ModelTarget, Nature, Told, World, WorldState};
use super::scene::{engine, live, position, simulated, until, until_followed};

/// The interval at which records to be retried are looked for, and what one look may take.
const INTERVAL: Duration = Duration::from_secs(31);

/// A world in which the first entry has failed, and some followed it in its study and another.
fn with_a_failure(nature: Nature) -> World {
    let world = World::of(&[(1, nature), (1, Nature::Good), (2, Nature::Good)]);
    live(&world, None);
    world
}

fn told_to(told: &Told, world: &World) -> Engine<ModelTarget> {
    Engine {
        observer: Arc::new(told.clone()),
        ..engine(world)
    }
}

/// Runs the engine for a while.
fn run_for(world: &World, engine: impl FnOnce() -> Engine<ModelTarget>, duration: Duration) {
    simulated(async {
        let end = tokio::time::Instant::now() + duration;
        let over = |_: &WorldState| tokio::time::Instant::now() >= end;
        until(world, engine(), over).await.unwrap();
    });
}

/// Asks for the retry of all that failed, and runs the engine until it has had time for it.
fn retry(world: &World) -> Vec<(Option<u64>, Retried)> {
    world.lock().ask_for_retries();
    let told = Told::default();
    run_for(world, || told_to(&told, world), INTERVAL);
    told.retried()
}

fn only_record(world: &WorldState) -> FailureRecord {
    let records = world.failed();
    assert_eq!(records.len(), 1, "{records:?}");
    records[0].clone()
}

#[test]
fn r46_the_feed_is_asked_for_the_entry_before_it_is_applied() {
    let world = with_a_failure(Nature::Refused);
    let before = {
        let mut world = world.lock();
        world.mend(1);
        world.journal.len()
    };
    assert_eq!(retry(&world), [(Some(1), Retried::Applied)]);
    let world = world.lock();
    assert_eq!(
        world.journal[before..],
        [Event::Asked(1), Event::Applied(1)]
    );
}

#[test]
fn r47_an_entry_that_is_still_current_is_applied_late_and_the_position_stays() {
    let world = with_a_failure(Nature::Refused);
    world.lock().mend(1);
    let position = world.lock().position;
    retry(&world);
    let world = world.lock();
    assert_eq!((&world.late[..], world.failed().len()), (&[1][..], 0));
    assert_eq!(world.position, position);
}

#[test]
fn r47_values_that_are_left_out_of_it_are_kept() {
    let world = with_a_failure(Nature::Refused);
    world.lock().turn(1, Nature::Omits(2));
    assert_eq!(retry(&world), [(Some(1), Retried::Applied)]);
    assert_eq!(world.lock().rows_of(FailureTable::OmittedValue).count(), 2);
}

#[test]
fn r48_an_entry_whose_instance_was_replaced_or_deleted_is_dropped() {
    for (later, nature) in [
        (Action::Update, Nature::Refused),
        (Action::Delete, Nature::Refused),
        (Action::Create, Nature::Skipped),
    ] {
        let world = with_a_failure(Nature::Refused);
        world.lock().change(1, 1, later, nature);
        live(&world, None);
        world.lock().mend(1);
        let told = retry(&world);
        let outcome = &told
            .iter()
            .find(|(sequence, _)| *sequence == Some(1))
            .unwrap()
            .1;
        assert!(
            matches!(outcome, Retried::Obsolete(_)),
            "{later:?} {outcome:?}"
        );
        let next = {
            let mut world = world.lock();
            assert!(!world.applied.contains(&1) && !world.recorded().contains_key(&1));
            world.store(1, Nature::Good)
        };
        live(&world, None);
        assert!(world.lock().applied.contains(&next));
    }
}

#[test]
fn r48_a_recorded_delete_is_dropped_once_the_instance_is_there_again() {
    for again in [false, true] {
        let world = World::of(&[(1, Nature::Good)]);
        world.lock().change(1, 1, Action::Delete, Nature::Refused);
        live(&world, None);
        {
            let mut world = world.lock();
            world.mend(2);
            if again {
                world.change(1, 1, Action::Create, Nature::Skipped);
            }
        }
        live(&world, None);
        let outcome = retry(&world).remove(0).1;
        assert_eq!(
            matches!(outcome, Retried::Obsolete(_)),
            again,
            "{outcome:?}"
        );
        assert_eq!(world.lock().applied.contains(&2), !again);
    }
}

#[test]
fn r50_a_retry_that_fails_again_brings_its_record_up_to_date() {
    let world = with_a_failure(Nature::Refused);
    let first = only_record(&world.lock());
    assert!(matches!(retry(&world)[..], [(Some(1), Retried::Failed(_))]));
    let second = only_record(&world.lock());
    world.lock().turn(1, Nature::Unreadable);
    assert!(matches!(retry(&world)[..], [(Some(1), Retried::Failed(_))]));
    let third = only_record(&world.lock());
    // r42
    let attempts = [&first, &second, &third].map(|record| record.attempts);
    assert_eq!(attempts, [1, 2, 3]);
    // r43
    assert!(first.last_failed < second.last_failed && second.last_failed < third.last_failed);
    assert_eq!(third.first_failed, first.first_failed);
    // r44
    assert_eq!(second.code, Code::FhirRejected.as_str());
    assert_eq!(third.code, Code::DicomMissingAttribute.as_str());
    assert_eq!(third.key.table, FailureTable::Dicom);
    assert_ne!(third.message, second.message);
}

#[test]
fn r54_a_retry_that_failed_is_not_made_again_without_another_signal() {
    let world = with_a_failure(Nature::Refused);
    world.lock().ask_for_retries();
    let told = Told::default();
    run_for(&world, || told_to(&told, &world), INTERVAL * 10);
    assert_eq!(told.retried().len(), 1);
    assert!(!only_record(&world.lock()).retry);
}

#[test]
fn a_signal_that_comes_during_the_retry_counts_for_another() {
    let world = with_a_failure(Nature::Refused);
    world.lock().ask_for_retries();
    world.lock().store_latency = Duration::from_millis(100);
    let told = Told::default();
    simulated(async {
        let asking = async {
            while !world.lock().journal.contains(&Event::Asked(1)) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            world.lock().ask_for_retries();
        };
        let end = tokio::time::Instant::now() + INTERVAL * 5;
        let over = |_: &WorldState| tokio::time::Instant::now() >= end;
        let running = until(&world, told_to(&told, &world), over);
        tokio::join!(running, asking).0.unwrap();
    });
    assert_eq!(told.retried().len(), 2);
}

#[test]
fn a_record_that_is_due_is_retried_without_a_signal() {
    let world = with_a_failure(Nature::Refused);
    let due = {
        let mut world = world.lock();
        world.mend(1);
        let now = only_record(&world).last_failed;
        let row = world.rows.values_mut().next().unwrap();
        row.next_retry = Some(now + jiff::SignedDuration::from_mins(10));
        Duration::from_secs(600)
    };
    run_for(&world, || engine(&world), due - INTERVAL);
    assert_eq!(world.lock().failed().len(), 1);
    run_for(&world, || engine(&world), INTERVAL * 3);
    assert_eq!(world.lock().failed().len(), 0);
}

#[test]
fn while_the_feed_cannot_be_asked_the_signal_stays_and_other_work_goes_on() {
    let world = World::of(&[(1, Nature::Refused); 5]);
    live(&world, None);
    {
        let mut world = world.lock();
        (1..=5).for_each(|sequence| world.mend(sequence));
        world.ask_for_retries();
        world.feed_is_down = true;
    }
    simulated(async {
        let mended = async {
            let more = world.lock().store(1, Nature::Good);
            tokio::time::sleep(INTERVAL * 5).await;
            let mut world = world.lock();
            assert_eq!((&world.applied[..], position(&world)), (&[more][..], more));
            assert!(world.failed().iter().all(|record| record.retry));
            // One failure is enough to know each time.
            assert!((5..=6).contains(&world.asked), "{}", world.asked);
            world.feed_is_down = false;
        };
        let all_applied = |world: &WorldState| world.failed().is_empty();
        let running = until(&world, engine(&world), all_applied);
        tokio::join!(running, mended).0.unwrap();
    });
    assert_eq!(world.lock().late, [1, 2, 3, 4, 5]);
}

#[test]
fn a_record_that_is_superseded_before_its_turn_is_left_alone() {
    let world = with_a_failure(Nature::Refused);
    {
        let mut world = world.lock();
        world.change(1, 1, Action::Update, Nature::Slow);
        world.ask_for_retries();
        world.store_latency = Duration::from_millis(5);
    }
    let told = Told::default();
    run_for(&world, || told_to(&told, &world), INTERVAL);
    let world = world.lock();
    assert_eq!((told.retried().len(), world.asked), (0, 0));
    assert_eq!(only_record(&world).state, RecordState::Superseded);
}

#[test]
fn a_record_that_somebody_else_put_there_is_retried_and_removed() {
    let world = with_a_failure(Nature::Refused);
    let mut record = only_record(&world.lock());
    record.retry = true;
    record.key.partition = "FhirNonRetryableException".to_owned();
    record.subject.partition = None;
    {
        let mut world = world.lock();
        world.rows.clear();
        world.mend(1);
    }
    simulated(async {
        let putting = async {
            tokio::time::sleep(INTERVAL).await;
            let mut world = world.lock();
            world.rows.insert(record.key.clone(), record.clone());
        };
        let done = |world: &WorldState| world.late == [1] && world.failed().is_empty();
        tokio::join!(until(&world, engine(&world), done), putting)
            .0
            .unwrap();
    });
}

#[test]
fn a_record_of_another_feed_is_not_retried_with_an_entry_of_this_one() {
    let world = with_a_failure(Nature::Refused);
    {
        let mut world = world.lock();
        world.mend(1);
        let record = world.rows.values_mut().next().unwrap();
        record.subject.instance = Some("9.9".to_owned());
    }
    let told = retry(&world);
    let [(Some(1), Retried::Failed(failure))] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(failure.code, Code::DicomPositionAhead);
    let world = world.lock();
    assert!(!world.applied.contains(&1) && !only_record(&world).retry);
}

#[test]
fn many_retries_are_made_in_rounds_and_let_the_feed_through() {
    let entries: Vec<_> = (0..250_u64)
        .map(|n| (u8::try_from(n % 50).unwrap(), Nature::Refused))
        .collect();
    let world = World::of(&entries);
    live(&world, None);
    {
        let mut world = world.lock();
        (1..=250).for_each(|sequence| world.mend(sequence));
        for _ in 0..250 {
            world.store(99, Nature::Good);
        }
        world.ask_for_retries();
    }
    simulated(async {
        let done = |world: &WorldState| world.failed().is_empty() && position(world) == 500;
        until(&world, engine(&world), done).await.unwrap();
    });
    let world = world.lock();
    assert_eq!(world.late.len(), 250);
    let of_the_feed = |entry: &u64| *entry > 250;
    let before_the_last_retry = world
        .applied
        .iter()
        .take_while(|entry| **entry != world.late[249])
        .filter(|entry| of_the_feed(entry));
    assert!(before_the_last_retry.count() > 20);
}

#[test]
fn an_entry_that_could_not_be_read_at_all_is_retried_where_it_turns_out_to_belong() {
    let world = World::of(&[(1, Nature::Malformed), (1, Nature::Good)]);
    live(&world, None);
    let told = retry(&world);
    assert!(
        matches!(told[..], [(Some(1), Retried::Failed(_))]),
        "{told:?}"
    );
    world.lock().mend(1);
    assert_eq!(retry(&world), [(Some(1), Retried::Applied)]);
    assert_eq!(world.lock().failed().len(), 0);
}

#[test]
fn a_record_without_a_sequence_loses_its_signal_and_stays() {
    let world = World::of(&[(1, Nature::Nameless), (1, Nature::Good)]);
    live(&world, None);
    for _ in 0..2 {
        let told = retry(&world);
        assert!(matches!(told[..], [(None, Retried::Failed(_))]), "{told:?}");
        assert!(!only_record(&world.lock()).retry);
    }
}

#[test]
fn a_signal_outlives_a_store_that_is_down() {
    for broken in ["get", "remove", "records", "record_again"] {
        let nature = if broken == "record_again" {
            Nature::Refused
        } else {
            Nature::Good
        };
        let world = with_a_failure(Nature::Refused);
        {
            let mut world = world.lock();
            world.turn(1, nature);
            world.ask_for_retries();
        }
        let told = Told::default();
        simulated(async {
            let trouble = async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                world.lock().broken.insert(broken);
                tokio::time::sleep(Duration::from_secs(600)).await;
                world.lock().broken.clear();
            };
            let over = |_: &WorldState| !told.retried().is_empty();
            let running = until(&world, told_to(&told, &world), over);
            tokio::join!(running, trouble).0.unwrap();
        });
        let world = world.lock();
        assert_eq!(
            world.failed().is_empty(),
            nature == Nature::Good,
            "{broken}"
        );
    }
}

#[test]
fn a_retry_during_an_outage_waits_like_any_other_work() {
    let world = with_a_failure(Nature::Refused);
    {
        let mut world = world.lock();
        world.mend(1);
        world.ask_for_retries();
        world.store(3, Nature::Slow);
    }
    simulated(async {
        let outage = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            world.lock().outage = Some(Code::FhirUnreachable);
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            let mut world = world.lock();
            assert!(only_record(&world).retry);
            world.outage = None;
        };
        let done = |world: &WorldState| world.failed().is_empty();
        tokio::join!(until(&world, engine(&world), done), outage)
            .0
            .unwrap();
    });
}

/// Whether the newest of the applied entries of each instance was applied last. It makes no
/// difference which of several deletes was.
fn newest_last(world: &WorldState) -> bool {
    (0..8).all(|instance| {
        let of_instance = |sequence: &&u64| world.entry(**sequence).instance == instance;
        let applied = || world.applied.iter().filter(of_instance);
        let deletes = |sequence: &u64| world.entry(*sequence).action == Action::Delete;
        let (last, newest) = (applied().next_back(), applied().max());
        last == newest || last.is_some_and(deletes) && newest.is_some_and(deletes)
    })
}

fn change() -> impl Strategy<Value = (u64, Action, Nature)> {
    let action = prop_oneof![
        Just(Action::Create),
        Just(Action::Update),
        Just(Action::Delete)
    ];
    let nature = prop_oneof![
        2 => Just(Nature::Good),
        1 => Just(Nature::Refused),
        1 => Just(Nature::Unreadable),
        1 => Just(Nature::Flaky(2)),
        1 => Just(Nature::Malformed),
    ];
    (0_u64..8, action, nature)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rx8_mended_and_asked_for_every_entry_ends_well_whatever_happens_meanwhile(
        changes in proptest::collection::vec(change(), 1..50),
        lives in proptest::collection::vec((1_u64..40_000, any::<bool>(), any::<prop::sample::Index>()), 0..8),
        latency in 0_u64..10,
    ) {
        let world = World::default();
        world.lock().store_latency = Duration::from_millis(latency);
        let add = |(instance, action, nature): &(u64, Action, Nature)| {
            let study = u8::try_from(instance / 2).unwrap();
            world.lock().change(study, *instance, *action, *nature);
        };
        let (now, later) = changes.split_at(changes.len().div_ceil(2));
        now.iter().for_each(add);
        let mut later = later.iter();
        for (life, ask, mend) in lives {
            simulated(async {
                let life = Duration::from_millis(life);
                drop(tokio::time::timeout(life, until(&world, engine(&world), |_| false)).await);
            });
            let mended = mend.index(world.lock().entries.len()) as u64 + 1;
            world.lock().mend(mended);
            if ask {
                world.lock().ask_for_retries();
            }
            later.by_ref().take(4).for_each(add);
        }
        later.for_each(add);
        simulated(until_followed(&world)).unwrap();
        let all = world.lock().latest();
        (1..=all).for_each(|sequence| world.lock().mend(sequence));
        retry(&world);
        let world = world.lock();
        prop_assert!(newest_last(&world), "{:?}", world.applied);
        for record in world.failed() {
            prop_assert_eq!(record.state, RecordState::Superseded, "{:?}", record);
        }
        for (sequence, entry) in (1..).zip(&world.entries) {
            let later = world.entries[usize::try_from(sequence).unwrap()..].iter();
            let newest = later.filter(|later| later.instance == entry.instance).count() == 0;
            prop_assert!(!newest || world.applied.contains(&sequence), "{sequence} is missing");
        }
    }
}
