//! Values that only DICOM has a rule against: they are kept, with a warning, and full validation
//! refuses them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast::settings::Validation;
use radcast_engine::failure::{Code, Failure};
use radcast_fhir::cast::{Action, Change, Origin, Rules, mapping};
use serde_json::{Value, json};

use crate::cast_world::{World, dataset, key, rules};

fn read(tag: &str, values: &Value, validation: Validation) -> Result<Change, Failure> {
    let key = key("1.2", "1.3", "1.4");
    let element = json!({ "Value": values }).to_string();
    let set = dataset(&key, &[(tag, &element)]);
    let rules = Rules {
        validation,
        body_observations: true,
        ..rules()
    };
    Change::read(1, key, Action::Create, Some(&set), &rules)
}

/// Patient and study that come of an instance with this attribute, and the warnings.
fn made(tag: &str, values: &Value) -> (Value, Value, Vec<String>) {
    let change = read(tag, values, Validation::Partial).unwrap();
    let warnings = change.warnings().iter();
    let warnings = warnings
        .map(|invalid| radcast_fhir::cast::omitted(invalid).to_string())
        .collect();
    let mut world = World::default();
    world.cast([change]);
    (world.only("Patient"), world.only("ImagingStudy"), warnings)
}

fn longest(vr: &str) -> Option<usize> {
    Some(match vr {
        "SH" | "CS" => 16,
        "LO" | "PN" => 64,
        "ST" => 1_024,
        "LT" => 10_240,
        _ => return None,
    })
}

/// Terms of which FHIR has codes.
const OF_TERMS: [&str; 6] = [
    "PatientSex",
    "PatientSexNeutered",
    "Laterality",
    "ImageLaterality",
    "FrameLaterality",
    "TimezoneOffsetFromUTC",
];

#[test]
fn in_every_attribute_a_value_one_character_too_long_is_kept_and_told_of() {
    let mut tried = 0;
    let rows = mapping().into_iter().flat_map(|resource| resource.rows);
    let rows =
        rows.filter(|row| row.origin == Origin::Dataset && !row.path.starts_with("Observation"));
    for row in rows {
        // Those behind it stand in items, or count only without it.
        let attribute = row.attributes[0];
        let Some(longest) =
            longest(attribute.vr).filter(|_| !OF_TERMS.contains(&attribute.keyword))
        else {
            continue;
        };
        tried += 1;
        let tag = format!("{:04X}{:04X}", attribute.tag.0, attribute.tag.1);
        let long = "X".repeat(longest + 1);
        let (patient, study, warnings) = made(&tag, &json!([long]));
        let told = format!(
            "{} {} is longer than {longest} characters; stored in FHIR all the same",
            attribute.keyword, attribute.tag
        );
        assert_eq!(warnings, [told], "{row}");
        let needs_another =
            ["ResponsiblePersonRole", "PatientBreedDescription"].contains(&attribute.keyword);
        let is_there = [&patient, &study]
            .iter()
            .any(|resource| resource.to_string().contains(&long));
        assert!(is_there || needs_another, "{row}");
        let refused = read(&tag, &json!([long]), Validation::Full).unwrap_err();
        assert_eq!(refused.code, Code::DicomInvalidValue, "{row}");
    }
    assert!(tried > 30, "{tried}");
}

#[test]
fn too_long_has_a_bound() {
    for (tag, longest, most) in [
        ("00080050", 16, 1_024),
        ("00081030", 64, 1_024),
        ("00180015", 16, 1_024),
        ("00420010", 1_024, 65_536),
        ("00102155", 10_240, 65_536),
    ] {
        let warned = |length: usize| {
            let warnings = made(tag, &json!(["X".repeat(length)])).2;
            assert_eq!(
                warnings.len(),
                usize::from(length > longest),
                "{tag} {length}"
            );
            warnings
                .iter()
                .any(|told| told.ends_with("not stored in FHIR"))
        };
        assert!(
            !warned(longest) && !warned(most) && warned(most + 1),
            "{tag}"
        );
    }
    let name = |length: usize| made("00100010", &json!([{ "Alphabetic": "X".repeat(length) }]));
    assert!(name(1_024).0["name"][0]["family"].is_string());
    assert!(name(1_025).0["name"].is_null());
}

