//! Items of sequences, and several values.

use radcast::settings::Issuers;
use radcast_fhir::cast::Rules;
use serde_json::json;

use super::table::ROWS;
use super::{made, made_by, pairs, says, tokens};
use crate::cast_world::{World, rules};

#[test]
fn a_bad_item_of_a_sequence_leaves_the_good_ones() {
    let code = |code: &str| {
        format!(r#"{{"00080100":{{"Value":["{code}"]}},"00080102":{{"Value":["99M"]}}}}"#)
    };
    let codes = format!(
        r#"[{},"x",{{"00080100":{{"Value":["2"]}}}},{}]"#,
        code("1"),
        code("3")
    );
    let requests = format!(
        r#"[5,{{"00080050":{{"Value":["{}"]}},"00402016":{{"Value":["P1"]}},"00401002":{{"Value":[true]}},"0040100A":{{"Value":{codes}}}}},
            {{"00080050":{{"Value":["A2"]}},"00401002":{{"Value":["Why"]}},"00321064":{{"Value":[NaN]}}}}]"#,
        "x".repeat(17)
    );
    let said = [
        ("00081032", codes.as_str()),
        ("00400275", requests.as_str()),
    ];
    let count = |pointer| made(&said, pointer).unwrap().as_array().unwrap().len();
    assert_eq!((count("/procedureCode"), count("/reasonCode")), (2, 3));
    assert_eq!(
        tokens(made(&said, "/basedOn")),
        pairs(&[("", &"x".repeat(17)), ("", "P1"), ("", "A2")])
    );
    let change = says(1, &said);
    let mut told: Vec<_> = change.warnings().iter().map(ToString::to_string).collect();
    told.sort();
    assert_eq!(
        told,
        [
            "ProcedureCodeSequence (0008,1032) cannot be read as DICOM JSON",
            "ProcedureCodeSequence (0008,1032) has an item whose CodingSchemeDesignator is missing or invalid",
            "ReasonForRequestedProcedureCodeSequence (0040,100A) cannot be read as DICOM JSON",
            "ReasonForRequestedProcedureCodeSequence (0040,100A) has an item whose CodingSchemeDesignator is missing or invalid",
            "RequestAttributesSequence (0040,0275) cannot be read as DICOM JSON",
            "RequestAttributesSequence (0040,0275) has an item whose AccessionNumber is missing or invalid",
            "RequestAttributesSequence (0040,0275) has an item whose ReasonForTheRequestedProcedure is missing or invalid",
            "RequestedProcedureCodeSequence (0032,1064) cannot be read as DICOM JSON",
        ]
    );
}

