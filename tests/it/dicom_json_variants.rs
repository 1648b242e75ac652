//! DICOM JSON as servers really send it, and what becomes of it in FHIR.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use bytes::Bytes;
use radcast_dicom::Dataset;
use radcast_fhir::cast::{Action, Change, Rules};
use serde_json::{Value, json};

use crate::cast_world::{World, create, dataset, key, rules};

/// The resource that one instance makes, and the warnings about its values.
fn cast(resource_type: &str, elements: &[(&str, &str)]) -> (Value, Vec<String>) {
    let change = create(1, key("1.2", "1.2.3", "1.2.3.4"), elements);
    let warnings = change.warnings().iter().map(ToString::to_string).collect();
    let mut world = World::default();
    world.cast([change]);
    (world.only(resource_type), warnings)
}

/// What stands at a place of the resource, without any warning.
fn mapped(place: (&str, &str), tag: &str, element: &str) -> Value {
    let (resource, warnings) = cast(place.0, &[(tag, element)]);
    assert_eq!(warnings, Vec::<String>::new(), "{tag} {element}");
    resource.pointer(place.1).cloned().unwrap_or_default()
}

/// One warning, and nothing at the place.
fn refused(place: (&str, &str), tag: &str, element: &str) {
    let (resource, warnings) = cast(place.0, &[(tag, element)]);
    assert_eq!(warnings.len(), 1, "{tag} {element}: {warnings:?}");
    assert_eq!(resource.pointer(place.1), None, "{tag} {element}");
}

const NAME: (&str, &str) = ("Patient", "/name");
const DESCRIPTION: (&str, &str) = ("ImagingStudy", "/description");
const NUMBER: (&str, &str) = ("ImagingStudy", "/series/0/instance/0/number");
const STARTED: (&str, &str) = ("ImagingStudy", "/started");

fn families(element: &str) -> Vec<String> {
    let names = mapped(NAME, "00100010", element);
    let names = names.as_array().cloned().unwrap_or_default();
    let family = |name: &Value| {
        let representation = name["extension"][0]["valueCode"].as_str().unwrap_or("ABC");
        format!(
            "{representation} {}",
            name["family"].as_str().unwrap_or_default()
        )
    };
    names.iter().map(family).collect()
}

#[test]
fn names_come_as_objects_of_any_groups_and_as_text() {
    let three = ["ABC Yamada", "IDE 山田", "SYL やまだ"];
    let same = [
        r#"{"vr":"PN","Value":[{"Alphabetic":"Yamada^Tarou","Ideographic":"山田^太郎","Phonetic":"やまだ^たろう"}]}"#,
        r#"{"vr":"PN","Value":[{"Phonetic":"やまだ^たろう","Ideographic":"山田^太郎","Alphabetic":"Yamada^Tarou"}]}"#,
        r#"{"vr":"PN","Value":[{"Alphabetic":"Yamada^Tarou=山田^太郎=やまだ^たろう"}]}"#,
        r#"{"vr":"PN","Value":["Yamada^Tarou=山田^太郎=やまだ^たろう"]}"#,
        r#"{"vr":"PN","Value":"Yamada^Tarou=山田^太郎=やまだ^たろう"}"#,
        r#"{"vr":"PN","Value":{"alphabetic":"Yamada^Tarou","ideographic":"山田^太郎","phonetic":"やまだ^たろう"}}"#,
        r#"{"vr":"PN","Value":["Yamada^Tarou =山田^太郎^^^ = やまだ^たろう\u0000"]}"#,
        r#"{"vr":"PN","Value":["Yamada^Tarou=山田^太郎=やまだ^たろう=="]}"#,
        r#"{"Value":[null,{"Alphabetic":"Yamada^Tarou","Ideographic":"山田^太郎","Phonetic":"やまだ^たろう","Other":1}]}"#,
    ];
    for element in same {
        assert_eq!(families(element), three, "{element}");
    }
}

