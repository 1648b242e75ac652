//! Many entries that fail alike.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use radcast::settings::Escalation;
use radcast_engine::failure::Code;
use radcast_engine::{Engine, State, Status};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::model::{Nature, Told, World};
use super::scene::{engine, escalation, feed_of, position, retry, simulated};

const COUNT: usize = 5;

/// How many transactions may be under way when the entries become many.
const CONCURRENCY: usize = 4;

/// So many bad entries, each of a study of its own.
fn bad(entries: u8) -> World {
    let entries: Vec<_> = (0..entries).map(|study| (study, Nature::Refused)).collect();
    World::of(&entries)
}

/// Runs the engine while `scene` plays, and stops it then.
fn play<F: Future<Output = ()>>(
    world: &World,
    pause: bool,
    scene: impl FnOnce(watch::Receiver<Status>) -> F,
) -> Vec<(Code, u64)> {
    let told = Told::default();
    let engine = Engine {
        escalation: Escalation {
            count: NonZeroUsize::new(COUNT).unwrap(),
            pause,
            ..escalation()
        },
        observer: Arc::new(told.clone()),
        ..engine(world)
    };
    simulated(async {
        let (status, watched) = watch::channel(Status::default());
        let stop = CancellationToken::new();
        let running = engine.run(feed_of(world), status, stop.clone());
        let playing = async {
            scene(watched).await;
            stop.cancel();
        };
        tokio::join!(running, playing).0.unwrap();
    });
    told.escalated()
}

fn recorded(world: &World) -> usize {
    world.lock().recorded().len()
}

#[test]
fn many_entries_that_fail_alike_are_told_of_once() {
    let world = bad(50);
    let escalated = play(&world, false, |_| sleep(Duration::from_secs(3_600)));
    assert_eq!(escalated, [(Code::FhirRejected, COUNT as u64)]);
    assert_eq!(recorded(&world), 50);
}

#[test]
fn fewer_are_not_told_of_nor_retries_that_fail() {
    let world = bad(4);
    let escalated = play(&world, true, |status| {
        let world = world.clone();
        async move {
            for _ in 0..10 {
                sleep(Duration::from_secs(60)).await;
                world.lock().ask_for_retries();
            }
            assert_eq!(status.borrow().state, State::Following);
        }
    });
    assert_eq!(escalated, []);
}

#[test]
fn with_a_pause_one_entry_is_let_through_in_each_max_delay() {
    let world = bad(10);
    // Without the pause these would be taken together.
    (0..90).for_each(|_| {
        world.lock().store(200, Nature::Refused);
    });
    let escalated = play(&world, true, |status| {
        let world = world.clone();
        async move {
            sleep(Duration::from_secs(1)).await;
            let at_first = recorded(&world);
            assert!(
                (COUNT..COUNT + CONCURRENCY).contains(&at_first),
                "{at_first}"
            );
            for more in 1..=10 {
                let paused = State::Paused(Code::FhirRejected);
                assert_eq!(status.borrow().state, paused);
                sleep(retry().max_delay + Duration::from_millis(50)).await;
                assert_eq!(recorded(&world), at_first + more);
            }
        }
    });
    assert_eq!(escalated.len(), 1);
}

#[test]
fn an_entry_that_is_applied_ends_the_pause_and_the_next_fault_is_another() {
    let world = bad(60);
    let escalated = play(&world, true, |status| {
        let world = world.clone();
        async move {
            sleep(Duration::from_secs(1)).await;
            let (failed, all) = (recorded(&world), world.lock().latest());
            (1..=all).for_each(|sequence| world.lock().mend(sequence));
            sleep(retry().max_delay + Duration::from_secs(5)).await;
            assert_eq!(status.borrow().state, State::Following);
            assert_eq!((recorded(&world), position(&world.lock())), (failed, all));
            for study in 100..150 {
                world.lock().store(study, Nature::Refused);
            }
            sleep(retry().max_delay * 2).await;
            assert_eq!(status.borrow().state, State::Paused(Code::FhirRejected));
        }
    });
    assert_eq!(escalated.len(), 2);
}

#[test]
fn at_the_end_of_the_feed_the_pause_lasts_until_a_new_entry_is_applied() {
    let world = bad(5);
    play(&world, true, |status| {
        let world = world.clone();
        async move {
            sleep(Duration::from_secs(600)).await;
            assert_eq!(status.borrow().state, State::Paused(Code::FhirRejected));
            let more = world.lock().store(1, Nature::Good);
            sleep(Duration::from_secs(180)).await;
            assert_eq!(position(&world.lock()), more);
            assert_eq!(status.borrow().state, State::Following);
        }
    });
}

#[test]
fn entries_that_cannot_be_read_are_taken_a_page_at_a_time_during_the_pause() {
    let world = World::of(&[(1, Nature::Unreadable); 100]);
    play(&world, true, |_| {
        let world = world.clone();
        async move {
            sleep(Duration::from_secs(1)).await;
            let at_first = recorded(&world);
            assert!(at_first <= 30, "{at_first}");
            sleep(retry().max_delay * 2 + Duration::from_secs(1)).await;
            assert_eq!(recorded(&world), at_first + 20);
        }
    });
}