#[test]
fn several_values_where_one_is_allowed_are_none() {
    for (tag, pointer) in [
        ("00080050", "/basedOn"),
        ("00200010", "/identifier/1"),
        ("00380010", "/encounter"),
        ("00402016", "/basedOn"),
        ("00080090", "/referrer"),
        ("00081040", "/location"),
        ("00401002", "/reasonCode"),
        ("00080070", "/series/0/performer"),
    ] {
        let said = [(tag, r#"["A","B"]"#)];
        assert_eq!(says(1, &said).warnings().len(), 1, "{tag}");
        assert_eq!(made(&said, pointer), None, "{tag}");
    }
}

#[test]
fn requested_procedures_count_while_no_performed_one_is_coded() {
    let code = |code: &str| {
        format!(r#"[{{"00080100":{{"Value":["{code}"]}},"00080102":{{"Value":["99M"]}}}}]"#)
    };
    let (performed, requested) = (code("P"), code("R"));
    let codes = |said: &[(&str, &str)]| {
        let codes = made(said, "/procedureCode").unwrap();
        let codes: Vec<_> = codes
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["coding"][0]["code"].clone())
            .collect();
        json!(codes)
    };
    let both = [
        ("00081032", performed.as_str()),
        ("00321064", requested.as_str()),
    ];
    assert_eq!(codes(&both), json!(["P"]));
    let unusable = [
        ("00081032", r#"[{"00080104":{"Value":["CT"]}}]"#),
        ("00321064", requested.as_str()),
    ];
    assert_eq!(codes(&unusable), json!(["R"]));
}

#[test]
fn a_reason_in_the_words_of_its_code_is_given_once() {
    let code = r#"[{"00080100":{"Value":["29857009"]},"00080102":{"Value":["SCT"]},"00080104":{"Value":["Chest pain"]}}]"#;
    let said = [("0040100A", code), ("00401002", r#"["Chest pain"]"#)];
    assert_eq!(
        made(&said, "/reasonCode")
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let said = [("0040100A", code), ("00401002", r#"["Cough"]"#)];
    assert_eq!(
        made(&said, "/reasonCode")
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

const CODED: &str = r#"{"00401101":{"Value":[{"00080100":{"Value":["7"]},"00080102":{"Value":["NPI"]},"00080104":{"Value":["Dr. X"]}}]},"00080082":{"Value":[{"00080100":{"Value":["H"]},"00080102":{"Value":["99M"]},"00080104":{"Value":["Hospital"]}}]}}"#;

#[test]
fn the_issuer_of_a_persons_code_may_be_configured() {
    let rules = Rules {
        issuers: Issuers::default().with("npi", "http://hl7.org/fhir/sid/us-npi"),
        ..rules()
    };
    let coded = format!("[{CODED}]");
    let referrer = made_by(&[("00080096", &coded)], "/referrer", &rules);
    let expected = json!({"id":"ReferringPhysicianName","type":"Practitioner","identifier":{"system":"http://hl7.org/fhir/sid/us-npi","value":"7","assigner":{"display":"Hospital"}},"display":"Dr. X"});
    assert_eq!(referrer, Some(expected));
}

#[test]
fn codes_of_persons_that_belong_to_nobody_in_particular_are_left_out() {
    let coded = format!("[{CODED}]");
    let said = [("00081070", r#"["A","B"]"#), ("00081072", coded.as_str())];
    let performers = made(&said, "/series/0/performer").unwrap();
    let actors: Vec<_> = performers
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["actor"].clone())
        .collect();
    let actor = |name: &str| json!({"type":"Practitioner","display":name});
    assert_eq!(actors, [actor("A"), actor("B")]);
}

#[test]
fn a_bad_identification_leaves_the_name() {
    let bad = r#"[{"00401101":{"Value":[{"00080104":{"Value":["Dr. X"]}}]}}]"#;
    let said = [("00080090", r#"["Rossi^Maria"]"#), ("00080096", bad)];
    let referrer = made(&said, "/referrer").unwrap();
    assert_eq!(referrer["display"], "Maria Rossi");
    let told: Vec<_> = says(1, &said)
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "ReferringPhysicianIdentificationSequence (0008,0096) has an item whose PersonIdentificationCodeSequence is missing or invalid"
        ]
    );
}

#[test]
fn references_and_performers_of_others_stay() {
    let mut world = World::default();
    let kept = [
        r#""encounter":{"reference":"Encounter/1"}"#,
        r#""referrer":{"reference":"Practitioner/1","display":"x"}"#,
        r#""location":{"reference":"Location/1"}"#,
        r#"{"reference":"ServiceRequest/1"}"#,
        r#"{"coding":[{"code":"x"}]}"#,
        r#"{"actor":{"reference":"Device/1"}}"#,
    ];
    let [encounter, referrer, location, order, code, performer] = kept;
    world.put(&format!(
        r#"{{"resourceType":"ImagingStudy","id":"s","meta":{{"versionId":"1"}},{encounter},{referrer},{location},
        "identifier":[{{"system":"urn:dicom:uid","value":"urn:oid:1.2"}}],
        "basedOn":[{order}],"procedureCode":[{code}],"reasonCode":[{code}],"interpreter":[{order}],
        "series":[{{"uid":"1.2.3","performer":[{performer}]}}]}}"#
    ));
    for row in ROWS {
        world.cast([says(1, row.said)]);
        world.cast([says(2, row.otherwise)]);
    }
    let stored = &world.resources["ImagingStudy/s"];
    for kept in kept {
        assert!(stored.contains(kept), "{kept}\n{stored}");
    }
}
