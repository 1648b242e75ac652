//! Rows of series and instances that are more than a text or a number, each by its table.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use proptest::prelude::*;
use radcast::settings::Issuers;
use radcast_fhir::cast::{Action, Change, Rules};
use serde_json::{Value, json};

use crate::cast_generators::json as json_of_any_kind;
use crate::cast_world::{World, create, dataset, delete, key, kinds, rules};

/// What a row makes of attributes, by tag and `Value`, and how many warnings it gives.
struct Case {
    attributes: &'static [(&'static str, &'static str)],
    element: Value,
    warnings: usize,
}

/// A row: element, and cases.
struct Row {
    element: &'static str,
    cases: Vec<Case>,
}

fn case(attributes: &'static [(&'static str, &'static str)], element: Value) -> Case {
    Case {
        attributes,
        element,
        warnings: 0,
    }
}

/// Nothing comes of it, and a warning.
fn invalid(attributes: &'static [(&'static str, &'static str)]) -> Case {
    Case {
        warnings: 1,
        ..case(attributes, Value::Null)
    }
}

fn sct(code: &str, display: &str) -> Value {
    json!({"system": "http://snomed.info/sct", "code": code, "display": display})
}

const REGION: &str = r#"[{"00080100":{"Value":["T-D4000"]},"00080102":{"Value":["SRT"]},
    "00080104":{"Value":["Abdomen"]}},{"00080100":{"Value":["T-D1000"]},"00080102":{"Value":["SRT"]}}]"#;
const LOCAL_REGION: &str = r#"[{"00080100":{"Value":["A1"]},"00080102":{"Value":["99LOCAL"]}}]"#;
const FRAME: &str = r#"[{"00209071":{"Value":[{"00209072":{"Value":["L"]},"00082218":{"Value":[
    {"00080100":{"Value":["T-D1000"]},"00080102":{"Value":["SRT"]},"00080104":{"Value":["Head"]}}]}}]}},{}]"#;
const BAD_FRAME: &str = r#"[{"00209071":{"Value":[{"00209072":{"Value":["X"]}}]}}]"#;

