//! The daemon's engine, clients and mapping against models of the DICOMweb service, the FHIR server,
//! the store and the lease, under a clock and faults that follow from a seed.
//!
//! Every request may be refused, time out, be slow, read what is stale, or lose its answer after it
//! was carried out; a replica may die at any request; a second one may run beside it, and somebody
//! else may write to the same resources. What must hold is watched while it runs and checked when
//! everything is well again.
//!
//! `RADCAST_SEED=4711 cargo test --test it seeded` replays one seed, with the log on standard error.

mod feed;
mod fhir;
mod invariants;
mod issuers;
mod lease;
mod newest;
mod operator;
mod others;
mod plan;
mod replica;
mod rereading;
mod store;
mod strangers;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use plan::Plan;
use world::World;

/// Seeds of one run, in parts that run side by side.
const SEEDS: u64 = 10_000;
const PARTS: u64 = 4;

/// One seed from the first entry to the last invariant; the violations.
fn violations(seed: u64) -> Vec<String> {
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
        world.violations()
    })
}

fn run(seeds: impl Iterator<Item = u64>) {
    for seed in seeds {
        let outcome = catch_unwind(AssertUnwindSafe(|| violations(seed)));
        let violations = outcome.unwrap_or_else(|_| vec!["it panicked".to_owned()]);
        assert!(
            violations.is_empty(),
            "seed {seed} ({}):\n{}\nreplay with RADCAST_SEED={seed} cargo test --test it seeded",
            Plan::of(seed).in_words(),
            violations.join("\n")
        );
    }
}

/// The number that whoever runs the tests chose with this variable.
#[expect(
    clippy::disallowed_methods,
    reason = "it is chosen for a test, and no setting of the daemon"
)]
fn chosen(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn run_part(part: u64) {
    if let Some(seed) = chosen("RADCAST_SEED") {
        if part == 0 {
            let log = tracing_subscriber::fmt()
                .with_writer(std::io::stderr)
                .finish();
            tracing::subscriber::with_default(log, || run(std::iter::once(seed)));
        }
        return;
    }
    let seeds = chosen("RADCAST_SEEDS");
    run((0..seeds.unwrap_or(SEEDS)).filter(|seed| seed % PARTS == part));
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
