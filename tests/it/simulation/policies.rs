//! Recorded entries that are retried by themselves, because the settings say so for their code.

use std::sync::Arc;
use std::time::Duration;

use radcast::settings::{Policies, Policy, Retry};
use radcast_engine::failure::{Code, Disposition};
use radcast_engine::store::FailureRecord;
use radcast_engine::{Engine, Retried};
use tokio::time::Instant;

use super::model::{ModelTarget, Nature, Told, World, WorldState};
use super::scene::{engine, retry, simulated, until};

const SECOND: Duration = Duration::from_secs(1);

/// What the engine retries by itself: refused entries, a second after each failure, three times.
fn retrying_by_itself(told: &Told, world: &World) -> Engine<ModelTarget> {
    let policy = Policy {
        disposition: Disposition::Auto,
        interval: SECOND,
        count: 3,
    };
    Engine {
        retry: Arc::new(Retry {
            signal_interval: Duration::from_millis(100),
            policies: Policies::default().with(Code::FhirRejected, policy),
            ..retry()
        }),
        observer: Arc::new(told.clone()),
        ..engine(world)
    }
}

fn run_for(world: &World, duration: Duration) -> Vec<(Option<u64>, Retried)> {
    let told = Told::default();
    simulated(async {
        let end = Instant::now() + duration;
        let over = |_: &WorldState| Instant::now() >= end;
        until(world, retrying_by_itself(&told, world), over)
            .await
            .unwrap();
    });
    told.retried()
}

fn only_record(world: &World) -> FailureRecord {
    let world = world.lock();
    let records = world.failed();
    assert_eq!(records.len(), 1, "{records:?}");
    records[0].clone()
}

#[test]
fn r29_every_second_at_most_three_times_a_failure_is_retried_three_times_and_then_stays() {
    let world = World::of(&[(1, Nature::Refused), (2, Nature::Good)]);
    let retried = run_for(&world, SECOND * 60);
    assert_eq!(retried.len(), 3, "{retried:?}");
    let record = only_record(&world);
    assert_eq!((record.automatic_retries, record.attempts), (3, 4));
    assert_eq!((record.retry, record.next_retry), (false, None));
    let attempts = world.lock().attempts.clone();
    let times: Vec<_> = attempts
        .iter()
        .filter(|(_, entries)| entries == &[1])
        .map(|(at, _)| *at)
        .collect();
    for pair in times.windows(2) {
        let pause = pair[1] - pair[0];
        assert!((SECOND..SECOND * 3 / 2).contains(&pause), "{pause:?}");
    }
    // Nor in the next life.
    assert_eq!(run_for(&world, SECOND * 60), []);
}

#[test]
fn r29_an_entry_that_was_mended_meanwhile_is_applied_by_itself() {
    let world = World::of(&[(1, Nature::Refused)]);
    run_for(&world, SECOND / 2);
    assert!(only_record(&world).next_retry.is_some());
    world.lock().mend(1);
    assert_eq!(run_for(&world, SECOND * 2), [(Some(1), Retried::Applied)]);
    assert!(world.lock().failed().is_empty());
}

#[test]
fn r29_a_retry_that_somebody_asked_for_does_not_count() {
    let world = World::of(&[(1, Nature::Refused)]);
    run_for(&world, SECOND / 2);
    world.lock().ask_for_retries();
    assert_eq!(run_for(&world, SECOND / 2).len(), 1);
    let record = only_record(&world);
    assert_eq!((record.automatic_retries, record.attempts), (0, 2));
    assert_eq!(run_for(&world, SECOND * 60).len(), 3);
}

#[test]
fn r36_a_code_without_a_policy_is_not_retried_by_itself() {
    let world = World::of(&[(1, Nature::Panics), (2, Nature::Unreadable)]);
    assert_eq!(run_for(&world, SECOND * 60), []);
    assert!(
        world
            .lock()
            .failed()
            .iter()
            .all(|record| record.next_retry.is_none())
    );
}
