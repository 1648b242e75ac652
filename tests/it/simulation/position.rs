//! The position while its writes go wrong.

use std::time::Duration;

use radcast::failure::Code;
use radcast::store::SyncState;

use super::model::{Nature, World};
use super::scene::{simulated, stopped_after, until_followed};

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
        assert_eq!(world.position.map(|(state, _)| state.sequence), Some(3));
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
