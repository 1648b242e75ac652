//! Content trees as nobody should write them.

use bytes::Bytes;
use proptest::prelude::*;
use radcast_dicom::Dataset;
use radcast_fhir::cast::{Action, Change};
use serde_json::{Value, json};

use super::report::{
    coded, container, elements, event, moment, number, observations, place, uid, words,
};
use crate::cast_world::{World, rules, sieved};

fn whole() -> Value {
    let total = container(
        "113702",
        &[
            coded("113764", "113620", &[]),
            number("113722", json!("1.5"), "Gy.m2"),
        ],
    );
    let dose = number("122130", json!(1), "Gy.m2");
    let region = coded(
        "123014",
        "T-04000,SRT",
        &[coded("G-C171,SRT", "T-04030,SRT", &[])],
    );
    let content = [
        uid("121012", "1.7"),
        words("121014", "Maker"),
        moment("113809", "20240415"),
        total,
        event("1.9", &[dose, region, moment("111526", "20240415090100")]),
        container(
            "113502",
            &[
                uid("113503", "1.10"),
                coded("349358000,SCT", "C-B1031,SRT", &[]),
            ],
        ),
    ];
    elements("113701", &content, &[])
        .into_iter()
        .map(|(tag, json)| (tag, serde_json::from_str(&json).unwrap()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The places in a value, as JSON pointers.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, value)| places(value, &format!("{at}/{name}"), all));
        }
        Value::Array(items) => {
            (0..)
                .zip(items)
                .for_each(|(n, value)| places(value, &format!("{at}/{n}"), all));
        }
        _ => {}
    }
}

fn oddity() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[], {}, null])),
        Just(json!(-1e300)),
        Just(json!(i64::MAX)),
        Just(json!(true)),
        Just(json!("NaN")),
        Just(json!("a\\b")),
        Just(json!([whole()])),
        ".{0,40}".prop_map(Value::from),
        "[0-9.+-]{0,30}".prop_map(Value::from),
    ]
}

/// What is read of a text, and what it is cast into; twice gives what once gives.
fn cast(text: String) {
    let Ok(dataset) = Dataset::parse(Bytes::from(text)) else {
        return;
    };
    let read = || Change::read(1, place(), Action::Create, Some(&dataset), &rules());
    let Ok(change) = read() else {
        return;
    };
    let mut world = World::default();
    world.cast([change]);
    let again = world.cast([read().unwrap()]);
    assert!(again.writes.is_empty(), "{:?}", again.writes);
}

#[test]
fn the_tree_that_is_mutated_is_read() {
    let mut world = World::default();
    let dataset = Dataset::parse(sieved(&identified(whole()).to_string())).unwrap();
    world.cast([Change::read(1, place(), Action::Create, Some(&dataset), &rules()).unwrap()]);
    let (summaries, events) = observations(&world);
    assert_eq!((summaries.len(), events.len()), (1, 2));
}

fn identified(mut report: Value) -> Value {
    for (tag, value) in [
        ("0020000D", "1.2"),
        ("0020000E", "1.3"),
        ("00080018", "1.4"),
        ("00100020", "P1"),
    ] {
        report[tag] = json!({ "Value": [value] });
    }
    report
}

proptest! {
    #[test]
    fn any_mutation_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), oddity()), 1..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut report = whole();
        for (place, oddity) in changes {
            let mut all = Vec::new();
            places(&report, "", &mut all);
            let place = place.get(&all).clone();
            if !place.is_empty() {
                *report.pointer_mut(&place).unwrap() = oddity;
            }
        }
        if !report.is_object() {
            return Ok(());
        }
        let mut text = identified(report).to_string();
        if let Some(cut) = cut {
            let place = cut.index(text.len());
            text.insert_str(text.floor_char_boundary(place), "NaN");
        }
        cast(text);
    }
}

#[test]
fn any_depth_is_followed_without_harm() {
    let depth = 20_000;
    let open = r#"{"0040A730":{"vr":"SQ","Value":["#.repeat(depth);
    let close = "]}}".repeat(depth);
    let mut report = identified(whole()).to_string();
    report.truncate(report.len() - 1);
    report.push_str(&format!(r#","0040A730":{{"Value":[{open}{{}}{close}]}}}}"#));
    cast(report);
}
