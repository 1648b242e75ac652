//! How many studies are written at the same time.

use std::sync::Arc;
use std::time::Duration;

use super::model::{ModelTarget, Nature, World};
use super::scene::{engine, simulated, until};

/// The pauses between the beginnings of writes, of 40 studies that take this long each.
fn pauses(latency: Duration) -> Vec<Duration> {
    let entries: Vec<_> = (1..=40).map(|study| (study, Nature::Good)).collect();
    let world = World::of(&entries);
    let mut engine = engine(&world);
    engine.target = Arc::new(ModelTarget {
        world: world.clone(),
        latency,
    });
    simulated(until(&world, engine, |world| world.applied.len() == 40)).unwrap();
    let world = world.lock();
    let begun: Vec<_> = world.attempts.iter().map(|(begun, _)| *begun).collect();
    begun.windows(2).map(|two| two[1] - two[0]).collect()
}

#[test]
fn a_slow_target_is_asked_for_less_and_less_at_the_same_time() {
    let latency = Duration::from_secs(10);
    let pauses = pauses(latency);
    assert_eq!(pauses[..3], [Duration::ZERO; 3]);
    assert_eq!(pauses[34..], [latency; 5]);
}

#[test]
fn a_quick_target_is_asked_for_as_much_as_is_allowed() {
    let latency = Duration::from_secs(4);
    let at_once = pauses(latency)
        .iter()
        .filter(|pause| pause.is_zero())
        .count();
    assert!(at_once >= 28, "{at_once} of 39");
}
