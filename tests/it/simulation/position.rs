//! The position while its writes go wrong.

use std::time::Duration;

use radcast_engine::failure::Code;
use radcast_engine::store::SyncState;

use super::model::{Nature, World};
use super::scene::{position, simulated, stopped_after, until_followed};

#[test]
fn a_second_writer_of_the_position_ends_the_engine() {
    let world = World::of(&[(1, Nature::Good); 30]);
    let ended = simulated(async {
        let rival = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            world.lock().position = Some((SyncState::default(), 77));
        };
        tokio::select! {
            (ended, ()) = async { tokio::join!(until_followed(&world), rival) } => ended,
            () = tokio::time::sleep(Duration::from_secs(3_600)) => Ok(()),
        }
    });
    assert_eq!(ended.unwrap_err().code, Code::StoreConflict);
}

#[test]
fn a_second_writer_is_told_of_also_while_stopping() {
    let world = World::of(&[(1, Nature::Good), (2, Nature::Slow)]);
    let (ended, _) = simulated(async {
        let rival = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            world.lock().position = Some((SyncState::default(), 77));
        };
        tokio::join!(stopped_after(&world, Duration::from_millis(6)), rival).0
    });
    assert_eq!(ended.unwrap_err().code, Code::StoreConflict);
}

#[test]
fn a_position_that_was_saved_while_the_answer_was_lost_is_no_second_writer() {
    // The first of all saves, and later ones.
    for lost_at in [1, 200] {
        let world = World::of(&[(1, Nature::Good), (2, Nature::Slow), (3, Nature::Good)]);
        simulated(async {
            let trouble = async {
                tokio::time::sleep(Duration::from_millis(lost_at)).await;
                world.lock().answers_to_lose = 1;
            };
            let (followed, ()) = tokio::join!(until_followed(&world), trouble);
            followed.unwrap();
        });
        let world = world.lock();
        assert_eq!(world.answers_to_lose, 0, "{lost_at}");
        assert_eq!(
            world.position.as_ref().map(|(state, _)| state.sequence),
            Some(3)
        );
    }
}

#[test]
fn a_second_writer_is_told_of_also_while_an_answer_is_in_doubt() {
    let world = World::of(&[(1, Nature::Good), (2, Nature::Good)]);
    world.lock().answers_to_lose = 1;
    let ended = simulated(async {
        let rival = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let mut world = world.lock();
            assert_eq!(world.answers_to_lose, 0);
            world.position = Some((SyncState::default(), 77));
        };
        tokio::join!(until_followed(&world), rival).0
    });
    assert_eq!(ended.unwrap_err().code, Code::StoreConflict);
}

#[test]
fn rx7_the_position_waits_for_the_record_of_an_entry_without_a_sequence() {
    let mut entries = vec![(1, Nature::Good); 10];
    entries.extend([(2, Nature::Nameless), (3, Nature::Good)]);
    let world = World::of(&entries);
    world.lock().broken.insert("record");
    simulated(async {
        let mended = async {
            tokio::time::sleep(Duration::from_secs(1_800)).await;
            let mut world = world.lock();
            assert_eq!((position(&world), world.failed().len()), (10, 0));
            world.broken.clear();
        };
        let (followed, ()) = tokio::join!(until_followed(&world), mended);
        followed.unwrap();
    });
    let world = world.lock();
    let recorded = world.failed();
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].subject.sequence, None);
    assert_eq!(position(&world), 12);
}
