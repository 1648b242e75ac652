//! Retries asked for at any moment, whatever happens meanwhile.

use std::time::Duration;

use proptest::prelude::*;
use radcast_engine::feed::Action;
use radcast_engine::store::RecordState;

use super::retry;
use crate::simulation::model::{Nature, World, WorldState};
use crate::simulation::scene::{engine, simulated, until, until_followed};

/// Whether the newest of the applied entries of each instance was applied last. It makes no
/// difference which of several deletes was.
fn newest_last(world: &WorldState) -> bool {
    (0..8).all(|instance| {
        let of_instance = |sequence: &&u64| world.entry(**sequence).instance == instance;
        let applied = || world.applied.iter().filter(of_instance);
        let deletes = |sequence: &u64| world.entry(*sequence).action == Action::Delete;
        let (last, newest) = (applied().next_back(), applied().max());
        last == newest || last.is_some_and(deletes) && newest.is_some_and(deletes)
    })
}

fn change() -> impl Strategy<Value = (u64, Action, Nature)> {
    let action = prop_oneof![
        Just(Action::Create),
        Just(Action::Update),
        Just(Action::Delete)
    ];
    let nature = prop_oneof![
        2 => Just(Nature::Good),
        1 => Just(Nature::Refused),
        1 => Just(Nature::Unreadable),
        1 => Just(Nature::Flaky(2)),
        1 => Just(Nature::Malformed),
    ];
    (0_u64..8, action, nature)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rx8_mended_and_asked_for_every_entry_ends_well_whatever_happens_meanwhile(
        changes in proptest::collection::vec(change(), 1..50),
        lives in proptest::collection::vec((1_u64..40_000, any::<bool>(), any::<prop::sample::Index>()), 0..8),
        latency in 0_u64..10,
    ) {
        let world = World::default();
        world.lock().store_latency = Duration::from_millis(latency);
        let add = |(instance, action, nature): &(u64, Action, Nature)| {
            let study = u8::try_from(instance / 2).unwrap();
            world.lock().change(study, *instance, *action, *nature);
        };
        let (now, later) = changes.split_at(changes.len().div_ceil(2));
        now.iter().for_each(add);
        let mut later = later.iter();
        for (life, ask, mend) in lives {
            simulated(async {
                let life = Duration::from_millis(life);
                drop(tokio::time::timeout(life, until(&world, engine(&world), |_| false)).await);
            });
            let mended = mend.index(world.lock().entries.len()) as u64 + 1;
            world.lock().mend(mended);
            if ask {
                world.lock().ask_for_retries();
            }
            later.by_ref().take(4).for_each(add);
        }
        later.for_each(add);
        simulated(until_followed(&world)).unwrap();
        let all = world.lock().latest();
        (1..=all).for_each(|sequence| world.lock().mend(sequence));
        retry(&world);
        let world = world.lock();
        prop_assert!(newest_last(&world), "{:?}", world.applied);
        for record in world.failed() {
            prop_assert_eq!(record.state, RecordState::Superseded, "{:?}", record);
        }
        for (sequence, entry) in (1..).zip(&world.entries) {
            let later = world.entries[usize::try_from(sequence).unwrap()..].iter();
            let newest = later.filter(|later| later.instance == entry.instance).count() == 0;
            prop_assert!(!newest || world.applied.contains(&sequence), "{sequence} is missing");
        }
    }
}
