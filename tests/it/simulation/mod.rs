//! The engine against models of its surroundings, on simulated time: whatever goes wrong, every
//! entry ends up applied, skipped or recorded, in order within its study.

mod ailing;
mod ailing_matrix;
mod archiving;
mod concurrency;
mod constant;
mod escalating;
mod model;
mod omitted;
mod policies;
mod position;
mod retrying;
mod scene;
mod signals;
mod superseding;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use radcast_engine::failure::Code;

use model::{Ailment, Nature, World};
use scene::{live, simulated, stopped_after, until_followed};

/// Asserts what must hold of a world whose feed was followed to its end.
fn assert_all_accounted_for(world: &World) {
    let world = world.lock();
    let latest = world.latest();
    assert_eq!(
        world.position.as_ref().map(|(state, _)| state.sequence),
        Some(latest),
        "position"
    );
    let applied: BTreeSet<u64> = world.applied.iter().copied().collect();
    let recorded = world.recorded();
    for (sequence, entry) in (1..).zip(&world.entries) {
        let nature = entry.nature;
        let recorded = recorded.get(&sequence).copied();
        let expected = match nature {
            Nature::Good | Nature::Flaky(_) | Nature::Slow | Nature::Held | Nature::Omits(_) => {
                (true, None)
            }
            Nature::Ails(Ailment::Slow) => (true, None),
            Nature::Ails(ailment) => (false, ailment.failure().map(|failure| failure.code)),
            Nature::Refused => (false, Some(Code::FhirRejected)),
            Nature::Panics => (false, Some(Code::InternalPanic)),
            Nature::Unreadable => (false, Some(Code::DicomMissingAttribute)),
            Nature::Malformed => (false, Some(Code::DicomMalformedEntry)),
            Nature::Skipped | Nature::Nameless => (false, None),
        };
        assert_eq!(
            (applied.contains(&sequence), recorded),
            expected,
            "{sequence} {nature:?}"
        );
    }
}

fn assert_order_within_studies(world: &World) {
    let world = world.lock();
    let mut last: BTreeMap<u8, u64> = BTreeMap::new();
    for sequence in &world.applied {
        let study = world.entry(*sequence).study;
        let before = last.insert(study, *sequence);
        assert!(
            before < Some(*sequence),
            "{sequence} after {before:?} in study {study}"
        );
    }
}

fn nature() -> impl Strategy<Value = Nature> {
    prop_oneof![
        12 => Just(Nature::Good),
        1 => Just(Nature::Refused),
        1 => Just(Nature::Panics),
        1 => (1_u32..4).prop_map(Nature::Flaky),
        1 => Just(Nature::Unreadable),
        1 => Just(Nature::Skipped),
    ]
}

fn entries() -> impl Strategy<Value = Vec<(u8, Nature)>> {
    proptest::collection::vec((0_u8..6, nature()), 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn r77_every_entry_is_applied_skipped_or_recorded_in_order(entries in entries()) {
        let world = World::of(&entries);
        live(&world, None);
        assert_all_accounted_for(&world);
        assert_order_within_studies(&world);
        prop_assert!(world.lock().most_at_once <= 4);
    }

    #[test]
    fn killed_at_any_moment_nothing_is_lost(
        entries in entries(),
        lives in proptest::collection::vec(1_u64..400, 0..8),
    ) {
        let world = World::of(&entries);
        for life in lives {
            live(&world, Some(Duration::from_millis(life)));
        }
        live(&world, None);
        assert_all_accounted_for(&world);
    }
}

/// Lets an outage with this code begin while transactions are under way and last an hour, and
/// follows the feed to its end.
fn live_through_an_hour_of(code: Code) -> World {
    let world = World::of(&[(1, Nature::Good), (2, Nature::Good), (1, Nature::Good)]);
    simulated(async {
        let mended = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            world.lock().outage = Some(code);
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            world.lock().outage = None;
        };
        let (followed, ()) = tokio::join!(until_followed(&world), mended);
        followed.unwrap();
    });
    world
}

