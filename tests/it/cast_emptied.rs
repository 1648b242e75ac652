//! What an update takes back: an attribute that is there and empty removes what its instance had
//! said, in every row; one that is absent leaves it, and so does a create.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;

use radcast_engine::failure::Code;
use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Action, Change, MappedRow, Merged, Origin, Rules, mapping};
use serde_json::Value;

use crate::cast_world::{World, dataset, delete, key, rules, uncontested};

type Elements = BTreeMap<String, String>;

fn with_measures() -> Rules {
    Rules {
        body_observations: true,
        ..rules()
    }
}

fn read(action: Action, sequence: u64, key: InstanceKey, elements: &Elements) -> Change {
    let elements: Vec<_> = elements
        .iter()
        .map(|(tag, json)| (tag.as_str(), json.as_str()))
        .collect();
    let set = dataset(&key, &elements);
    Change::read(sequence, key, action, Some(&set), &with_measures()).unwrap()
}

fn cast(world: &mut World, changes: impl IntoIterator<Item = Change>) -> Merged {
    world.cast_by(&with_measures(), changes).unwrap()
}

fn one() -> InstanceKey {
    key("1.2", "1.3", "1.4")
}

/// The rows of attributes that say something of patient, study, series, instance, and measures.
fn rows() -> Vec<MappedRow> {
    let resources = mapping().into_iter();
    let rows = resources.flat_map(|resource| resource.rows);
    let of_dataset = rows.filter(|row| row.origin == Origin::Dataset && !row.required);
    of_dataset
        .filter(|row| {
            let is_measure = row.path == "Observation.valueQuantity";
            !row.path.starts_with("Observation") || is_measure
        })
        .collect()
}

fn tag(row: &MappedRow, at: usize) -> String {
    let tag = row.attributes[at].tag;
    format!("{:04X}{:04X}", tag.0, tag.1)
}

/// The distance to UTC, which several rows share.
const OFFSET: &str = "00080201";

/// Request Attributes Sequence, from which several rows have a part of what they say.
const REQUESTS: &str = "00400275";

/// The attributes of a row that nobody shares.
fn own_tags(row: &MappedRow) -> Vec<String> {
    let tags = (0..row.attributes.len()).map(|at| tag(row, at));
    tags.filter(|tag| tag != OFFSET).collect()
}

/// A value of every attribute of every row.
fn full() -> Elements {
    let mut all: Elements = rows()
        .iter()
        .flat_map(|row| {
            let attributes = row.attributes.iter().enumerate();
            attributes.map(|(at, attribute)| {
                let tag = tag(row, at);
                let value = match value(attribute.keyword, attribute.vr) {
                    "" => format!(r#""T{tag}""#),
                    value => value.to_owned(),
                };
                (
                    tag,
                    format!(r#"{{"vr":"{}","Value":[{value}]}}"#, attribute.vr),
                )
            })
        })
        .collect();
    // An issuer is a part of who the patient is.
    all.remove("00100021");
    all.remove("00100024");
    all
}

/// A value of an attribute; empty where any text will do.
fn value(keyword: &str, vr: &str) -> &'static str {
    match (keyword, vr) {
        ("TimezoneOffsetFromUTC", _) => r#""+0200""#,
        ("PatientSex", _) => r#""F""#,
        ("PatientSexNeutered", _) => r#""ALTERED""#,
        ("Laterality" | "ImageLaterality" | "FrameLaterality", _) => r#""L""#,
        ("ResponsiblePersonRole", _) => r#""PARENT""#,
        (_, "PN") => r#"{"Alphabetic":"Rossi^Maria","Ideographic":"山田","Phonetic":"やまだ"}"#,
        (_, "DA") => r#""20240601""#,
        (_, "TM") => r#""142501""#,
        (_, "IS") => "7",
        (_, "DS") => "1.75",
        (_, "SQ") => {
            r#"{"00080100":{"Value":["X1"]},"00080102":{"Value":["99LOCAL"]},"00080104":{"Value":["Local"]},
                "00400032":{"Value":["1.2.3"]},"00400033":{"Value":["ISO"]},
                "00401101":{"Value":[{"00080100":{"Value":["D1"]},"00080102":{"Value":["99LOCAL"]}}]},
                "00080050":{"Value":["A9"]},"00401002":{"Value":["Because"]},"00400551":{"Value":["S1"]},
                "0040100A":{"Value":[{"00080100":{"Value":["R1"]},"00080102":{"Value":["99LOCAL"]}}]},
                "00100020":{"Value":["OTHER"]}}"#
        }
        (_, "CS") => r#""TERM""#,
        _ => "",
    }
}

