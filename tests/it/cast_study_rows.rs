//! The rows of `ImagingStudy` and `series.performer` about orders, visit, persons, procedures and
//! equipment: DICOM JSON in, FHIR element out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod items;
mod orders;
mod properties;
mod table;

use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Action, Change, Notice, Rules};
use serde_json::Value;

use self::table::ROWS;
use crate::cast_world::{World, create, dataset, key, kinds, rules};

fn one() -> InstanceKey {
    key("1.2", "1.2.3", "1.2.3.4")
}

/// What an instance says.
fn change(sequence: u64, key: InstanceKey, values: &[(&str, &str)], rules: &Rules) -> Change {
    let texts: Vec<_> = values
        .iter()
        .map(|(tag, value)| (*tag, format!(r#"{{"Value":{value}}}"#)))
        .collect();
    let elements: Vec<_> = texts
        .iter()
        .map(|(tag, text)| (*tag, text.as_str()))
        .collect();
    let dataset = dataset(&key, &elements);
    let action = radcast_fhir::cast::Action::Create;
    Change::read(sequence, key, action, Some(&dataset), rules).unwrap()
}

fn update(sequence: u64, key: InstanceKey, values: &[(&str, &str)]) -> Change {
    let texts = values
        .iter()
        .map(|(tag, value)| (*tag, format!(r#"{{"Value":{value}}}"#)));
    let texts: Vec<_> = texts.collect();
    let elements: Vec<_> = texts
        .iter()
        .map(|(tag, text)| (*tag, text.as_str()))
        .collect();
    let dataset = dataset(&key, &elements);
    Change::read(sequence, key, Action::Update, Some(&dataset), &rules()).unwrap()
}

fn says(sequence: u64, values: &[(&str, &str)]) -> Change {
    change(sequence, one(), values, &rules())
}

fn study(world: &World, pointer: &str) -> Option<Value> {
    world.only("ImagingStudy").pointer(pointer).cloned()
}

/// The element of a study with this one instance.
fn made(values: &[(&str, &str)], pointer: &str) -> Option<Value> {
    let mut world = World::default();
    world.cast([says(1, values)]);
    study(&world, pointer)
}

fn parsed(json: &str) -> Option<Value> {
    Some(serde_json::from_str(json).unwrap())
}

fn made_by(values: &[(&str, &str)], pointer: &str, rules: &Rules) -> Option<Value> {
    let mut world = World::default();
    world
        .cast_by(rules, [change(1, one(), values, rules)])
        .unwrap();
    study(&world, pointer)
}

#[test]
fn a_value_goes_where_the_row_says_without_warning() {
    for row in ROWS {
        for (said, makes) in [(row.said, row.makes), (row.otherwise, row.makes_otherwise)] {
            assert_eq!(
                made(said, row.pointer),
                parsed(makes),
                "{} {said:?}",
                row.keyword
            );
            assert_eq!(says(1, said).warnings(), [], "{} {said:?}", row.keyword);
        }
    }
}

#[test]
fn an_absent_or_empty_value_gives_no_element_and_no_warning() {
    for row in ROWS {
        assert_eq!(made(&[], row.pointer), None, "{}", row.keyword);
        for nothing in [
            "null",
            "{}",
            r#"{"Value":[]}"#,
            r#"{"Value":[null]}"#,
            r#"{"Value":[""]}"#,
        ] {
            let tags = row.said.iter().chain(row.otherwise);
            let empty: Vec<_> = tags.map(|(tag, _)| (*tag, nothing)).collect();
            let change = create(1, one(), &empty);
            assert_eq!(change.warnings(), [], "{} {nothing}", row.keyword);
            let mut world = World::default();
            world.cast([change]);
            assert_eq!(
                study(&world, row.pointer),
                None,
                "{} {nothing}",
                row.keyword
            );
        }
    }
}

#[test]
fn what_is_no_value_of_the_attribute_gives_no_element_and_a_warning() {
    for row in ROWS {
        for (tag, _) in row.said {
            for bad in ["[true]", "[NaN]", "[[[[]]]]", r#"["a\u0007"]"#] {
                let text = format!(r#"{{"Value":{bad}}}"#);
                let change = create(1, one(), &[(tag, &text)]);
                assert_eq!(change.warnings().len(), 1, "{} {tag} {bad}", row.keyword);
                let mut world = World::default();
                world.cast([change]);
                assert_eq!(study(&world, row.pointer), None, "{} {bad}", row.keyword);
            }
        }
    }
}

#[test]
fn replayed_it_writes_nothing() {
    for row in ROWS {
        for said in [row.said, row.otherwise] {
            let mut world = World::default();
            world.cast([says(1, said)]);
            let again = world.cast([says(1, said)]);
            assert_eq!(kinds(&again), [""; 0], "{} {said:?}", row.keyword);
        }
    }
}

#[test]
fn an_update_replaces_it_and_one_that_says_nothing_keeps_it() {
    for row in ROWS {
        let mut world = World::default();
        world.cast([says(1, row.said)]);
        world.cast([says(2, &[])]);
        assert_eq!(
            study(&world, row.pointer),
            parsed(row.makes),
            "{}",
            row.keyword
        );
        world.cast([says(3, row.otherwise)]);
        let after = study(&world, row.pointer);
        assert_eq!(after, parsed(row.makes_otherwise), "{}", row.keyword);
    }
}

#[test]
fn of_instances_that_disagree_the_later_counts() {
    for row in ROWS {
        let other = key("1.2", "1.2.3", "1.2.3.5");
        let mut world = World::default();
        let merged = world.cast([says(1, row.said), change(2, other, row.otherwise, &rules())]);
        let after = study(&world, row.pointer);
        assert_eq!(after, parsed(row.makes_otherwise), "{}", row.keyword);
        let told = merged.disagreements.iter().map(|told| told.keyword);
        assert!(
            told.into_iter().any(|keyword| keyword == row.keyword),
            "{}",
            row.keyword
        );
    }
}

#[test]
fn of_what_is_stored_and_disagrees_a_notice_says_so_unless_an_update_corrects_it() {
    for row in ROWS {
        let other = || key("1.2", "1.2.3", "1.2.3.5");
        let mut world = World::default();
        world.cast([says(1, row.said)]);
        let mut updated = world.clone();
        let later = change(2, other(), row.otherwise, &rules());
        let told = world.cast([later.clone()]).notices;
        let is_told = |notice: &Notice| {
            matches!(notice, Notice::StoredValueReplaced { keyword, instance, resource, .. }
                if *keyword == row.keyword && instance == "1.2.3.5" && resource.starts_with("ImagingStudy/"))
        };
        assert!(told.iter().any(is_told), "{} {told:?}", row.keyword);
        let again = world.cast([later]).notices;
        assert_eq!(again, [], "{}", row.keyword);
        let update = update(2, other(), row.otherwise);
        assert_eq!(updated.cast([update]).notices, [], "{}", row.keyword);
        let alike = updated.cast([change(3, one(), row.otherwise, &rules())]);
        assert_eq!(alike.notices, [], "{}", row.keyword);
    }
}

#[test]
fn when_the_instance_goes_that_said_it_last_one_that_remains_says_it() {
    for row in ROWS {
        let other = || key("1.2", "1.2.3", "1.2.3.5");
        let ways: [&[&[Change]]; 3] = [
            &[
                &[says(1, row.said)],
                &[change(2, other(), row.otherwise, &rules())],
            ],
            &[&[
                says(1, row.said),
                change(2, other(), row.otherwise, &rules()),
            ]],
            &[&[says(1, row.said)], &[update(2, other(), row.otherwise)]],
        ];
        for way in ways {
            let mut world = World::default();
            way.iter()
                .for_each(|changes| drop(world.cast(changes.to_vec())));
            let gone = crate::cast_world::delete(3, other());
            let (read, merged) = world.cast_reading(&rules(), [gone], |_| says(1, row.said));
            assert_eq!(read, Some(one()), "{}", row.keyword);
            assert_eq!(merged.notices, [], "{}", row.keyword);
            assert_eq!(
                study(&world, row.pointer),
                parsed(row.makes),
                "{}",
                row.keyword
            );
            assert_eq!(study(&world, "/extension"), None, "{}", row.keyword);
        }
    }
}

#[test]
fn what_we_wrote_ourselves_keeps_no_study() {
    for row in ROWS {
        for said in [row.said, row.otherwise] {
            let mut world = World::default();
            world.cast([says(1, said)]);
            world.cast([crate::cast_world::delete(2, one())]);
            assert_eq!(
                world.all("ImagingStudy"),
                [Value::Null; 0],
                "{}",
                row.keyword
            );
        }
    }
}

#[test]
fn late_it_fills_what_is_missing_and_no_more() {
    for row in ROWS {
        let mut world = World::default();
        let late =
            || change(1, key("1.2", "1.2.3", "1.2.3.5"), row.otherwise, &rules()).into_late();
        world.cast([says(2, row.said)]);
        world.cast([late()]);
        assert_eq!(
            study(&world, row.pointer),
            parsed(row.makes),
            "{}",
            row.keyword
        );
        let mut world = World::default();
        world.cast([says(2, &[])]);
        world.cast([late()]);
        let filled = study(&world, row.pointer);
        assert_eq!(filled, parsed(row.makes_otherwise), "{}", row.keyword);
    }
}

/// `identifier` or `basedOn` as (system, value), in the order that they stand in.
fn tokens(items: Option<Value>) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = items.unwrap_or_default();
    let items = items.as_array().cloned().unwrap_or_default();
    let identifiers = items
        .iter()
        .map(|item| item.get("identifier").unwrap_or(item));
    identifiers
        .map(|i| (text(&i["system"]), text(&i["value"])))
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = pairs
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
    owned.collect()
}
