//! Attributes that are there in a form of which no value can be read, or not easily: none of them is
//! passed over without a word.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use radcast::settings::Validation;
use radcast_engine::failure::Failure;
use radcast_fhir::cast::{Action, Change, MappedAttribute, Origin, Rules, mapping};
use serde_json::{Value, json};

use crate::cast_world::{World, dataset, key, rules};

fn partial() -> Rules {
    Rules {
        body_observations: true,
        ..rules()
    }
}

fn read(elements: &[(&str, &str)], rules: &Rules) -> Result<Change, Failure> {
    let key = key("1.2", "1.3", "1.4");
    let set = dataset(&key, elements);
    Change::read(1, key, Action::Create, Some(&set), rules)
}

fn read_one(tag: &str, element: &str) -> Result<Change, Failure> {
    read(&[(tag, element)], &partial())
}

/// Every attribute of the mapping that stands in the dataset of an instance.
fn attributes() -> Vec<MappedAttribute> {
    let rows = mapping().into_iter().flat_map(|resource| resource.rows);
    let rows = rows.filter(|row| {
        let is_measure = row.path == "Observation.valueQuantity";
        let is_read = matches!(row.origin, Origin::Dataset | Origin::Entry);
        is_read && (!row.path.starts_with("Observation") || is_measure)
    });
    let mut all: Vec<_> = rows.flat_map(|row| row.attributes).collect();
    all.sort_by_key(|attribute| attribute.tag);
    all.dedup();
    all
}

fn tag(attribute: MappedAttribute) -> String {
    format!("{:04X}{:04X}", attribute.tag.0, attribute.tag.1)
}

/// A value of an attribute, as JSON.
fn value(attribute: MappedAttribute) -> Value {
    match (attribute.keyword, attribute.vr) {
        ("StudyInstanceUID", _) => json!("1.2"),
        ("SeriesInstanceUID", _) => json!("1.3"),
        ("SOPInstanceUID", _) => json!("1.4"),
        ("TimezoneOffsetFromUTC", _) => json!("+0200"),
        ("PatientSex", _) => json!("F"),
        ("PatientSexNeutered", _) => json!("ALTERED"),
        ("Laterality" | "ImageLaterality" | "FrameLaterality", _) => json!("L"),
        (_, "PN") => json!({"Alphabetic": "Rossi^Maria"}),
        (_, "UI") => json!("1.2.840.10008.5.1.4.1.1.2"),
        (_, "DA") => json!("20240601"),
        (_, "TM") => json!("142501"),
        (_, "IS") => json!("7"),
        (_, "DS") => json!("1.75"),
        (_, "CS") => json!("TERM"),
        (_, "SQ") => json!({
            "00080100": {"Value": ["X1"]}, "00080102": {"Value": ["99LOCAL"]},
            "00080104": {"Value": ["Local"]}, "00400032": {"Value": ["1.2.3"]},
            "00400033": {"Value": ["ISO"]}, "00080050": {"Value": ["A9"]},
            "00400551": {"Value": ["S1"]}, "00401002": {"Value": ["Because"]},
            "00100020": {"Value": ["OTHER"]}, "0040A123": {"Value": ["Who"]},
            "00401101": {"Value": [{"00080100": {"Value": ["D1"]}, "00080102": {"Value": ["99LOCAL"]}}]},
        }),
        _ => json!("Text"),
    }
}

/// The value in implicit VR little endian.
fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Object(item) if !item.contains_key("Alphabetic") => {
            let elements = item
                .iter()
                .map(|(tag, element)| encoded(tag, &bytes(&element["Value"][0])));
            encoded("FFFEE000", &elements.collect::<Vec<_>>().concat())
        }
        Value::Object(name) => name["Alphabetic"].as_str().unwrap().into(),
        text => text.as_str().unwrap().into(),
    }
}

fn encoded(tag: &str, value: &[u8]) -> Vec<u8> {
    let number = |range| u16::from_str_radix(&tag[range], 16).unwrap().to_le_bytes();
    let length = u32::try_from(value.len()).unwrap().to_le_bytes();
    [&number(0..4)[..], &number(4..8), &length, value].concat()
}

