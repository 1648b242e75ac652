//! Values that are left out of entries.

use std::time::Duration;

use radcast_engine::store::FailureTable;

use super::model::{Nature, World};
use super::scene::{live, simulated, until_followed};

#[test]
fn r67_each_value_left_out_has_a_row_that_a_replay_does_not_double() {
    let world = World::of(&[
        (1, Nature::Omits(2)),
        (1, Nature::Good),
        (2, Nature::Omits(1)),
    ]);
    live(&world, None);
    world.lock().position = None;
    live(&world, None);
    let world = world.lock();
    let rows = world.rows_of(FailureTable::OmittedValue);
    let rows = rows.map(|row| (row.subject.sequence, row.attribute.as_deref()));
    assert_eq!(
        rows.collect::<Vec<_>>(),
        [
            (Some(1), Some("(0010,0000) Value0")),
            (Some(1), Some("(0010,0001) Value1")),
            (Some(3), Some("(0010,0000) Value0")),
        ]
    );
}

#[test]
fn an_entry_is_not_settled_before_its_omitted_values_are_kept() {
    let world = World::of(&[(1, Nature::Good), (2, Nature::Omits(1)), (3, Nature::Good)]);
    world.lock().broken.insert("record_omitted");
    simulated(async {
        let mended = async {
            tokio::time::sleep(Duration::from_secs(600)).await;
            let mut world = world.lock();
            assert_eq!(world.applied.len(), 3);
            assert_eq!(
                world.position.as_ref().map(|(state, _)| state.sequence),
                Some(1)
            );
            world.broken.clear();
        };
        let (followed, ()) = tokio::join!(until_followed(&world), mended);
        followed.unwrap();
    });
    let world = world.lock();
    assert_eq!(
        world.position.as_ref().map(|(state, _)| state.sequence),
        Some(3)
    );
    assert_eq!(world.rows_of(FailureTable::OmittedValue).count(), 1);
}
