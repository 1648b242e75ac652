//! Stored resources full of what others wrote are merged with all that is mapped, and come back
//! unchanged but for what we manage: `managed.rs` says what that is, independently of the code.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod delta;
mod managed;
mod stored;

use std::collections::BTreeMap;

use proptest::prelude::*;
use radcast_fhir::cast::Write;

use crate::cast_world::World;

/// The text of each resource that is written, by `Type/id`; nothing may be created or deleted.
fn written(writes: &[Write]) -> Vec<(String, String)> {
    let text = |write: &Write| match write {
        Write::Update { id, resource, .. } => {
            let name = format!("{}/{id}", write.resource_type());
            Some((name, serde_json::to_string(resource).unwrap()))
        }
        Write::Create { .. } if write.resource_type() == "Observation" => None,
        other => panic!("{other:?}"),
    };
    writes.iter().filter_map(text).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_others_wrote_comes_back_byte_for_byte_and_the_same_again_writes_nothing(
        stored in stored::resources(),
        entries in delta::entries(),
    ) {
        let mut world = World::default();
        stored.resources.iter().for_each(|json| { world.put(json); });
        let before: BTreeMap<_, _> = world.resources.clone();
        for (name, after) in written(&world.cast(delta::changes(&entries)).writes) {
            let resource_type = name.split_once('/').unwrap().0;
            let (kept, left) = managed::left_alone(resource_type, &before[&name], &after);
            for (kept, left) in kept.lines().zip(left.lines()) {
                prop_assert_eq!(kept, left, "{}", name);
            }
            prop_assert_eq!(kept.len(), left.len(), "{}\n{}", kept, left);
            for foreign in stored.foreign.iter().filter(|one| before[&name].contains(*one)) {
                prop_assert!(after.contains(foreign), "{}: {}\n{}", name, foreign, after);
            }
        }
        let again = world.cast(delta::changes(&entries));
        prop_assert!(again.writes.is_empty(), "{:?}", again.writes);
    }
}