fn body_site() -> Row {
    let chest = sct("816094009", "Chest");
    let abdomen = sct("113345001", "Abdomen");
    let head = sct("774007", "Head");
    let cases = vec![
        case(&[("00180015", r#"["CHEST "]"#)], chest.clone()),
        case(
            &[("00180015", r#"["MY PART"]"#)],
            json!({"display": "MY PART"}),
        ),
        case(&[("00082218", REGION)], abdomen.clone()),
        case(
            &[("00082218", REGION), ("00180015", r#"["CHEST"]"#)],
            abdomen,
        ),
        case(
            &[("00082218", "[]"), ("00180015", r#"["CHEST"]"#)],
            chest.clone(),
        ),
        case(
            &[("00082218", "[{}]"), ("00180015", r#"["CHEST"]"#)],
            chest.clone(),
        ),
        case(
            &[("00082218", LOCAL_REGION)],
            json!({"system": "urn:dicom:scheme:99LOCAL", "code": "A1"}),
        ),
        case(&[("52009229", FRAME)], head.clone()),
        case(&[("52009229", "[{}]"), ("52009230", FRAME)], head.clone()),
        case(&[("52009230", FRAME), ("00180015", r#"["CHEST"]"#)], head),
        Case {
            warnings: 1,
            ..case(
                &[("00082218", "[true]"), ("00180015", r#"["CHEST"]"#)],
                chest,
            )
        },
        invalid(&[("00180015", r#"["CHEST","HEAD"]"#)]),
        Case {
            warnings: 1,
            ..case(
                &[("00180015", r#"["chest?"]"#)],
                json!({"display": "chest?"}),
            )
        },
        invalid(&[("00180015", r#"["chest\u0007"]"#)]),
        invalid(&[("00180015", "[NaN]")]),
        invalid(&[("00082218", r#"[{"00080104":{"Value":["Abdomen"]}}]"#)]),
    ];
    Row {
        element: "bodySite",
        cases,
    }
}

fn laterality() -> Row {
    let (left, right) = (sct("7771000", "Left"), sct("24028007", "Right"));
    let cases = vec![
        case(&[("00200060", r#"["R"]"#)], right.clone()),
        case(&[("00200060", r#"["B"]"#)], sct("51440002", "Bilateral")),
        case(&[("00200062", r#"["L"]"#)], left.clone()),
        case(&[("00200062", r#"["U"]"#)], sct("66459002", "Unilateral")),
        case(&[("00200060", r#"["R"]"#), ("00200062", r#"["L"]"#)], right),
        case(
            &[("00200060", r#"[""]"#), ("00200062", r#"["L"]"#)],
            left.clone(),
        ),
        case(&[("52009229", FRAME)], left.clone()),
        case(&[("52009229", "[]"), ("52009230", FRAME)], left.clone()),
        Case {
            warnings: 1,
            ..case(&[("00200060", r#"["X"]"#), ("00200062", r#"["L"]"#)], left)
        },
        invalid(&[("00200060", r#"["RIGHT"]"#)]),
        invalid(&[("00200062", r#"["R","L"]"#)]),
        invalid(&[("00200060", "[true]")]),
        invalid(&[("52009230", BAD_FRAME)]),
    ];
    Row {
        element: "laterality",
        cases,
    }
}

const SPECIMENS: &str = r#"[{"00400551":{"Value":["S-1"]},"00400562":{"Value":[{"00400031":{"Value":["LAB"]}}]}},
    {"00400551":{"Value":["S-2"]},"00400562":{"Value":[{"00400032":{"Value":["1.2.3"]},"00400033":{"Value":["ISO"]}}]}},
    {"00400551":{"Value":["S-3"]},"00400562":{}}]"#;

fn specimen() -> Row {
    let reference = |id: &str, identifier: Value| json!({"id": id, "type": "Specimen", "identifier": identifier});
    let all = json!([
        reference(
            "SpecimenDescriptionSequence-1.2.3",
            json!({"system": "urn:lab", "value": "S-1"})
        ),
        reference(
            "SpecimenDescriptionSequence-1.2.3-2",
            json!({"system": "urn:oid:1.2.3", "value": "S-2"})
        ),
        reference(
            "SpecimenDescriptionSequence-1.2.3-3",
            json!({"value": "S-3"})
        ),
    ]);
    let first = json!([reference(
        "SpecimenDescriptionSequence-1.2.3",
        json!({"value": "S"})
    )]);
    let cases = vec![
        case(&[("00400560", SPECIMENS)], all),
        case(
            &[("00400560", r#"[{"00400551":{"Value":["S"]}},{}]"#)],
            first.clone(),
        ),
        Case {
            warnings: 1,
            ..case(
                &[("00400560", r#"[{"00400551":{"Value":["S"]}},true]"#)],
                first,
            )
        },
        case(&[("00400560", r#"[{"00400551":{}}]"#)], Value::Null),
        invalid(&[("00400560", r#"[{"00400551":{"Value":["a","b"]}}]"#)]),
        invalid(&[("00400560", "[NaN]")]),
    ];
    Row {
        element: "specimen",
        cases,
    }
}

const NAME: &str = r#"[{"00080104":{"Value":["CT Report"]}}]"#;

fn title() -> Row {
    let cases = vec![
        case(
            &[("00080008", r#"["DERIVED","PRIMARY","AXIAL"]"#)],
            json!("DERIVED\\PRIMARY\\AXIAL"),
        ),
        case(
            &[("00080008", r#"["ORIGINAL\\PRIMARY"]"#)],
            json!("ORIGINAL\\PRIMARY"),
        ),
        case(&[("0040A043", NAME)], json!("CT Report")),
        case(&[("00700080", r#"["KEY"]"#)], json!("KEY")),
        case(&[("00420010", r#"[" A\\B "]"#)], json!("A\\B")),
        case(
            &[
                ("00420010", r#"["T"]"#),
                ("00700080", r#"["KEY"]"#),
                ("0040A043", NAME),
            ],
            json!("T"),
        ),
        case(
            &[
                ("00420010", r#"[""]"#),
                ("00700080", r#"["KEY"]"#),
                ("0040A043", NAME),
            ],
            json!("KEY"),
        ),
        case(
            &[("0040A043", NAME), ("00080008", r#"["DERIVED"]"#)],
            json!("CT Report"),
        ),
        Case {
            warnings: 1,
            ..case(
                &[("0040A043", "[true]"), ("00080008", r#"["DERIVED"]"#)],
                json!("DERIVED"),
            )
        },
        case(&[("0040A043", "[{}]")], Value::Null),
        invalid(&[("0040A043", r#"[{"00080104":{"Value":["a","b"]}}]"#)]),
        Case {
            warnings: 1,
            ..case(
                &[("00080008", r#"["DERIVED","primary"]"#)],
                json!("DERIVED\\primary"),
            )
        },
        invalid(&[("00080008", r#"["DERIVED","PRI\u0007"]"#)]),
        invalid(&[("00700080", r#"["A","B"]"#)]),
        invalid(&[("00420010", "[5, 6]")]),
    ];
    Row {
        element: "instance/0/title",
        cases,
    }
}

fn numbers(element: &'static str, tag: &'static str) -> Row {
    let of = |value: &'static str| -> &'static [(&'static str, &'static str)] {
        Box::leak(Box::new([(tag, value)]))
    };
    let cases = vec![
        case(of("[7]"), json!(7)),
        case(of(r#"[" 2147483647"]"#), json!(2_147_483_647)),
        case(of("[-1]"), Value::Null),
        invalid(of("[2147483648]")),
        invalid(of(r#"["99999999999"]"#)),
        invalid(of("[1,2]")),
        invalid(of(r#"["1.5"]"#)),
    ];
    Row { element, cases }
}

fn all_rows() -> Vec<Row> {
    vec![
        body_site(),
        laterality(),
        specimen(),
        title(),
        numbers("number", "00200011"),
        numbers("instance/0/number", "00200013"),
    ]
}

fn laboratory() -> Rules {
    Rules {
        issuers: Issuers::default().with("LAB", "urn:lab"),
        ..rules()
    }
}

/// The change that an instance with these attributes makes.
fn change(sequence: u64, instance: &str, attributes: &[(&str, &str)]) -> Change {
    let elements: Vec<_> = attributes
        .iter()
        .map(|(tag, value)| (*tag, format!(r#"{{"Value":{value}}}"#)))
        .collect();
    let elements: Vec<_> = elements
        .iter()
        .map(|(tag, json)| (*tag, json.as_str()))
        .collect();
    let key = key("1.2", "1.2.3", instance);
    let dataset = dataset(&key, &elements);
    Change::read(sequence, key, Action::Create, Some(&dataset), &laboratory()).unwrap()
}

/// The element of the only series.
fn element(world: &World, element: &str) -> Value {
    let study = world.only("ImagingStudy");
    study
        .pointer(&format!("/series/0/{element}"))
        .cloned()
        .unwrap_or_default()
}

#[test]
fn each_row_makes_of_attributes_what_its_table_says() {
    for row in all_rows() {
        for case in &row.cases {
            let mut world = World::default();
            let change = change(1, "1.2.3.4", case.attributes);
            let about = format!("{} {:?}", row.element, case.attributes);
            assert_eq!(
                change.warnings().len(),
                case.warnings,
                "{about}: {:?}",
                change.warnings()
            );
            world.cast([change.clone()]);
            assert_eq!(element(&world, row.element), case.element, "{about}");
            assert!(
                world.cast([change]).writes.is_empty(),
                "{about}: written again"
            );
        }
    }
}

#[test]
fn an_absent_or_empty_attribute_makes_nothing() {
    for nothing in [
        "null",
        "{}",
        r#"{"vr":"SQ"}"#,
        r#"{"Value":[]}"#,
        r#"{"Value":[null]}"#,
    ] {
        let elements: Vec<_> = TAGS.iter().map(|tag| (*tag, nothing)).collect();
        let change = create(1, key("1.2", "1.2.3", "1.2.3.4"), &elements);
        assert_eq!(change.warnings(), [], "{nothing}");
        let mut world = World::default();
        world.cast([change]);
        for row in all_rows() {
            assert_eq!(
                element(&world, row.element),
                Value::Null,
                "{} {nothing}",
                row.element
            );
        }
    }
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(
        values in prop::collection::vec((any::<prop::sample::Index>(), junk()), 1..5),
        listed in 0_u32..2,
    ) {
        let elements: Vec<_> = values
            .iter()
            .map(|(tag, value)| (*tag.get(TAGS), value.to_string()))
            .collect();
        let elements: Vec<_> = elements.iter().map(|(tag, json)| (*tag, json.as_str())).collect();
        let rules = Rules { list_instances_up_to: listed, ..rules() };
        let mut world = World::default();
        world.cast_by(&rules, [create(1, key("1.2", "1.2.3", "1.2.3.4"), &elements)]).unwrap();
        let again = create(1, key("1.2", "1.2.3", "1.2.3.4"), &elements);
        prop_assert!(world.cast_by(&rules, [again]).unwrap().writes.is_empty());
    }
}

/// The attributes of the rows, those within sequences too.
const TAGS: &[&str] = &[
    "00180015", "00082218", "00200060", "00200062", "00400560", "00080008", "00700080", "00420010",
    "0040A043", "52009229", "52009230", "00209071", "00209072", "00400551", "00400562", "00080100",
    "00080102", "00080104", "00400031", "00400032",
];

/// Elements of DICOM JSON, nested in one another, of any kind.
fn junk() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        prop::sample::select(&["R", "CHEST", "SCT", "T-D1000", "", "é", "\\", "7"][..])
            .prop_map(Value::from),
        json_of_any_kind(),
    ];
    let leaf = value.prop_map(|value| json!({"Value": [value]}));
    leaf.prop_recursive(4, 32, 3, |inner| {
        let item = prop::collection::hash_map(prop::sample::select(TAGS), inner, 0..4);
        let item = item.prop_map(|item| {
            item.into_iter()
                .map(|(tag, e)| (tag.to_owned(), e))
                .collect()
        });
        prop::collection::vec(item, 0..3).prop_map(|items: Vec<Value>| json!({"Value": items}))
    })
}

/// For each row two attributes that say different things.
const TWO: &[(&str, &str, &str, &str)] = &[
    ("bodySite", "00180015", r#"["CHEST"]"#, r#"["ODD"]"#),
    ("laterality", "00200060", r#"["R"]"#, r#"["L"]"#),
    (
        "specimen",
        "00400560",
        r#"[{"00400551":{"Value":["S"]}}]"#,
        r#"[{"00400551":{"Value":["T"]}}]"#,
    ),
    ("number", "00200011", "[1]", "[2]"),
];

#[test]
fn where_instances_disagree_the_later_counts_with_one_warning() {
    for (path, tag, one, other) in TWO {
        let mut world = World::default();
        let (first, second) = (
            change(1, "1.4", &[(tag, one)]),
            change(2, "1.5", &[(tag, other)]),
        );
        let merged = world.cast([first.clone(), second]);
        assert_eq!(merged.disagreements.len(), 1, "{path}");
        let mut alone = World::default();
        alone.cast([change(2, "1.5", &[(tag, other)])]);
        assert_eq!(element(&world, path), element(&alone, path), "{path}");
        // What one instance does not say erases nothing; what comes late fills nothing that is there.
        world.cast([change(3, "1.6", &[])]);
        world.cast([first.into_late()]);
        assert_eq!(element(&world, path), element(&alone, path), "{path}");
        world.cast([change(4, "1.5", &[(tag, one)])]);
        assert_ne!(
            element(&world, path),
            element(&alone, path),
            "{path}: updated"
        );
        let mut late = World::default();
        late.cast([change(5, "1.6", &[])]);
        late.cast([change(2, "1.5", &[(tag, other)]).into_late()]);
        assert_eq!(element(&late, path), element(&alone, path), "{path}: late");
    }
}

#[test]
fn a_title_is_its_instance_s_own() {
    let mut world = World::default();
    let typed = |sequence, instance, value| change(sequence, instance, &[("00700080", value)]);
    let merged = world.cast([typed(1, "1.4", r#"["A"]"#), typed(2, "1.5", r#"["B"]"#)]);
    assert_eq!(merged.disagreements, []);
    world.cast([typed(3, "1.4", r#"["C"]"#)]);
    assert_eq!(element(&world, "instance/0/title"), "C");
    assert_eq!(element(&world, "instance/1/title"), "B");
    world.cast([change(4, "1.4", &[])]);
    assert_eq!(element(&world, "instance/0/title"), "C");
    world.cast([delete(5, key("1.2", "1.2.3", "1.4")), change(6, "1.4", &[])]);
    assert_eq!(element(&world, "instance/0/title"), Value::Null);
}

/// A study of somebody else, its series with these members.
fn stored(members: &str) -> World {
    let mut world = World::default();
    world.put(&format!(
        r#"{{"resourceType":"ImagingStudy","id":"s","meta":{{"versionId":"1"}},"status":"available",
        "identifier":[{{"system":"urn:dicom:uid","value":"urn:oid:1.2"}}],
        "series":[{{"uid":"1.2.3",{members}}}]}}"#
    ));
    world
}

#[test]
fn the_same_concept_in_other_words_keeps_its_bytes() {
    let site = r#""bodySite":{"code":"816094009","system":"http:\/\/snomed.info\/sct","display":"Thorax","x":1.0}"#;
    let side = r#""laterality":{"id":"i","display":"Links","system":"http://snomed.info/sct","code":"7771000"}"#;
    let mut world = stored(&format!("{site},{side}"));
    world.cast([change(
        1,
        "1.4",
        &[("00180015", r#"["CHEST"]"#), ("00200060", r#"["L"]"#)],
    )]);
    let json = &world.resources["ImagingStudy/s"];
    assert!(json.contains(site) && json.contains(side), "{json}");
}

#[test]
fn what_belonged_to_another_concept_goes_and_extensions_stay() {
    let mut world = stored(
        r#""bodySite":{"id":"i","extension":[{"url":"urn:a","valueDecimal":1.00}],"code":"1","version":"2",
        "system":"urn:b","display":"B","_display":{"id":"j"},"userSelected":true}"#,
    );
    world.cast([change(1, "1.4", &[("00180015", r#"["CHEST"]"#)])]);
    let site = element(&world, "bodySite");
    let extension = json!([{"url": "urn:a", "valueDecimal": 1.0}]);
    let expected = json!({"id": "i", "extension": extension, "system": "http://snomed.info/sct",
        "code": "816094009", "display": "Chest"});
    assert_eq!(site, expected);
    assert!(world.resources["ImagingStudy/s"].contains("1.00"));
    world.cast([change(2, "1.4", &[("00180015", r#"["ODD"]"#)])]);
    assert_eq!(
        element(&world, "bodySite"),
        json!({"id": "i", "extension": extension, "display": "ODD"})
    );
}

#[test]
fn specimens_of_others_stay_and_ours_follow_the_instances() {
    let mut world = stored(r#""specimen":[{"reference":"Specimen/1","x":1.0}]"#);
    let of = |sequence, value| change(sequence, "1.4", &[("00400560", value)]);
    world.cast([of(1, r#"[{"00400551":{"Value":["S"]}}]"#)]);
    world.cast([of(2, r#"[{"00400551":{"Value":["T"]}}]"#)]);
    let specimens = element(&world, "specimen");
    assert_eq!(specimens.as_array().unwrap().len(), 2);
    assert_eq!(specimens[1]["identifier"], json!({"value": "T"}));
    assert!(world.resources["ImagingStudy/s"].contains(r#"{"reference":"Specimen/1","x":1.0}"#));
}

#[test]
fn each_service_says_which_series_it_holds() {
    let mut world = stored(r#""endpoint":[{"reference":"Endpoint/other"}]"#);
    let merged = world.cast([create(1, key("1.2", "1.9", "1.4"), &[])]);
    assert_eq!(kinds(&merged).len(), 3, "{merged:?}");
    let study = world.only("ImagingStudy");
    let ours = json!({"reference": format!("Endpoint/{}", world.only("Endpoint")["id"].as_str().unwrap())});
    assert_eq!(study["endpoint"], json!([ours]));
    let others = json!([{"reference": "Endpoint/other"}]);
    assert_eq!(
        (
            &study["series"][0]["endpoint"],
            &study["series"][1]["endpoint"]
        ),
        (&others, &json!([ours]))
    );
    world.cast([change(2, "1.5", &[])]);
    assert_eq!(
        element(&world, "endpoint"),
        json!([{"reference": "Endpoint/other"}, ours])
    );
    assert!(world.cast([change(2, "1.5", &[])]).writes.is_empty());
}

#[test]
fn an_entry_without_modality_or_sop_class_fails_with_its_name() {
    for (tag, keyword) in [("00080060", "Modality"), ("00080016", "SOPClassUID")] {
        for value in ["{}", r#"{"Value":[true]}"#] {
            let key = key("1", "2", "3");
            let dataset = dataset(&key, &[(tag, value)]);
            let read = Change::read(1, key, Action::Create, Some(&dataset), &rules());
            let message = read.unwrap_err().to_string();
            assert!(message.contains(keyword), "{message}");
        }
    }
}
