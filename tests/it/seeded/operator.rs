//! The course of a seed: what happens in the hospital, what people do, and the end.

use std::time::Duration;

use radcast_engine::store::{FailureTable, RecordKey, RecordState};
use tokio_util::sync::CancellationToken;

use super::plan::Event;
use super::world::World;
use super::{feed, invariants, merges, replica, store};

/// How long everything may take once all is well.
const PATIENCE: u64 = 4 * 3_600;

/// Runs a world to its end.
pub async fn run(world: &World) {
    let stop = CancellationToken::new();
    let replicas: Vec<_> = (0..world.lock().plan.replicas)
        .map(|replica| tokio::spawn(replica::run(world.clone(), replica, stop.clone())))
        .collect();
    live_through(world).await;
    {
        let mut state = world.lock();
        state.calm = true;
        state.repaired = true;
        state.crashes.clear();
    }
    until_quiet(world).await;
    ask_for_all(world);
    until_quiet(world).await;
    if world.lock().happened.contains_key("a patient merged") {
        speak_of_all_again(world).await;
    }
    stop.cancel();
    for replica in replicas {
        if let Err(failure) = replica.await.unwrap() {
            // Without a lease two writers find each other out.
            let state = &mut world.lock();
            if !state.plan.is_contended() {
                state.violate(format!("it ended with {failure}"));
            }
        }
    }
}

async fn live_through(world: &World) {
    let (events, signals, repaired, calm) = {
        let state = world.lock();
        let plan = &state.plan;
        (
            plan.events.clone(),
            plan.signals.clone(),
            plan.repaired,
            plan.calm,
        )
    };
    let mut moments: Vec<u64> = events.iter().map(|event| event.second).collect();
    moments.extend(&signals);
    moments.extend([repaired, calm]);
    moments.sort_unstable();
    moments.dedup();
    for moment in moments {
        tokio::time::sleep(Duration::from_secs(moment.saturating_sub(world.second()))).await;
        for event in events.iter().filter(|event| event.second == moment) {
            let now = world.now();
            feed::happen(&mut world.lock(), event, now);
        }
        if moment == repaired {
            world.lock().repaired = true;
        }
        if signals.contains(&moment) {
            ask_for_all(world);
        }
    }
}

/// Everything is well without that; after it, every study is with the patient who is in use.
async fn speak_of_all_again(world: &World) {
    invariants::check(world);
    for study in 0..3 {
        let event = Event::update(study);
        feed::happen(&mut world.lock(), &event, world.now());
    }
    until_quiet(world).await;
    let mut state = world.lock();
    let mut found = Vec::new();
    merges::check(&state, &mut found);
    state.violations.extend(found);
}

fn ask_for_all(world: &World) {
    let mut state = world.lock();
    let open = state.records.values().filter(|record| {
        FailureTable::FAILED.contains(&record.key.table) && record.state == RecordState::Open
    });
    let keys: Vec<RecordKey> = open.map(|record| record.key.clone()).collect();
    for key in keys {
        store::ask(&mut state, &key);
    }
}

/// Waits until everything is read, settled and retried.
async fn until_quiet(world: &World) {
    let mut quiet = 0;
    for _ in 0..PATIENCE / 20 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        let state = world.lock();
        let last = state
            .rows
            .last_key_value()
            .map_or(0, |(sequence, _)| *sequence);
        let position = state
            .position
            .as_ref()
            .map_or(0, |(state, _)| state.sequence);
        let waiting = state.records.values().any(|record| record.retry);
        quiet = if position == last && !waiting {
            quiet + 1
        } else {
            0
        };
        if quiet == 2 {
            return;
        }
    }
    let what = format!("it is not quiet after {PATIENCE} s");
    world.lock().violate(what);
}