/// What comes of an instance, and what is said about it.
fn made(change: &Change) -> (Vec<Value>, Vec<String>) {
    let mut world = World::default();
    world.cast_by(&partial(), [change.clone()]).unwrap();
    let all = ["Patient", "ImagingStudy", "Observation"].iter();
    let warnings = change.warnings().iter().map(ToString::to_string);
    (
        all.flat_map(|kind| world.all(kind)).collect(),
        warnings.collect(),
    )
}

#[test]
fn what_is_binary_is_read_like_text_in_every_attribute() {
    for attribute in attributes() {
        let (tag, value) = (tag(attribute), value(attribute));
        let plain = json!({ "vr": attribute.vr, "Value": [value] }).to_string();
        let plain = made(&read_one(&tag, &plain).unwrap());
        let binary = STANDARD.encode(bytes(&value));
        for vr in ["UN", attribute.vr, "OB"] {
            for binary in [json!(binary), json!([binary])] {
                let element = json!({ "vr": vr, "InlineBinary": binary }).to_string();
                let read = made(&read_one(&tag, &element).unwrap());
                assert_eq!(read, plain, "{} as {vr}", attribute.keyword);
            }
        }
        assert_eq!(plain.1, Vec::<String>::new(), "{}", attribute.keyword);
    }
}

#[test]
fn what_cannot_be_read_is_named_in_every_attribute() {
    let forms = [
        r#"{"vr":"UN","InlineBinary":"%%%"}"#,
        r#"{"vr":"UN","InlineBinary":5}"#,
        r#"{"vr":"UN","InlineBinary":["QUJD","QUJD"]}"#,
        // No sequence, and no UTF-8.
        r#"{"vr":"UN","InlineBinary":"/////w=="}"#,
        r#"{"vr":"UN","BulkDataURI":"https://dicom.example/bulk/1"}"#,
        r#"{"vr":"LO","BulkDataURI":"../bulk/1","Value":[]}"#,
        r#"{"vr":"LO","BulkDataURI":{"a":1}}"#,
        r#"{"vr":"OB","DataFragment":[null,{"BulkDataURI":"a"}]}"#,
        r#"{"vr":"LO","values":["x"]}"#,
        "5",
        r#""x""#,
        "[1]",
        "true",
        r#"{"vr":"LO","Value":true}"#,
        r#"{"vr":"LO","Value":[[1]]}"#,
        r#"{"vr":"LO","Value":[NaN]}"#,
    ];
    let full = Rules {
        validation: Validation::Full,
        ..partial()
    };
    for attribute in attributes() {
        for form in forms {
            let about = format!("{} {form}", attribute.keyword);
            let names_it = |told: &str| {
                let named = format!("{} {}", attribute.keyword, attribute.tag);
                assert!(told.contains(&named), "{about}: {told}");
            };
            match read_one(&tag(attribute), form) {
                Ok(change) => {
                    let (_, warnings) = made(&change);
                    assert!(!warnings.is_empty(), "{about}: not a word");
                    names_it(&warnings.join("; "));
                }
                Err(failure) => names_it(&failure.message),
            }
            let refused = read(&[(&tag(attribute), form)], &full).unwrap_err();
            names_it(&refused.message);
        }
    }
}

#[test]
fn another_representation_is_read_or_named_in_every_attribute() {
    for attribute in attributes() {
        let (tag, value) = (tag(attribute), value(attribute));
        let plain = json!({ "vr": attribute.vr, "Value": [value] }).to_string();
        let plain = made(&read_one(&tag, &plain).unwrap());
        for vr in ["UN", "OB", "LO", "SQ", "PN", "ZZ"] {
            let element = json!({ "vr": vr, "Value": [value] }).to_string();
            assert_eq!(
                made(&read_one(&tag, &element).unwrap()),
                plain,
                "{} as {vr}",
                attribute.keyword
            );
        }
        let other = match attribute.vr {
            "SQ" => json!("Text"),
            _ => json!({ "00080100": { "vr": "SH", "Value": [7] } }),
        };
        for vr in ["LO", "SQ", "UN"] {
            let element = json!({ "vr": vr, "Value": [other] }).to_string();
            let told = match read_one(&tag, &element) {
                Ok(change) => made(&change).1.join("; "),
                Err(failure) => failure.message,
            };
            // A name without groups that are known says nothing.
            if attribute.vr != "PN" {
                assert!(
                    told.contains(attribute.keyword),
                    "{} {element}: {told}",
                    attribute.keyword
                );
            }
        }
    }
}