#[test]
fn an_hour_of_outage_costs_an_hour_and_no_entry() {
    for code in [
        Code::FhirUnreachable,
        Code::FhirForbidden,
        Code::FhirTooBusy,
        Code::FhirInvalidResponse,
    ] {
        let world = live_through_an_hour_of(code);
        assert_all_accounted_for(&world);
        assert!(world.lock().recorded().is_empty(), "{code}");
    }
}

#[test]
fn r18_an_entry_that_keeps_failing_on_a_healthy_server_is_recorded_alone_and_the_next_goes_on() {
    let mut entries = vec![(1, Nature::Good); 9];
    entries[4].1 = Nature::Flaky(u32::MAX);
    let world = World::of(&entries);
    live(&world, None);
    let world = world.lock();
    assert_eq!(
        world.recorded(),
        BTreeMap::from([(5, Code::FhirServerError)])
    );
    assert_eq!(world.applied, [1, 2, 3, 4, 6, 7, 8, 9]);
}

#[test]
fn one_bad_entry_among_a_thousand_costs_few_transactions() {
    let mut entries = vec![(1, Nature::Good); 1_000];
    entries[617].1 = Nature::Refused;
    let world = World::of(&entries);
    live(&world, None);
    assert_all_accounted_for(&world);
    let batches = 1_000 / 10;
    let transactions = world.lock().attempts.len();
    assert!(transactions <= batches + 2 * 10 + 2, "{transactions}");
}

#[test]
fn while_the_store_is_down_the_position_stays_and_work_resumes_by_itself() {
    let world = World::of(&[(1, Nature::Refused), (2, Nature::Good)]);
    simulated(async {
        let trouble = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            world.lock().store_is_down = true;
            tokio::time::sleep(Duration::from_secs(1_800)).await;
            assert_eq!(world.lock().position, None);
            world.lock().store_is_down = false;
        };
        let (followed, ()) = tokio::join!(until_followed(&world), trouble);
        followed.unwrap();
    });
    assert_all_accounted_for(&world);
}

#[test]
fn while_work_is_held_back_no_more_is_read_than_fits() {
    let mut entries = vec![(1, Nature::Good)];
    entries.extend([(2, Nature::Skipped); 2_000]);
    let world = World::of(&entries);
    simulated(async {
        let outage = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            world.lock().outage = Some(Code::FhirUnreachable);
        };
        let (ended, ()) = tokio::join!(stopped_after(&world, Duration::from_secs(3_600)), outage);
        ended.0.unwrap();
    });
    let world = world.lock();
    assert_eq!(world.position, None);
    assert!(world.read < 100, "{} entries were read", world.read);
}

#[test]
fn stopping_ends_within_the_grace_period_whatever_is_held() {
    let world = World::of(&[(1, Nature::Good), (2, Nature::Held)]);
    let (ended, taken) = simulated(stopped_after(&world, Duration::from_secs(1)));
    ended.unwrap();
    assert!(taken < Duration::from_secs(25), "{taken:?}");
    assert_eq!(
        world
            .lock()
            .position
            .as_ref()
            .map(|(state, _)| state.sequence),
        Some(1)
    );
}

#[test]
fn stopping_ends_within_the_grace_period_also_when_the_store_is_down() {
    let world = World::of(&[(1, Nature::Good), (2, Nature::Refused), (3, Nature::Held)]);
    let (ended, taken) = simulated(async {
        let trouble = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            world.lock().store_is_down = true;
        };
        tokio::join!(stopped_after(&world, Duration::from_secs(60)), trouble).0
    });
    ended.unwrap();
    assert!(taken < Duration::from_secs(25), "{taken:?}");
    assert_eq!(world.lock().position, None);
}

#[test]
fn an_outage_that_ends_after_the_last_attempt_is_blamed_on_no_entry() {
    let world = World::of(&[(1, Nature::Good)]);
    simulated(async {
        let outage = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let mut world = world.lock();
            world.outage = Some(Code::FhirTimeout);
            world.over_when_probed = true;
        };
        let (followed, ()) = tokio::join!(until_followed(&world), outage);
        followed.unwrap();
    });
    assert_all_accounted_for(&world);
}
