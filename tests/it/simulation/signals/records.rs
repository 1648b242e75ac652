//! Records that need a second look: superseded, put there by others, of another feed, unreadable.

use std::time::Duration;

use radcast_engine::Retried;
use radcast_engine::failure::Code;
use radcast_engine::feed::Action;
use radcast_engine::store::RecordState;

use super::{INTERVAL, only_record, retry, run_for, told_to, with_a_failure};
use crate::simulation::model::{Nature, Told, World, WorldState};
use crate::simulation::scene::{engine, live, simulated, until};

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
