//! What holds of these rows whatever instances say.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use radcast_fhir::cast::{Action, Change};
use serde_json::{Value, json};

use super::change;
use super::table::ROWS;
use crate::cast_generators::json;
use crate::cast_world::{World, dataset, key, rules, uncontested};

/// One instance: its number, and what it says.
#[derive(Debug, Clone)]
struct Said {
    instance: u8,
    values: Vec<(&'static str, &'static str)>,
}

impl Said {
    fn change(&self, sequence: usize) -> Change {
        let instance = format!("1.2.3.{}", self.instance);
        let values: std::collections::BTreeMap<_, _> = self.values.iter().copied().collect();
        let values: Vec<_> = values.into_iter().collect();
        change(
            sequence as u64,
            key("1.2", "1.2.3", &instance),
            &values,
            &rules(),
        )
    }
}

/// Some rows' values.
fn said() -> impl Strategy<Value = Said> {
    let rows = subsequence((0..ROWS.len()).collect::<Vec<_>>(), 0..6);
    (0_u8..4, rows, any::<u32>()).prop_map(|(instance, rows, which)| {
        let rows = rows.into_iter().enumerate();
        let values = rows.flat_map(|(place, row)| match which >> place & 1 {
            0 => ROWS[row].said,
            _ => ROWS[row].otherwise,
        });
        Said {
            instance,
            values: values.copied().collect(),
        }
    })
}

/// The same, with each order and reason named by one attribute only: what two attributes name, and
/// the first no longer, has gone until the second names it again.
fn said_once() -> impl Strategy<Value = Said> {
    let twice = ["00080050", "00080051", "00402016", "00402017", "00401002"];
    said().prop_map(move |mut said| {
        said.values.retain(|(tag, _)| !twice.contains(tag));
        said
    })
}

fn changes(said: &[Said]) -> Vec<Change> {
    said.iter()
        .enumerate()
        .map(|(at, said)| said.change(at + 1))
        .collect()
}

/// The study without versions, the numbers of marks, and the order of lists.
fn content(world: &World) -> Value {
    let mut study = uncontested(world.only("ImagingStudy"));
    study["meta"] = Value::Null;
    plain(&mut study);
    study
}

fn plain(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(plain);
            items.sort_by_cached_key(ToString::to_string);
        }
        Value::Object(members) => {
            if let Some(Value::String(id)) = members.get_mut("id") {
                *id = id.trim_end_matches("-2").to_owned();
            }
            members.values_mut().for_each(plain);
        }
        _ => {}
    }
}

/// Attributes of items.
const TAGS: &[&str] = &[
    "00080050", "00080051", "00080080", "00080082", "00080100", "00080102", "0008010C", "00080104",
    "00080119", "00080120", "00321064", "00400026", "00400031", "00400032", "00400033", "0040100A",
    "00401002", "00401101", "00402016", "00402017",
];

/// JSON as it may stand in an item: our attributes with whatever for values.
fn item() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![json(), "[A-Z0-9.^=]{0,20}".prop_map(|text| json!([text])),];
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let element = inner.prop_map(|value| json!({ "Value": value }));
        let item = prop::collection::hash_map(prop::sample::select(TAGS), element, 0..5);
        let item = item.prop_map(|members| {
            let members = members
                .into_iter()
                .map(|(tag, element)| (tag.to_owned(), element));
            Value::Object(members.collect())
        });
        vec(item, 0..3).prop_map(Value::from)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn folded_is_one_by_one(said in vec(said_once(), 1..8)) {
        let (mut folded, mut single) = (World::default(), World::default());
        folded.cast(changes(&said));
        for change in changes(&said) {
            single.cast([change]);
        }
        prop_assert_eq!(content(&folded), content(&single));
    }

    #[test]
    fn merging_twice_changes_nothing(before in vec(said(), 0..4), said in vec(said(), 1..6)) {
        let mut world = World::default();
        for change in changes(&before) {
            world.cast([change]);
        }
        world.cast(changes(&said));
        let again = world.cast(changes(&said));
        prop_assert!(again.writes.is_empty(), "{:?}", again.writes);
    }

    #[test]
    fn late_after_newer_ones_ends_as_in_order(late in said_once(), newer in vec(said_once(), 1..6)) {
        let (mut in_order, mut after) = (World::default(), World::default());
        in_order.cast([late.change(1)]);
        for (sequence, said) in (2..).zip(newer.iter().filter(|said| said.instance != late.instance)) {
            in_order.cast([said.change(sequence)]);
            after.cast([said.change(sequence)]);
        }
        after.cast([late.change(1).into_late()]);
        prop_assert_eq!(content(&after), content(&in_order));
    }

    #[test]
    fn any_dataset_is_read(values in vec(item(), 40)) {
        let tags = ROWS.iter().flat_map(|row| row.said.iter().chain(row.otherwise));
        let mut tags: Vec<_> = tags.map(|(tag, _)| *tag).collect();
        tags.sort_unstable();
        tags.dedup();
        let elements: Vec<_> = values.iter().map(|value| json!({ "Value": value }).to_string()).collect();
        let elements: Vec<_> = tags.iter().copied().zip(elements.iter().map(String::as_str)).collect();
        prop_assert!(tags.len() <= values.len());
        let key = key("1", "1.1", "1.3");
        let set = dataset(&key, &elements);
        let change = Change::read(1, key, Action::Create, Some(&set), &rules()).unwrap();
        let mut world = World::default();
        world.cast([change.clone()]);
        prop_assert!(world.cast([change]).writes.is_empty());
    }
}