/// The ways in which an attribute is there and says nothing.
fn empties(vr: &str) -> Vec<String> {
    let mut all: Vec<_> = [
        "",
        r#","Value":[]"#,
        r#","Value":[null]"#,
        r#","Value":[""]"#,
        r#","Value":["  "]"#,
        r#","InlineBinary":"""#,
    ]
    .map(str::to_owned)
    .to_vec();
    match vr {
        "PN" => all.extend(
            [r#"{}"#, r#"{"Alphabetic":""}"#, r#""^^""#]
                .map(|name| format!(r#","Value":[{name}]"#)),
        ),
        "SQ" => all.extend(
            [r#"{}"#, r#"{"00080100":{"vr":"SH"}}"#].map(|item| format!(r#","Value":[{item}]"#)),
        ),
        _ => {}
    }
    all.iter()
        .map(|value| format!(r#"{{"vr":"{vr}"{value}}}"#))
        .collect()
}

/// What is stored, without the versions, and with the items of arrays in an order of their own.
fn content(world: &World) -> Vec<Value> {
    let all = ["Patient", "ImagingStudy", "Observation"].iter();
    let all = all.flat_map(|kind| world.all(kind));
    let mut all: Vec<_> = all.map(uncontested).collect();
    for resource in &mut all {
        if let Some(meta) = resource["meta"].as_object_mut() {
            meta.remove("versionId");
        }
        sort(resource);
    }
    all
}

fn sort(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(sort);
            items.sort_by_cached_key(ToString::to_string);
        }
        Value::Object(members) => {
            members.values_mut().for_each(sort);
            members.sort_keys();
            if members.get("extension").is_some_and(Value::is_null) {
                members.remove("extension");
            }
        }
        _ => {}
    }
}

/// A world in which an instance was created.
fn after(elements: &Elements) -> World {
    let mut world = World::default();
    cast(&mut world, [read(Action::Create, 1, one(), elements)]);
    world
}

#[test]
fn every_row_is_full_to_begin_with() {
    let whole = content(&after(&full()));
    for row in rows() {
        let mut less = full();
        own_tags(&row).iter().for_each(|tag| {
            less.remove(tag);
        });
        assert_ne!(content(&after(&less)), whole, "{row}");
    }
}

#[test]
fn in_every_row_an_update_takes_back_what_is_empty_and_leaves_what_is_absent() {
    let whole = content(&after(&full()));
    for row in rows() {
        let (mut without, tags) = (full(), own_tags(&row));
        tags.iter().for_each(|tag| {
            without.remove(tag);
        });
        let expected = content(&after(&without));
        let vr = |tag: &String| {
            let at = (0..row.attributes.len())
                .find(|at| tag_is(&row, *at, tag))
                .unwrap();
            row.attributes[at].vr
        };
        let most = tags.iter().map(|tag| empties(vr(tag)).len()).max().unwrap();
        for form in 0..most {
            let mut emptied = without.clone();
            for tag in &tags {
                let forms = empties(vr(tag));
                emptied.insert(tag.clone(), forms[form.min(forms.len() - 1)].clone());
            }
            let told = format!("{row}: {:?}", emptied.get(&tags[0]));
            let cases = [
                (Action::Create, &without, &whole),
                (Action::Create, &emptied, &whole),
                (Action::Update, &without, &whole),
                (Action::Update, &emptied, &expected),
            ];
            // Without it other rows say less, which counts.
            let is_shared = tags.iter().any(|tag| tag == REQUESTS);
            let first = if is_shared || form > 0 { 3 } else { 0 };
            for (action, elements, left) in &cases[first..] {
                let (action, left) = (*action, *left);
                let mut world = after(&full());
                let change = read(action, 2, one(), elements);
                assert_eq!(change.warnings(), [], "{told}");
                let merged = cast(&mut world, [change.clone()]);
                assert!(merged.notices.is_empty() && merged.disagreements.is_empty());
                assert!(content(&world) == *left, "{action:?} {told}");
                assert_eq!(cast(&mut world, [change.clone()]).writes.len(), 0, "{told}");
                let mut folded = World::default();
                cast(
                    &mut folded,
                    [read(Action::Create, 1, one(), &full()), change],
                );
                assert!(content(&folded) == *left, "folded {action:?} {told}");
            }
            assert_eq!(content(&after(&emptied)), expected, "{told}");
        }
    }
}

fn tag_is(row: &MappedRow, at: usize, other: &str) -> bool {
    tag(row, at) == other
}

#[test]
fn a_required_attribute_that_is_empty_fails_its_update() {
    for (tag, keyword) in [
        ("00080060", "Modality"),
        ("00080016", "SOPClassUID"),
        ("00100020", "PatientID"),
    ] {
        for empty in empties("LO") {
            let set = dataset(&one(), &[(tag, &empty)]);
            let failure = Change::read(1, one(), Action::Update, Some(&set), &rules()).unwrap_err();
            assert_eq!(failure.code, Code::DicomMissingAttribute);
            assert!(failure.message.starts_with(keyword), "{failure:?}");
        }
    }
}

fn elements(all: &[(&str, &str)]) -> Elements {
    let all = all
        .iter()
        .map(|(tag, json)| ((*tag).to_owned(), (*json).to_owned()));
    all.collect()
}

const SEX: (&str, &str) = ("00100040", r#"{"vr":"CS","Value":["F"]}"#);
const NO_SEX: (&str, &str) = ("00100040", r#"{"vr":"CS"}"#);
const WORDS: (&str, &str) = ("00081030", r#"{"vr":"LO","Value":["Chest"]}"#);
const NO_WORDS: (&str, &str) = ("00081030", r#"{"vr":"LO"}"#);

fn image(number: u8) -> InstanceKey {
    key("1.2", "1.3", &format!("1.4.{number}"))
}

fn report() -> InstanceKey {
    key("1.2", "1.9", "1.9.1")
}

fn told(world: &World) -> (Value, Value) {
    let (study, patient) = (world.only("ImagingStudy"), world.only("Patient"));
    (study["description"].clone(), patient["gender"].clone())
}

#[test]
fn a_bulk_update_that_empties_a_study_takes_back_what_all_of_it_said() {
    let (said, emptied) = (elements(&[SEX, WORDS]), elements(&[NO_SEX, NO_WORDS]));
    let created =
        || (1..=3).map(|number| read(Action::Create, u64::from(number), image(number), &said));
    let updated = || {
        (1..=3).map(|number| {
            read(
                Action::Update,
                3 + u64::from(number),
                image(number),
                &emptied,
            )
        })
    };
    for size in 1..=3 {
        let mut world = World::default();
        cast(&mut world, created());
        for chunk in updated().collect::<Vec<_>>().chunks(size) {
            let merged = cast(&mut world, chunk.to_vec());
            assert_eq!(merged.disagreements, []);
        }
        assert_eq!(told(&world), (Value::Null, Value::Null), "{size}");
    }
    let mut world = World::default();
    cast(&mut world, created().chain(updated()));
    assert_eq!(told(&world), (Value::Null, Value::Null));
}

#[test]
fn what_one_instance_takes_back_and_another_says_is_said() {
    let said = || read(Action::Update, 2, image(1), &elements(&[SEX, WORDS]));
    let emptied = || read(Action::Update, 3, report(), &elements(&[NO_SEX, NO_WORDS]));
    let whole = (Value::from("Chest"), Value::from("female"));
    for both in [[said(), emptied()], [emptied(), said()]] {
        let mut world = World::default();
        let merged = cast(&mut world, both);
        assert_eq!(told(&world), whole);
        assert_eq!(merged.disagreements, []);
    }
}

#[test]
fn an_update_of_one_series_takes_nothing_back_that_another_may_say_and_that_is_told() {
    let mut world = World::default();
    cast(
        &mut world,
        [
            read(Action::Create, 1, image(1), &elements(&[SEX, WORDS])),
            read(Action::Create, 2, report(), &elements(&[])),
        ],
    );
    let emptied = |sequence, key| {
        read(
            Action::Update,
            sequence,
            key,
            &elements(&[NO_SEX, NO_WORDS]),
        )
    };
    let merged = cast(&mut world, [emptied(3, report())]);
    assert_eq!(merged.notices.len(), 1);
    assert_eq!(merged.notices[0].event(), "still_said");
    assert_eq!(told(&world), (Value::from("Chest"), Value::from("female")));
    let merged = cast(&mut world, [emptied(4, report()), emptied(5, image(1))]);
    assert_eq!(merged.notices, []);
    assert_eq!(told(&world), (Value::Null, Value::Null));
}

#[test]
fn what_is_said_again_after_it_was_taken_back_counts() {
    let said = elements(&[WORDS]);
    let mut world = World::default();
    cast(
        &mut world,
        [
            read(Action::Create, 1, image(1), &said),
            read(Action::Update, 2, image(1), &elements(&[NO_WORDS])),
            read(Action::Update, 3, image(1), &said),
        ],
    );
    assert_eq!(told(&world).0, "Chest");
    cast(
        &mut world,
        [
            delete(4, image(1)),
            read(Action::Update, 5, image(1), &elements(&[NO_WORDS])),
        ],
    );
    assert_eq!(told(&world).0, Value::Null);
}

#[test]
fn a_late_update_takes_back_what_its_own_instance_said_and_nothing_else() {
    let said = elements(&[WORDS, ("00200013", r#"{"vr":"IS","Value":[7]}"#)]);
    let emptied = elements(&[NO_WORDS, ("00200013", r#"{"vr":"IS"}"#)]);
    let mut world = after(&said);
    cast(
        &mut world,
        [read(Action::Update, 2, one(), &emptied).into_late()],
    );
    assert_eq!(told(&world).0, "Chest");
    let study = world.only("ImagingStudy");
    assert_eq!(study["series"][0]["instance"][0]["number"], Value::Null);
}

#[test]
fn of_others_nothing_is_taken_away() {
    let mut world = World::default();
    cast(
        &mut world,
        [read(Action::Create, 1, one(), &Elements::new())],
    );
    let mut study = world.only("ImagingStudy");
    study["referrer"] = serde_json::json!({ "reference": "Practitioner/1" });
    study["procedureCode"] = serde_json::json!([{ "text": "theirs" }]);
    study["identifier"]
        .as_array_mut()
        .unwrap()
        .push(serde_json::json!({
            "type": { "coding": [{ "code": "ACSN" }] }, "system": "urn:x", "value": "A1",
        }));
    study["series"][0]["bodySite"] =
        serde_json::json!({ "code": "x", "extension": [{ "url": "u" }] });
    world.put(&study.to_string());
    let mut patient = world.only("Patient");
    patient["name"] = serde_json::json!([{ "use": "official", "family": "A" }, { "use": "usual", "family": "B", "extension": [{ "url": "u" }] }]);
    patient["telecom"] = serde_json::json!([{ "value": "1" }]);
    world.put(&patient.to_string());
    let empty = full()
        .into_keys()
        .map(|tag| (tag, r#"{"vr":"LO"}"#.to_owned()))
        .collect();
    cast(&mut world, [read(Action::Update, 2, one(), &empty)]);
    let (after, person) = (world.only("ImagingStudy"), world.only("Patient"));
    for element in ["referrer", "procedureCode", "identifier"] {
        assert_eq!(after[element], study[element]);
    }
    assert_eq!(
        after["series"][0]["bodySite"],
        serde_json::json!({ "extension": [{ "url": "u" }] })
    );
    assert_eq!(person["telecom"], patient["telecom"]);
    assert_eq!(
        person["name"],
        serde_json::json!([{ "use": "official", "family": "A" }, { "use": "usual", "extension": [{ "url": "u" }] }])
    );
}