#[test]
fn groups_of_a_name_may_be_missing() {
    let cases: [(&str, &[&str]); 8] = [
        (r#"{"Value":[{"Ideographic":"山田^太郎"}]}"#, &["IDE 山田"]),
        (
            r#"{"Value":[{"Alphabetic":"","Phonetic":"やまだ"}]}"#,
            &["SYL やまだ"],
        ),
        (
            r#"{"Value":[{"Alphabetic":null,"Ideographic":"山田"}]}"#,
            &["IDE 山田"],
        ),
        (r#"{"Value":["=山田^太郎"]}"#, &["IDE 山田"]),
        (r#"{"Value":["==やまだ"]}"#, &["SYL やまだ"]),
        (r#"{"Value":["Yamada=="]}"#, &["ABC Yamada"]),
        (
            r#"{"Value":[{"Alphabetic":"Yamada=山田","Phonetic":"やまだ"}]}"#,
            &["ABC Yamada", "IDE 山田", "SYL やまだ"],
        ),
        (r#"{"Value":["=="]}"#, &[]),
    ];
    for (element, expected) in cases {
        assert_eq!(families(element), expected, "{element}");
    }
    for bad in [
        r#"{"Value":["a=b=c=d"]}"#,
        r#"{"Value":[{"Alphabetic":["a"]}]}"#,
        r#"{"Value":[{"Alphabetic":"a"},{"Alphabetic":"b"}]}"#,
        r#"{"Value":[["a"]]}"#,
        r#"{"Value":["a\u001b$Bb"]}"#,
    ] {
        refused(NAME, "00100010", bad);
    }
}

#[test]
fn numbers_come_as_texts_and_texts_as_numbers() {
    for number in [
        "7",
        r#""7""#,
        r#""7 ""#,
        r#"" +7""#,
        "7.0",
        r#""007""#,
        r#""7\u0000""#,
    ] {
        let element = format!(r#"{{"vr":"IS","Value":[{number}]}}"#);
        assert_eq!(mapped(NUMBER, "00200013", &element), 7, "{number}");
    }
    let element = r#"{"vr":"LO","Value":[4711]}"#;
    assert_eq!(mapped(DESCRIPTION, "00081030", element), "4711");
    let id = mapped(
        ("Patient", "/identifier/0/value"),
        "00100020",
        "{\"Value\":[42]}",
    );
    assert_eq!(id, "42");
    assert_eq!(
        mapped(STARTED, "00080020", r#"{"vr":"DA","Value":[20240601]}"#),
        "2024-06-01"
    );
    for bad in [
        "NaN",
        "-Infinity",
        "Infinity",
        "7.5",
        r#""NaN""#,
        "true",
        r#""7 8""#,
        "1e99",
        "{}",
        "[7]",
    ] {
        refused(
            NUMBER,
            "00200013",
            &format!(r#"{{"vr":"IS","Value":[{bad}]}}"#),
        );
    }
}

#[test]
fn binaries_are_values_and_bulk_data_is_told_of() {
    for element in [
        r#"{"vr":"UN","InlineBinary":"Q2hlc3Q="}"#,
        r#"{"vr":"LO","InlineBinary":["Q2hlc3Q="]}"#,
        r#"{"vr":"LO","BulkDataURI":null,"Value":["Chest"]}"#,
    ] {
        assert_eq!(mapped(DESCRIPTION, "00081030", element), "Chest");
    }
    for element in [
        r#"{"vr":"LO","BulkDataURI":"https://dicom.example/bulk/1"}"#,
        r#"{"vr":"LO","Value":[],"BulkDataURI":"https://dicom.example/bulk/1"}"#,
        r#"{"vr":"LO","bulkDataURI":5}"#,
    ] {
        refused(DESCRIPTION, "00081030", element);
    }
    let nothing = [
        r#"{"vr":"LO","BulkDataURI":null,"Value":[]}"#,
        r#"{"vr":"UN","InlineBinary":""}"#,
    ];
    for element in nothing {
        assert_eq!(
            mapped(DESCRIPTION, "00081030", element),
            Value::Null,
            "{element}"
        );
    }
    let both = r#"{"vr":"LO","BulkDataURI":"https://dicom.example/1","Value":["Chest"]}"#;
    assert_eq!(mapped(DESCRIPTION, "00081030", both), "Chest");
}

#[test]
fn nothing_comes_in_many_spellings() {
    let nothing = [
        "null",
        "{}",
        r#"{"vr":"LO"}"#,
        r#"{"vr":null,"Value":null}"#,
        r#"{"vr":"LO","Value":[]}"#,
        r#"{"vr":"LO","Value":[null]}"#,
        r#"{"vr":"LO","Value":[null,null]}"#,
        r#"{"vr":"LO","Value":""}"#,
        r#"{"vr":"LO","Value":["",""]}"#,
        r#"{"vr":"LO","Value":["   "]}"#,
        r#"{"vr":"LO","Value":["\u0000\u0000"]}"#,
        r#"{"vr":"LO","Value":["\\"]}"#,
        r#"{"vr":"LO","Value":[ ]}"#,
    ];
    for element in nothing {
        assert_eq!(
            mapped(DESCRIPTION, "00081030", element),
            Value::Null,
            "{element}"
        );
        assert_eq!(mapped(NAME, "00100010", element), Value::Null, "{element}");
        assert_eq!(
            mapped(NUMBER, "00200013", element),
            Value::Null,
            "{element}"
        );
        assert_eq!(
            mapped(STARTED, "00080020", element),
            Value::Null,
            "{element}"
        );
    }
}

#[test]
fn padding_is_no_part_of_a_value() {
    for text in [
        "Chest",
        "Chest ",
        "Chest\\u0000",
        "Chest \\u0000 \\u0000",
        " Chest",
        "Chest   ",
    ] {
        let element = format!(r#"{{"vr":"LO","Value":["{text}"]}}"#);
        assert_eq!(
            mapped(DESCRIPTION, "00081030", &element),
            "Chest",
            "{text:?}"
        );
    }
    let sop_class = ("ImagingStudy", "/series/0/instance/0/sopClass/code");
    for uid in ["1.2.3\\u0000", "1.2.3 ", " 1.2.3", "1.2.3\\u0000\\u0000"] {
        let element = format!(r#"{{"vr":"UI","Value":["{uid}"]}}"#);
        assert_eq!(
            mapped(sop_class, "00080016", &element),
            "urn:oid:1.2.3",
            "{uid:?}"
        );
    }
    let modality = ("ImagingStudy", "/series/0/modality/code");
    assert_eq!(
        mapped(modality, "00080060", r#"{"vr":"CS","Value":[" MR "]}"#),
        "MR"
    );
    let padded = cast(
        "ImagingStudy",
        &[
            ("00080020", r#"{"Value":["20240601 "]}"#),
            ("00080030", r#"{"Value":["142501.000000 "]}"#),
            ("00080201", r#"{"Value":["+0200 "]}"#),
        ],
    );
    assert_eq!(padded.0["started"], "2024-06-01T14:25:01+02:00");
}

#[test]
fn a_wrong_or_unknown_representation_says_nothing_against_a_known_attribute() {
    for vr in [
        r#""UN""#, r#""ZZ""#, r#""PN""#, r#""un""#, r#""""#, "null", "5", "[]",
    ] {
        let element = |value: &str| format!(r#"{{"vr":{vr},"Value":["{value}"]}}"#);
        assert_eq!(
            mapped(DESCRIPTION, "00081030", &element("Chest")),
            "Chest",
            "{vr}"
        );
        assert_eq!(mapped(NUMBER, "00200013", &element("7")), 7, "{vr}");
        assert_eq!(
            mapped(STARTED, "00080020", &element("20240601")),
            "2024-06-01",
            "{vr}"
        );
        assert_eq!(families(&element("Rossi^Maria")), ["ABC Rossi"], "{vr}");
    }
    // The bound is that of the attribute, whatever is declared.
    let long = r#"{"vr":"UT","Value":["12345678901234567"]}"#;
    let (study, warnings) = cast("ImagingStudy", &[("00080050", long)]);
    assert_eq!(study["identifier"][1]["value"], "12345678901234567");
    assert_eq!(
        warnings,
        ["AccessionNumber (0008,0050) is longer than 16 characters"]
    );
}

#[test]
fn private_and_unknown_attributes_harm_nothing_whatever_they_hold() {
    let values = [
        "null",
        "5",
        r#""x""#,
        "[]",
        r#"{"vr":"??","Value":[NaN,-Infinity]}"#,
        r#"{"vr":"SQ","Value":[{"00091002":{"vr":"UN","InlineBinary":"AAE="}},null,{}]}"#,
        r#"{"vr":"UN","BulkDataURI":"file:///x"}"#,
        r#"{"vr":"OB","Value":[1,"2"]}"#,
        r#"{"vr":"LO","Value":["\ud800"]}"#,
        r#"{"vr":"FL","Value":[1.,+2,.5,0x1F]}"#,
    ];
    for value in values {
        let elements = [
            ("00090010", r#"{"vr":"LO","Value":["ACME 1.0"]}"#),
            ("00091001", value),
            ("7FE11010", value),
            ("00420099", value),
            ("00081030", r#"{"vr":"LO","Value":["Chest"]}"#),
        ];
        let (study, warnings) = cast("ImagingStudy", &elements);
        assert_eq!(study["description"], "Chest", "{value}");
        assert_eq!(warnings, Vec::<String>::new(), "{value}");
    }
}

#[test]
fn a_bad_value_in_one_attribute_harms_that_one_alone() {
    for bad in [
        r#"{"vr":"LO","Value":["\ud800"]}"#,
        r#"{"vr":"LO","Value":[NaN]}"#,
        r#"{"vr":"LO","Value":[{"Alphabetic":"x"}]}"#,
        r#"{"vr":"LO","Value":["a","b"]}"#,
        r#"{"vr":"LO","Value":"a\\b"}"#,
        r#"{"vr":"LO","Value":["a\u0007b"]}"#,
        r#"{"vr":"LO","Value":[truth]}"#,
    ] {
        let elements = [
            ("00081030", bad),
            ("0008103E", r#"{"vr":"LO","Value":["Axial"]}"#),
            ("00200013", r#"{"vr":"IS","Value":[7]}"#),
        ];
        let (study, warnings) = cast("ImagingStudy", &elements);
        assert_eq!(study["description"], Value::Null, "{bad}");
        assert_eq!(study["series"][0]["description"], "Axial", "{bad}");
        assert_eq!(study["series"][0]["instance"][0]["number"], 7, "{bad}");
        assert_eq!(warnings.len(), 1, "{bad} {warnings:?}");
    }
}

#[test]
fn tags_are_found_in_either_case_and_in_any_order() {
    let key = key("1.2", "1.2.3", "1.2.3.4");
    let json = r#"{"0020000d":{"vr":"UI","Value":["1.2"]},"0020000e":{"vr":"UI","Value":["1.2.3"]},
        "0008103e":{"vr":"LO","Value":["Axial"]},"00080018":{"vr":"UI","Value":["1.2.3.4"]},
        "00100020":{"vr":"LO","Value":["P1"]},"00080060":{"vr":"CS","Value":["CT"]},
        "00080016":{"vr":"UI","Value":["1.2.3"]},"(0008,1030)":{"Value":["x"]},"StudyDescription":{"Value":["x"]}}"#;
    let set = Dataset::parse(Bytes::from_static(json.as_bytes())).unwrap();
    let change = Change::read(1, key, Action::Create, Some(&set), &rules()).unwrap();
    let mut world = World::default();
    world.cast([change]);
    let study = world.only("ImagingStudy");
    assert_eq!(study["series"][0]["description"], "Axial");
    assert_eq!(study["description"], Value::Null);
}

#[test]
fn decoded_characters_of_any_script_arrive_as_they_are() {
    for text in [
        "Ärzt",
        "Грудная клетка",
        "胸部",
        "صدر",
        "בית חזה",
        "흉부",
        "𠮷",
        "e\u{301}",
    ] {
        let element = json!({ "vr": "LO", "Value": [text] }).to_string();
        assert_eq!(mapped(DESCRIPTION, "00081030", &element), text);
        let escaped: String = text
            .encode_utf16()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect();
        let element = format!(r#"{{"vr":"LO","Value":["{escaped}"]}}"#);
        assert_eq!(mapped(DESCRIPTION, "00081030", &element), text);
    }
}

#[test]
fn the_same_holds_under_full_validation_for_values_that_say_nothing() {
    let full = Rules {
        validation: radcast::settings::Validation::Full,
        ..rules()
    };
    let elements = [
        ("00081030", r#"{"vr":"LO","InlineBinary":""}"#),
        ("00100010", r#"{"vr":"PN","Value":[{}]}"#),
        ("00091001", r#"{"vr":"FL","Value":[NaN]}"#),
    ];
    let key = key("1.2", "1.2.3", "1.2.3.4");
    let set = dataset(&key, &elements);
    assert!(Change::read(1, key, Action::Create, Some(&set), &full).is_ok());
}
