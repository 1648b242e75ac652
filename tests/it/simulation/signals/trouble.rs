//! Retries while something else goes on: an outage, a store that is down, much other work.

use std::time::Duration;

use radcast_engine::failure::Code;

use super::{INTERVAL, only_record, told_to, with_a_failure};
use crate::simulation::model::{Nature, Told, World, WorldState};
use crate::simulation::scene::{engine, live, position, simulated, until};

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