#[test]
fn a_modality_is_kept_however_it_is_written() {
    for (values, code) in [
        (json!(["ct"]), "CT"),
        (json!(["CT", "CT"]), "CT"),
        (json!(["CT\\CT"]), "CT"),
        (json!(["CT", "MR"]), "CT"),
        (json!(["ct", "mr"]), "CT"),
        (json!(["CT/PT"]), "CT/PT"),
        (
            json!(["TOMOGRAPHY OF THE CHEST"]),
            "TOMOGRAPHY OF THE CHEST",
        ),
    ] {
        let (_, study, warnings) = made("00080060", &values);
        assert_eq!(study["series"][0]["modality"]["code"], code, "{values}");
        assert_eq!(study["modality"][0]["code"], code, "{values}");
        assert_eq!(warnings.len(), 1, "{values} {warnings:?}");
        assert!(
            read("00080060", &values, Validation::Full).is_err(),
            "{values}"
        );
    }
    for none in [json!([]), json!([" "]), json!(["C\u{7}T"]), json!([{}])] {
        let failure = read("00080060", &none, Validation::Partial).unwrap_err();
        assert_eq!(failure.code, Code::DicomMissingAttribute, "{none}");
    }
}

#[test]
fn terms_in_small_letters_are_the_terms() {
    for (tag, value, pointer, code) in [
        ("00100040", "f", "/0/gender", "female"),
        ("00200060", "l", "/1/series/0/laterality/code", "7771000"),
        (
            "00180015",
            "chest",
            "/1/series/0/bodySite/code",
            "816094009",
        ),
        (
            "00180015",
            "Chest and abdomen, portal phase",
            "/1/series/0/bodySite/display",
            "Chest and abdomen, portal phase",
        ),
    ] {
        let (patient, study, warnings) = made(tag, &json!([value]));
        let both = json!([patient, study]);
        assert_eq!(both.pointer(pointer), Some(&json!(code)), "{value}");
        assert_eq!(warnings.len(), 1, "{value}");
        assert!(
            warnings[0].ends_with("all the same"),
            "{value}: {warnings:?}"
        );
        assert!(read(tag, &json!([value]), Validation::Full).is_err());
    }
    for (tag, value) in [("00100040", "w"), ("00200060", "left")] {
        let warnings = made(tag, &json!([value])).2;
        assert_eq!(warnings.len(), 1, "{value}");
        assert!(
            warnings[0].ends_with("not stored in FHIR"),
            "{value}: {warnings:?}"
        );
    }
}

#[test]
fn a_patient_id_that_is_too_long_is_who_it_says_and_two_are_nobody() {
    let long = "9".repeat(65);
    for values in [json!([long]), json!([long, long])] {
        let (patient, _, warnings) = made("00100020", &values);
        assert_eq!(patient["identifier"][0]["value"], long);
        assert_eq!(warnings.len(), 1);
    }
    let two = read("00100020", &json!(["1", "2"]), Validation::Partial).unwrap_err();
    assert_eq!(two.code, Code::DicomMissingAttribute);
}

#[test]
fn who_stands_for_nobody_does_so_however_it_is_written() {
    for values in [
        json!(["NOID"]),
        json!(["NOID", "NOID"]),
        json!(["NOID\\NOID"]),
    ] {
        let failure = read("00100020", &values, Validation::Partial).unwrap_err();
        assert_eq!(failure.code, Code::DicomPlaceholderId, "{values}");
    }
}

#[test]
fn an_issuer_that_is_too_long_is_whom_it_says() {
    let long = "H".repeat(65);
    let (patient, _, warnings) = made("00100021", &json!([long]));
    assert_ne!(patient["identifier"][0]["system"], "urn:mrn");
    assert_eq!(patient["identifier"][0]["assigner"]["display"], long);
    assert_eq!(
        warnings,
        ["IssuerOfPatientID (0010,0021) is longer than 64 characters; stored in FHIR all the same"]
    );
    let two = read("00100021", &json!(["A", "B"]), Validation::Partial).unwrap_err();
    assert_eq!(two.code, Code::DicomMissingAttribute);
}

#[test]
fn codes_and_numbers_have_no_such_bound_either() {
    let code = json!([{
        "00080100": { "Value": ["12345678901234567"] }, "00080102": { "Value": ["99LOCAL"] },
        "00080104": { "Value": ["M".repeat(65)] },
    }]);
    let (_, study, warnings) = made("00081032", &code);
    assert_eq!(
        study["procedureCode"][0]["coding"][0]["code"],
        "12345678901234567"
    );
    assert_eq!(study["procedureCode"][0]["text"], "M".repeat(65));
    assert_eq!(warnings.len(), 1);
    let (_, study, warnings) = made("00200013", &json!(["0000000000007"]));
    assert_eq!(study["series"][0]["instance"][0]["number"], 7);
    assert_eq!(warnings.len(), 1);
}
