//! Recorded entries that somebody asks to be retried.

mod meanwhile;
mod outcomes;
mod records;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

use radcast_engine::store::FailureRecord;
use radcast_engine::{Engine, Retried};

use super::model::{ModelTarget, Nature, Told, World, WorldState};
use super::scene::{engine, live, simulated, until};

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
