//! The daemon's engine, clients and mapping against models of the DICOMweb service, the FHIR server,
//! the store and the lease, under a clock and faults that follow from a seed.
//!
//! Every request may be refused, time out, be slow, read what is stale, or lose its answer after it
//! was carried out; a replica may die at any request; a second one may run beside it, and somebody
//! else may write to the same resources: remarks, merged patients, another archive. The services and
//! what stands before them lie, each in its way (`feed.rs`, `fhir_lies.rs`), but not twice in a row
//! about the same thing, which nobody could tell from the truth. What must hold is watched while it runs and checked when
//! everything is well again.
//!
//! `RADCAST_SEED=4711 cargo test --test it seeded` replays one seed, with the log on standard error.

mod archive;
mod feed;
mod fhir;
mod fhir_lies;
mod invariants;
mod issuers;
mod lease;
mod merges;
mod mixed_up;
mod newest;
mod operator;
mod others;
mod paging;
mod plan;
mod replica;
mod rereading;
mod store;
mod stored;
mod strangers;
mod transaction;
mod watched;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use plan::Plan;
use world::World;

/// Seeds of one run, in parts that run side by side.
const SEEDS: u64 = 10_000;
const PARTS: u64 = 4;

/// After so many seeds that failed a part ends.
const MOST_TOLD: usize = 5;

/// Seeds of which it is counted what happens in them.
const COUNTED: u64 = 100;

/// One seed from the first entry to the last invariant.
fn live_through(seed: u64) -> World {
    // The jitter of delays is drawn from the thread's generator.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = World::new(Plan::of(seed));
        strangers::settle_in(&mut world.lock());
        operator::run(&world).await;
        invariants::check(&world);
        world
    })
}

/// The violations of the first seeds that have any.
fn run(seeds: impl Iterator<Item = u64>) {
    let failed = seeds.filter_map(|seed| {
        let outcome = catch_unwind(AssertUnwindSafe(|| live_through(seed).violations()));
        let violations = outcome.unwrap_or_else(|_| vec!["it panicked".to_owned()]);
        let words = Plan::of(seed).in_words();
        let told = format!("seed {seed} ({words}):\n{}", violations.join("\n"));
        (!violations.is_empty()).then_some(told)
    });
    let failed: Vec<_> = failed.take(MOST_TOLD).collect();
    assert!(
        failed.is_empty(),
        "{}\nreplay one with RADCAST_SEED=… cargo test --test it seeded",
        failed.join("\n")
    );
}

/// The number that whoever runs the tests chose with this variable.
#[expect(
    clippy::disallowed_methods,
    reason = "it is chosen for a test, and no setting of the daemon"
)]
fn chosen(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The part that a seed belongs to. Kinds of worlds return every few seeds: each part has some of each.
const fn part_of(seed: u64) -> u64 {
    (seed + seed / PARTS) % PARTS
}

fn run_part(part: u64) {
    if let Some(seed) = chosen("RADCAST_SEED") {
        if part == 0 {
            let log = tracing_subscriber::fmt()
                .with_writer(std::io::stderr)
                .with_max_level(tracing::Level::DEBUG)
                .finish();
            tracing::subscriber::with_default(log, || run(std::iter::once(seed)));
        }
        return;
    }
    let seeds = chosen("RADCAST_SEEDS");
    run((0..seeds.unwrap_or(SEEDS)).filter(|seed| part_of(*seed) == part));
}

#[test]
fn nothing_is_lost_part_1() {
    run_part(0);
}

#[test]
fn nothing_is_lost_part_2() {
    run_part(1);
}

#[test]
fn nothing_is_lost_part_3() {
    run_part(2);
}

#[test]
fn nothing_is_lost_part_4() {
    run_part(3);
}

/// A lie that never comes to pass proves nothing.
#[test]
fn everything_that_may_go_wrong_does() {
    let mut happened = BTreeMap::<&str, (u64, u64)>::new();
    for seed in 0..chosen("RADCAST_SEEDS").unwrap_or(COUNTED) {
        for (what, times) in &live_through(seed).lock().happened {
            let (seeds, all) = happened.entry(*what).or_default();
            *seeds += 1;
            *all += times;
        }
    }
    for what in [
        "a further page",
        "a link that has gone",
        "a patient merged",
        "a remark",
        "a stale read",
        "a study moved",
        "an earlier answer again",
        "an instance read again",
        "an instance went astray",
        "another archive deletes",
        "another archive stores",
        "answers crossed",
        "entries answered in another order",
        "what is there denied",
    ] {
        assert!(happened.contains_key(what), "{what}: never in {happened:?}");
    }
    if chosen("RADCAST_COUNT").is_some() {
        panic!("{happened:#?}");
    }
}