fn unknown(bytes: &[u8]) -> String {
    json!({ "vr": "UN", "InlineBinary": STANDARD.encode(bytes) }).to_string()
}

/// The description and the warnings, of bytes in this Specific Character Set.
fn described(character_set: Option<&str>, bytes: &[u8]) -> (Value, Vec<String>) {
    let element = unknown(bytes);
    let mut elements = vec![("00081030", element.as_str())];
    let set = character_set.map(|set| json!({ "vr": "CS", "Value": [set] }).to_string());
    elements.extend(set.as_deref().map(|set| ("00080005", set)));
    let (resources, warnings) = made(&read(&elements, &partial()).unwrap());
    (resources[1]["description"].clone(), warnings)
}

#[test]
fn binary_text_is_read_by_the_character_set_of_its_dataset() {
    let told = |reason: &str| vec![format!("StudyDescription (0008,1030) {reason}")];
    let none = Vec::<String>::new();
    assert_eq!(
        described(Some("ISO_IR 100"), b"Sch\xe4del"),
        (json!("Schädel"), none.clone())
    );
    assert_eq!(
        described(Some("ISO_IR 144"), b"\xb3\xe0\xe3\xd4\xec"),
        (json!("Грудь"), none.clone())
    );
    assert_eq!(
        described(None, "Schädel".as_bytes()),
        (json!("Schädel"), none.clone())
    );
    assert_eq!(described(None, b"CT \0"), (json!("CT"), none));
    let misspelt = told("is read by a Specific Character Set whose name is misspelt");
    for name in ["ISO-IR 100", "ISO_IR_100", "latin1"] {
        assert_eq!(
            described(Some(name), b"Sch\xe4del"),
            (json!("Schädel"), misspelt.clone())
        );
    }
    let unread = told("has characters of no declared and known Specific Character Set");
    for set in [
        None,
        Some("ISO_IR 192"),
        Some("ISO_IR 999"),
        Some("ISO_IR 6"),
    ] {
        assert_eq!(
            described(set, b"Sch\xe4del"),
            (Value::Null, unread.clone()),
            "{set:?}"
        );
    }
}

#[test]
fn items_inherit_the_character_set() {
    let item = encoded(
        "FFFEE000",
        &[
            encoded("00080100", b"X1"),
            encoded("00080102", b"99LOCAL"),
            encoded("00080104", b"Sch\xe4del"),
        ]
        .concat(),
    );
    let elements = [
        ("00080005", r#"{"vr":"CS","Value":["ISO_IR 100"]}"#),
        ("00081032", &unknown(&item)),
    ];
    let (resources, warnings) = made(&read(&elements, &partial()).unwrap());
    assert_eq!(resources[1]["procedureCode"][0]["text"], "Schädel");
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn a_dose_report_whose_content_is_elsewhere_is_told_of() {
    let elements = [
        ("00080060", r#"{"vr":"CS","Value":["SR"]}"#),
        (
            "00080016",
            r#"{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.88.67"]}"#,
        ),
        (
            "0040A043",
            r#"{"vr":"SQ","Value":[{"00080100":{"Value":["113701"]},"00080102":{"Value":["DCM"]}}]}"#,
        ),
        (
            "0040A730",
            r#"{"vr":"SQ","BulkDataURI":"https://dicom.example/1"}"#,
        ),
    ];
    let warnings = made(&read(&elements, &partial()).unwrap()).1;
    assert_eq!(
        warnings,
        [
            "ContentSequence (0040,A730) is given by a reference (BulkDataURI), which is not followed"
        ]
    );
}
