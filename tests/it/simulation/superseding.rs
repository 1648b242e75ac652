//! Failure records that later entries leave behind.

use std::time::Duration;

use proptest::prelude::*;
use radcast_engine::feed::Action;
use radcast_engine::store::{FailureTable, RecordState};

use super::model::{Nature, World};
use super::scene::{engine, live, position, simulated, stopped_after, until, until_followed};

fn states(world: &World) -> Vec<(Option<u64>, RecordState)> {
    let world = world.lock();
    let records = world.failed().into_iter();
    records
        .map(|record| (record.subject.sequence, record.state))
        .collect()
}

#[test]
fn r63_a_later_entry_of_the_instance_supersedes_the_record() {
    for later in [Action::Create, Action::Update, Action::Delete] {
        for (failing, at_once) in [
            (Nature::Refused, true),
            (Nature::Refused, false),
            (Nature::Unreadable, true),
            (Nature::Unreadable, false),
        ] {
            let world = World::of(&[(1, failing), (2, Nature::Refused)]);
            // A record that takes longer to write than a transaction.
            world.lock().store_latency = Duration::from_millis(50);
            if !at_once {
                live(&world, None);
            }
            world.lock().change(1, 1, later, Nature::Good);
            live(&world, None);
            let case = format!("{later:?} {failing:?} {at_once}");
            if later == Action::Delete && at_once {
                // The create was not even tried.
                assert_eq!(states(&world), [(Some(2), RecordState::Open)], "{case}");
                continue;
            }
            let mut states = states(&world);
            states.sort_by_key(|(sequence, _)| *sequence);
            let expected = [
                (Some(1), RecordState::Superseded),
                (Some(2), RecordState::Open),
            ];
            assert_eq!(states, expected, "{case}");
        }
    }
}

#[test]
fn a_replay_that_succeeds_removes_the_record() {
    let world = World::of(&[(1, Nature::Refused), (1, Nature::Good)]);
    live(&world, None);
    {
        let mut world = world.lock();
        world.mend(1);
        world.position = None;
    }
    live(&world, None);
    assert_eq!(states(&world), []);
}

#[test]
fn a_replay_that_fails_otherwise_moves_the_record() {
    let world = World::of(&[(1, Nature::Refused)]);
    live(&world, None);
    {
        let mut world = world.lock();
        world.entries[0].nature = Nature::Unreadable;
        world.position = None;
    }
    live(&world, None);
    let world = world.lock();
    let records = world.failed();
    assert_eq!(records.len(), 1);
    assert_eq!(
        (records[0].key.table, records[0].attempts),
        (FailureTable::Dicom, 2)
    );
}

#[test]
fn an_earlier_entry_of_the_instance_leaves_the_record_alone() {
    let world = World::default();
    {
        let mut world = world.lock();
        world.change(1, 7, Action::Create, Nature::Good);
        world.change(1, 7, Action::Update, Nature::Refused);
    }
    for _ in 0..2 {
        live(&world, None);
        world.lock().position = None;
    }
    assert_eq!(states(&world), [(Some(2), RecordState::Open)]);
}

#[test]
fn records_are_looked_for_only_where_there_are_open_ones() {
    let mut entries: Vec<_> = (0..100).map(|study| (study, Nature::Good)).collect();
    entries[50].1 = Nature::Refused;
    let world = World::of(&entries);
    simulated(async {
        let running = until(&world, engine(&world), |world| position(world) == 102);
        let changing = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            assert_eq!(world.lock().looked_up, 0);
            world.lock().change(50, 51, Action::Delete, Nature::Good);
            tokio::time::sleep(Duration::from_secs(100)).await;
            // A page with the record, and one that is empty.
            assert_eq!(world.lock().looked_up, 2);
            world.lock().store(50, Nature::Good);
        };
        tokio::join!(running, changing).0.unwrap();
    });
    assert_eq!(states(&world), [(Some(51), RecordState::Superseded)]);
    assert_eq!(world.lock().looked_up, 2);
}

#[test]
fn nothing_is_applied_before_the_open_records_are_known() {
    let world = World::of(&[(1, Nature::Good)]);
    world.lock().broken.insert("records");
    simulated(async {
        let mended = async {
            tokio::time::sleep(Duration::from_secs(1_800)).await;
            let mut world = world.lock();
            assert_eq!((world.applied.len(), world.position.clone()), (0, None));
            world.broken.clear();
        };
        let (followed, ()) = tokio::join!(until_followed(&world), mended);
        followed.unwrap();
    });
    assert_eq!(world.lock().applied, [1]);
}

#[test]
fn while_a_record_cannot_be_marked_its_study_is_not_settled() {
    for broken in ["supersede", "records"] {
        let world = World::of(&[(1, Nature::Refused)]);
        live(&world, None);
        world.lock().change(1, 1, Action::Update, Nature::Good);
        simulated(async {
            let trouble = async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                world.lock().broken.insert(broken);
                tokio::time::sleep(Duration::from_secs(600)).await;
                let mut world = world.lock();
                assert_eq!(world.applied, [2]);
                assert_eq!(position(&world), 1);
                world.broken.clear();
            };
            let followed = until(&world, engine(&world), |world| position(world) == 2);
            tokio::join!(followed, trouble).0.unwrap();
        });
        assert_eq!(
            states(&world),
            [(Some(1), RecordState::Superseded)],
            "{broken}"
        );
    }
}

#[test]
fn an_entry_whose_record_could_not_be_marked_is_repeated_after_the_next_start() {
    let world = World::of(&[(1, Nature::Refused)]);
    live(&world, None);
    world.lock().change(1, 1, Action::Update, Nature::Good);
    world.lock().broken.insert("supersede");
    let (ended, _) = simulated(stopped_after(&world, Duration::from_secs(60)));
    ended.unwrap();
    {
        let mut world = world.lock();
        assert_eq!((world.applied.len(), position(&world)), (1, 1));
        world.broken.clear();
    }
    live(&world, None);
    assert_eq!(states(&world), [(Some(1), RecordState::Superseded)]);
}

fn change() -> impl Strategy<Value = (u64, Action, Nature)> {
    let action = prop_oneof![
        Just(Action::Create),
        Just(Action::Update),
        Just(Action::Delete)
    ];
    let nature = prop_oneof![
        3 => Just(Nature::Good),
        1 => Just(Nature::Refused),
        1 => Just(Nature::Unreadable),
        1 => Just(Nature::Panics),
    ];
    (0_u64..6, action, nature)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_record_is_open_as_long_as_nothing_later_of_its_instance_was_applied(
        changes in proptest::collection::vec(change(), 1..60),
        lives in proptest::collection::vec(1_u64..300, 0..6),
        latency in 0_u64..30,
    ) {
        let world = World::default();
        world.lock().store_latency = Duration::from_millis(latency);
        for (instance, action, nature) in changes {
            // Two instances a study.
            let study = u8::try_from(instance / 2).unwrap();
            world.lock().change(study, instance, action, nature);
        }
        for life in lives {
            live(&world, Some(Duration::from_millis(life)));
        }
        live(&world, None);
        let world = world.lock();
        for record in world.failed() {
            let failed = record.subject.sequence.unwrap();
            let same = |applied: &u64| world.entry(*applied).instance == world.entry(failed).instance;
            let last = world.applied.iter().copied().filter(same).max();
            let expected = if last > Some(failed) { RecordState::Superseded } else { RecordState::Open };
            prop_assert_eq!(record.state, expected, "{} and then {:?}", failed, last);
        }
    }
}
