//! What a retry comes to, and what its record says then.

use std::time::Duration;

use radcast_engine::Retried;
use radcast_engine::failure::Code;
use radcast_engine::feed::Action;
use radcast_engine::store::FailureTable;

use super::{INTERVAL, only_record, retry, run_for, told_to, with_a_failure};
use crate::simulation::model::{Event, Nature, Told, World, WorldState};
use crate::simulation::scene::{engine, live, simulated, until};

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
    let position = world.lock().position.clone();
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
