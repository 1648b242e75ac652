//! One study in trouble, on a target that works for the others.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use radcast::settings::{Order, Retry};
use radcast_engine::Engine;
use radcast_engine::store::FailureTable;
use tokio::time::Instant;

use super::model::{ModelTarget, Nature, World};
use super::scene::{engine, position, retry, simulated, until};

const FOREVER: Nature = Nature::Flaky(u32::MAX);

/// The settings as they are without being set.
pub fn defaults(order: Order) -> Retry {
    Retry {
        total_duration: Duration::from_secs(600),
        max_attempts: NonZeroU32::new(14),
        max_attempts_when_healthy: NonZeroU32::new(4).unwrap(),
        order,
        ..retry()
    }
}

fn engine_by(world: &World, order: Order) -> Engine<ModelTarget> {
    Engine {
        retry: Arc::new(defaults(order)),
        ..engine(world)
    }
}

/// How long it takes until so many entries are applied, and until all are settled.
pub fn settle(world: &World, order: Order, applied: usize) -> (Duration, Duration) {
    let all = world.lock().latest();
    simulated(async {
        let begun = Instant::now();
        let mut taken = None;
        let settled = until(world, engine_by(world, order), |world| {
            if world.applied.len() >= applied {
                taken.get_or_insert_with(|| begun.elapsed());
            }
            position(world) == all
        });
        settled.await.unwrap();
        (taken.unwrap(), begun.elapsed())
    })
}

/// The most of these moments within so many seconds.
fn most_within(moments: &[Instant], seconds: u64) -> usize {
    let span = Duration::from_secs(seconds);
    let counts = moments.iter().map(|from| {
        let within = moments
            .iter()
            .filter(|at| (*from..*from + span).contains(at));
        within.count()
    });
    counts.max().unwrap_or_default()
}

/// 200 studies, of which every one that `ails` fails for good.
fn studies(ails: impl Fn(u8) -> bool) -> World {
    let nature = |study| if ails(study) { FOREVER } else { Nature::Good };
    let entries: Vec<_> = (0..200).map(|study| (study, nature(study))).collect();
    World::of(&entries)
}

#[test]
fn one_study_costs_the_others_seconds_and_is_recorded() {
    for (order, others, all) in [(Order::Strict, 20, 20), (Order::Relaxed, 5, 20)] {
        let world = studies(|study| study == 20);
        let (applied, settled) = settle(&world, order, 199);
        assert!(
            applied <= Duration::from_secs(others),
            "{order:?} {applied:?}"
        );
        assert!(settled <= Duration::from_secs(all), "{order:?} {settled:?}");
        let world = world.lock();
        let rows: Vec<_> = world.rows_of(FailureTable::Transient).collect();
        assert_eq!((rows.len(), rows[0].attempts), (1, 4), "{order:?}");
    }
}

#[test]
fn one_modality_costs_each_of_its_studies_less_and_less() {
    for order in [Order::Strict, Order::Relaxed] {
        let world = studies(|study| study % 10 == 3);
        let (applied, settled) = settle(&world, order, 180);
        let seconds = match order {
            Order::Strict => 120,
            Order::Relaxed => 40,
        };
        assert!(
            applied <= Duration::from_secs(seconds),
            "{order:?} {applied:?}"
        );
        assert!(settled <= Duration::from_secs(120), "{order:?} {settled:?}");
        assert_eq!(world.lock().rows_of(FailureTable::Transient).count(), 20);
    }
}

#[test]
fn what_follows_of_a_study_in_trouble_has_one_attempt_until_it_succeeds() {
    let world = World::of(&[(1, FOREVER), (2, Nature::Good)]);
    simulated(async {
        let following = async {
            for nature in [FOREVER, Nature::Flaky(1), Nature::Good, Nature::Flaky(1)] {
                // The feed is read once a minute.
                tokio::time::sleep(Duration::from_secs(70)).await;
                world.lock().store(1, nature);
            }
        };
        let running = until(&world, engine_by(&world, Order::Strict), |world| {
            position(world) == 6
        });
        let ((), ended) = tokio::join!(following, running);
        ended.unwrap();
    });
    let world = world.lock();
    let attempts: Vec<_> = world
        .rows_of(FailureTable::Transient)
        .map(|row| row.attempts)
        .collect();
    assert_eq!(attempts, [4, 1, 1]);
    // The study had succeeded: the last one was tried again.
    assert_eq!(world.applied, [2, 5, 6]);
}

#[test]
fn a_study_of_which_everything_fails_is_not_taken_to_pieces_at_once() {
    let entries: Vec<_> = (0..100)
        .map(|_| (1, FOREVER))
        .chain([(2, Nature::Good)])
        .collect();
    let world = World::of(&entries);
    let (_, settled) = settle(&world, Order::Strict, 1);
    let world = world.lock();
    let begun: Vec<_> = world.attempts.iter().map(|(at, _)| *at).collect();
    assert!(
        begun.len() <= 200,
        "{} attempts in {settled:?}",
        begun.len()
    );
    assert!(most_within(&begun, 2) <= 8, "in two seconds");
    assert_eq!(world.rows_of(FailureTable::Transient).count(), 100);
}

#[test]
fn entries_that_are_refused_one_by_one_are_refused_slowly() {
    let entries: Vec<_> = (0..100).map(|_| (1, Nature::Refused)).collect();
    let world = World::of(&entries);
    settle(&world, Order::Strict, 0);
    let world = world.lock();
    let begun: Vec<_> = world.attempts.iter().map(|(at, _)| *at).collect();
    assert!(most_within(&begun, 1) <= 40, "in a second");
    assert_eq!(world.rows_of(FailureTable::Fhir).count(), 100);
}
