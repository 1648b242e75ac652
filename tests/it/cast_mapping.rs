//! The mapping, row by row: present, absent, empty, invalid, several values.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast_fhir::cast::{Rules, StudyDelta, Write, merge};
use serde_json::{Value, json};

use crate::cast_world::{World, create, dataset, key, rules};

/// The resources that one instance makes, as (type, resource).
fn cast(elements: &[(&str, &str)], rules: &Rules) -> World {
    let key = key("1.2", "1.2.3", "1.2.3.4");
    let dataset = dataset(&key, elements);
    let action = radcast_fhir::cast::Action::Create;
    let change = radcast_fhir::cast::Change::read(1, key, action, Some(&dataset), rules).unwrap();
    let mut world = World::default();
    world.cast_by(rules, [change]).unwrap();
    world
}

fn mapped(resource_type: &str, pointer: &str, elements: &[(&str, &str)]) -> Option<Value> {
    let world = cast(elements, &rules());
    world.only(resource_type).pointer(pointer).cloned()
}

/// Resource, element, attribute, its value, and the value of the element.
const ROWS: &[[&str; 5]] = &[
    ["Patient", "/gender", "00100040", r#"["F"]"#, r#""female""#],
    ["Patient", "/gender", "00100040", r#"["M"]"#, r#""male""#],
    ["Patient", "/gender", "00100040", r#"["O "]"#, r#""other""#],
    [
        "Patient",
        "/birthDate",
        "00100030",
        r#"["19800229"]"#,
        r#""1980-02-29""#,
    ],
    [
        "Patient",
        "/birthDate",
        "00100030",
        r#"["198002"]"#,
        r#""1980-02""#,
    ],
    [
        "Patient",
        "/birthDate",
        "00100030",
        r#"["1980"]"#,
        r#""1980""#,
    ],
    [
        "Patient",
        "/name",
        "00100010",
        r#"[{"Alphabetic":"Rossi^Maria  Pia^Anna ^Dr.^MD^"}]"#,
        r#"[{"use":"usual","family":"Rossi","given":["Maria","Pia","Anna"],"prefix":["Dr."],"suffix":["MD"]}]"#,
    ],
    [
        "ImagingStudy",
        "/identifier/1/value",
        "00080050",
        r#"["A 1"]"#,
        r#""A 1""#,
    ],
    [
        "ImagingStudy",
        "/description",
        "00081030",
        r#"[" Chest CT "]"#,
        r#""Chest CT""#,
    ],
    [
        "ImagingStudy",
        "/started",
        "00080020",
        r#"["20240601"]"#,
        r#""2024-06-01""#,
    ],
    [
        "ImagingStudy",
        "/started",
        "00080020",
        r#"["2024"]"#,
        r#""2024""#,
    ],
    ["ImagingStudy", "/series/0/number", "00200011", "[3]", "3"],
    [
        "ImagingStudy",
        "/series/0/description",
        "0008103E",
        r#"["Axial"]"#,
        r#""Axial""#,
    ],
    [
        "ImagingStudy",
        "/series/0/started",
        "00080021",
        r#"["20240601"]"#,
        r#""2024-06-01""#,
    ],
    [
        "ImagingStudy",
        "/series/0/instance/0/number",
        "00200013",
        r#"["7"]"#,
        "7",
    ],
];

#[test]
fn a_value_goes_where_the_table_says() {
    for [resource_type, pointer, tag, value, expected] in ROWS {
        let element = format!(r#"{{"Value":{value}}}"#);
        let found = mapped(resource_type, pointer, &[(tag, &element)]);
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(found, Some(expected), "{tag} {value}");
    }
}

#[test]
fn an_absent_or_empty_value_gives_no_element() {
    for [resource_type, pointer, tag, ..] in ROWS {
        assert_eq!(mapped(resource_type, pointer, &[]), None, "{tag}");
        for nothing in [
            "null",
            "{}",
            r#"{"Value":[]}"#,
            r#"{"Value":[""]}"#,
            r#"{"Value":[null]}"#,
        ] {
            assert_eq!(
                mapped(resource_type, pointer, &[(tag, nothing)]),
                None,
                "{tag} {nothing}"
            );
        }
    }
}

#[test]
fn an_invalid_value_gives_no_element_and_a_warning() {
    for [resource_type, pointer, tag, ..] in ROWS {
        for bad in ["[true]", "[NaN]", r#"["A1","A2"]"#] {
            let element = format!(r#"{{"Value":{bad}}}"#);
            let change = create(1, key("1.2", "1.3", "1.4"), &[(tag, &element)]);
            assert_eq!(change.warnings().len(), 1, "{tag} {bad}");
            assert_eq!(
                mapped(resource_type, pointer, &[(tag, &element)]),
                None,
                "{tag} {bad}"
            );
        }
    }
}

#[test]
fn the_same_value_twice_is_one_with_a_warning() {
    for [resource_type, pointer, tag, value, expected] in ROWS {
        let one = &value[1..value.len() - 1];
        let element = format!(r#"{{"Value":[{one},{one}]}}"#);
        let change = create(1, key("1.2", "1.3", "1.4"), &[(tag, &element)]);
        let told: Vec<_> = change.warnings().iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1, "{tag} {told:?}");
        assert!(change.warnings()[0].is_kept && told[0].contains("several values"));
        let found = mapped(resource_type, pointer, &[(tag, &element)]);
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(found, Some(expected), "{tag} {value}");
    }
}

#[test]
fn a_new_study_is_complete() {
    let world = cast(&[], &rules());
    let (patient, endpoint) = (world.only("Patient"), world.only("Endpoint"));
    let mut study = world.only("ImagingStudy");
    study.as_object_mut().unwrap().remove("id");
    let dcm = json!({"system":"http://dicom.nema.org/resources/ontology/DCM","code":"CT"});
    let reference = |r: &Value| {
        format!(
            "{}/{}",
            r["resourceType"].as_str().unwrap(),
            r["id"].as_str().unwrap()
        )
    };
    let sop_class =
        json!({"system":"urn:ietf:rfc:3986","code":"urn:oid:1.2.840.10008.5.1.4.1.1.2"});
    assert_eq!(
        study,
        json!({
            "resourceType": "ImagingStudy",
            "meta": {"source": "https://dicom.example/", "versionId": "1"},
            "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2"}],
            "status": "available",
            "modality": [dcm],
            "subject": {"reference": reference(&patient)},
            "endpoint": [{"reference": reference(&endpoint)}],
            "numberOfSeries": 1,
            "numberOfInstances": 1,
            "series": [{
                "uid": "1.2.3",
                "modality": dcm,
                "endpoint": [{"reference": reference(&endpoint)}],
                "numberOfInstances": 1,
                "instance": [{"uid": "1.2.3.4", "sopClass": sop_class}],
            }],
        })
    );
}

#[test]
fn a_new_patient_and_endpoint_are_complete() {
    let world = cast(&[], &rules());
    let mr =
        json!({"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]});
    let patient = world.only("Patient");
    assert_eq!(
        patient["identifier"],
        json!([{"type": mr, "system": "urn:mrn", "value": "P1"}])
    );
    let endpoint = world.only("Endpoint");
    let expected = json!({
        "resourceType": "Endpoint",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": "https://dicom.example/v2"}],
        "status": "active",
        "connectionType": {
            "system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type",
            "code": "dicom-wado-rs",
        },
        "name": "DICOM WADO-RS endpoint https://dicom.example/",
        "payloadType": [{"text": "DICOM WADO-RS"}],
        "payloadMimeType": ["application/dicom"],
        "address": "https://dicom.example/v2",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&endpoint[name], value, "{name}");
    }
}

#[test]
fn the_three_writings_of_a_name_are_three_names() {
    let name = r#"{"Value":[{"Alphabetic":"Yamada^Tarou","Ideographic":"山田^太郎","Phonetic":"やまだ^たろう"}]}"#;
    let names = mapped("Patient", "/name", &[("00100010", name)]).unwrap();
    let url = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation";
    assert_eq!(
        names,
        json!([
            {"use":"usual","family":"Yamada","given":["Tarou"]},
            {"extension":[{"url":url,"valueCode":"IDE"}],"use":"usual","family":"山田","given":["太郎"]},
            {"extension":[{"url":url,"valueCode":"SYL"}],"use":"usual","family":"やまだ","given":["たろう"]},
        ])
    );
}

#[test]
fn a_time_is_written_when_its_zone_is_known() {
    let date = ("00080020", r#"{"Value":["20240601"]}"#);
    let time = ("00080030", r#"{"Value":["142501.250"]}"#);
    let offset = ("00080201", r#"{"Value":["-0930"]}"#);
    let started = |elements: &[(&str, &str)], rules: &Rules| {
        let study = cast(elements, rules).only("ImagingStudy");
        study["started"].as_str().map(str::to_owned)
    };
    let zoned = Rules {
        time_zone: Some(jiff::tz::TimeZone::fixed(jiff::tz::offset(2))),
        ..rules()
    };
    let cases = [
        (started(&[date, time], &rules()), "2024-06-01"),
        (started(&[date, offset], &zoned), "2024-06-01"),
        (
            started(&[date, time], &zoned),
            "2024-06-01T14:25:01.25+02:00",
        ),
        (
            started(&[date, time, offset], &zoned),
            "2024-06-01T14:25:01.25-09:30",
        ),
    ];
    for (started, expected) in cases {
        assert_eq!(started.as_deref(), Some(expected));
    }
    assert_eq!(started(&[time, offset], &zoned), None);
}

#[test]
fn a_negative_number_is_left_out_without_warning() {
    let number = [("00200011", r#"{"Value":[-1]}"#)];
    assert_eq!(mapped("ImagingStudy", "/series/0/number", &number), None);
    assert!(create(1, key("1", "2", "3"), &number).warnings().is_empty());
}

#[test]
fn creates_are_conditional_on_the_escaped_identity() {
    let change = create(
        1,
        key("1.2", "1.3", "1.4"),
        &[("00100020", r#"{"Value":["A,B|C&D"]}"#)],
    );
    let delta = StudyDelta::of(change);
    let writes = || merge(&delta, &Default::default(), &rules()).unwrap().writes;
    let condition = |write: &Write| match write {
        Write::Create {
            identity, full_url, ..
        } => (identity.encoded(), full_url.clone()),
        other => panic!("{other:?}"),
    };
    let conditions: Vec<_> = writes().iter().map(condition).collect();
    let expected = [
        "identifier=urn:ietf:rfc:3986%7Chttps://dicom.example/v2",
        "identifier=urn:mrn%7CA%5C%2CB%5C%7CC%26D",
        "identifier=urn:dicom:uid%7Curn:oid:1.2",
    ];
    assert!(
        conditions
            .iter()
            .map(|(condition, _)| condition)
            .eq(expected)
    );
    let again: Vec<_> = writes().iter().map(condition).collect();
    assert_eq!(again, conditions, "full URLs derive from the identity");
}
