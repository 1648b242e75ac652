use dicom_dictionary_std::tags;

use super::*;

fn dataset(json: &str) -> Dataset {
    Dataset::parse(Bytes::copy_from_slice(json.as_bytes())).unwrap()
}

fn reason<T: std::fmt::Debug>(read: Read<T>) -> Reason {
    read.unwrap_err().invalid.reason
}

#[test]
fn elements_are_found_in_any_order_and_case() {
    let set = dataset(
        r#"{"0020000D":{"vr":"UI","Value":["1.2"]},"x":1,"0008103e":{"vr":"LO","Value":["Axial"]}}"#,
    );
    assert_eq!(set.uid(tags::STUDY_INSTANCE_UID), Ok(Some("1.2".into())));
    assert_eq!(set.text(tags::SERIES_DESCRIPTION), Ok(Some("Axial".into())));
    assert_eq!(set.text(tags::STUDY_DESCRIPTION), Ok(None));
    assert!(set.element(tags::STUDY_DESCRIPTION).is_none());
}

#[test]
fn one_bad_element_is_one_bad_element() {
    let set = dataset(
        r#"{"00080060":{"vr":"CS","Value":["CT"]},"00200011":{"vr":"IS","Value":[NaN]},"00200013":{"vr":"IS","Value":[7]}}"#,
    );
    assert_eq!(reason(set.integer(tags::SERIES_NUMBER)), Reason::Malformed);
    assert_eq!(set.integer(tags::INSTANCE_NUMBER), Ok(Some(7)));
    assert_eq!(set.code_string(tags::MODALITY), Ok(Some("CT".into())));
}

#[test]
fn nothing_in_any_spelling_is_no_value() {
    let spellings = [
        "null",
        "{}",
        r#"{"vr":"LO"}"#,
        r#"{"vr":"LO","Value":null}"#,
        r#"{"vr":"LO","Value":[]}"#,
        r#"{"vr":"LO","Value":[null]}"#,
        r#"{"vr":"LO","Value":[""]}"#,
        r#"{"vr":"LO","Value":["  \u0000"]}"#,
        r#"{"vr":"LO","BulkDataURI":null,"InlineBinary":""}"#,
        r#"{"vr":"LO","keyword":"StudyDescription"}"#,
    ];
    for spelling in spellings {
        let set = dataset(&format!(r#"{{"00081030":{spelling}}}"#));
        assert_eq!(set.text(tags::STUDY_DESCRIPTION), Ok(None), "{spelling}");
    }
}

#[test]
fn scalars_numbers_and_texts_stand_for_each_other() {
    let set = dataset(
        r#"{"00200011":{"vr":"IS","Value":"3"},"00200013":{"Value":["7 "]},"00100020":{"vr":"LO","Value":[4711]}}"#,
    );
    assert_eq!(set.integer(tags::SERIES_NUMBER), Ok(Some(3)));
    assert_eq!(set.integer(tags::INSTANCE_NUMBER), Ok(Some(7)));
    assert_eq!(set.text(tags::PATIENT_ID), Ok(Some("4711".into())));
}

#[test]
fn the_dictionary_decides_the_value_representation() {
    let set = dataset(
        r#"{"00080050":{"vr":"UT","Value":["12345678901234567"]},"00091001":{"vr":"sh","Value":["12345678901234567"]}}"#,
    );
    assert_eq!(
        reason(set.text(tags::ACCESSION_NUMBER)),
        Reason::TooLong(16)
    );
    assert_eq!(reason(set.text(Tag(0x0009, 0x1001))), Reason::TooLong(16));
}

#[test]
fn several_values_of_a_single_valued_attribute_are_invalid() {
    for value in [r#"["A","B"]"#, r#"["A\\B"]"#] {
        let set = dataset(&format!(r#"{{"00100020":{{"vr":"LO","Value":{value}}}}}"#));
        assert_eq!(reason(set.text(tags::PATIENT_ID)), Reason::SeveralValues);
    }
    let padded = dataset(r#"{"00100020":{"vr":"LO","Value":[null,"A"]}}"#);
    assert_eq!(padded.text(tags::PATIENT_ID), Ok(Some("A".into())));
}

#[test]
fn what_is_no_element_is_malformed() {
    for element in [
        "5",
        r#""x""#,
        "[1]",
        r#"{"vr":"LO","Value":[true]}"#,
        r#"{"vr":"LO","Value":[{}]}"#,
    ] {
        let set = dataset(&format!(r#"{{"00081030":{element}}}"#));
        assert_eq!(
            reason(set.text(tags::STUDY_DESCRIPTION)),
            Reason::Malformed,
            "{element}"
        );
    }
}

#[test]
fn names_are_read_as_object_and_as_text() {
    for name in [r#"{"Alphabetic":"Rossi^Maria"}"#, r#""Rossi^Maria""#] {
        let set = dataset(&format!(r#"{{"00100010":{{"vr":"PN","Value":[{name}]}}}}"#));
        let name = set.person_name(tags::PATIENT_NAME).unwrap().unwrap();
        assert_eq!(name.alphabetic.given, "Maria");
    }
    for empty in ["{}", r#"{"Alphabetic":null}"#, r#""^^""#, "null"] {
        let set = dataset(&format!(
            r#"{{"00100010":{{"vr":"PN","Value":[{empty}]}}}}"#
        ));
        assert_eq!(set.person_name(tags::PATIENT_NAME), Ok(None), "{empty}");
    }
}

#[test]
fn sequences_are_datasets_themselves() {
    let set = dataset(
        r#"{"0040A730":{"vr":"SQ","Value":[{"0040A730":{"vr":"SQ","Value":[{"00080100":{"Value":["113701"]}}]}},5,{}]}}"#,
    );
    let items = set.items(tags::CONTENT_SEQUENCE);
    assert_eq!(items.len(), 2);
    let inner = items[0].items(tags::CONTENT_SEQUENCE);
    assert_eq!(inner[0].text(tags::CODE_VALUE), Ok(Some("113701".into())));
}

#[test]
fn the_last_of_equal_tags_counts() {
    let set = dataset(r#"{"00080060":{"Value":["CT"]},"00080060":{"Value":["MR"]}}"#);
    assert_eq!(set.code_string(tags::MODALITY), Ok(Some("MR".into())));
}

#[test]
fn neither_dataset_nor_invalid_value_shows_a_value() {
    let set = dataset(r#"{"00100020":{"vr":"LO","Value":["CANARY","CANARY2"]}}"#);
    let invalid = set.text(tags::PATIENT_ID).unwrap_err();
    let told = format!("{set:?} {invalid:?} {invalid}");
    assert!(!told.contains("CANARY"), "{told}");
    assert_eq!(
        invalid.to_string(),
        "PatientID (0010,0020) has several values where one is allowed"
    );
}

#[test]
fn what_is_no_object_is_refused() {
    for json in ["", "null", "[]", "{\"00080060\":"] {
        assert!(Dataset::parse(Bytes::copy_from_slice(json.as_bytes())).is_err());
    }
}

#[test]
fn numbers_have_a_bound_as_text_and_none_as_json_numbers() {
    let of = |value: &str| {
        dataset(&format!(
            r#"{{"00200013":{{"Value":[{value}]}},"00101030":{{"Value":[{value}]}}}}"#
        ))
    };
    let long = "72.5000000000000001";
    let text = of(&format!("\"{long}\""));
    assert_eq!(
        reason(text.decimal(tags::PATIENT_WEIGHT)),
        Reason::TooLong(16)
    );
    let weight = of(long).decimal(tags::PATIENT_WEIGHT).unwrap().unwrap();
    assert_eq!(weight.as_str(), long);
    let text = of(r#""0000000000007""#);
    assert_eq!(
        reason(text.integer(tags::INSTANCE_NUMBER)),
        Reason::TooLong(12)
    );
    assert_eq!(
        of("7.000000000000").integer(tags::INSTANCE_NUMBER),
        Ok(Some(7))
    );
    assert_eq!(
        of(r#"" 72.5 ""#)
            .decimal(tags::PATIENT_WEIGHT)
            .unwrap()
            .unwrap()
            .as_str(),
        "72.5"
    );
}

#[test]
fn attributes_of_several_values_give_all_of_them_or_what_is_wrong() {
    let set = dataset(
        r#"{"00080008":{"Value":["ORIGINAL","PRIMARY\\AXIAL",""]},
            "00101001":{"Value":[{"Alphabetic":"A^B"},"C^D",{}]},
            "00102180":{"Value":["x"]},"00102154":{"Value":["1","\u00072"]}}"#,
    );
    let terms = set.code_strings(tags::IMAGE_TYPE).unwrap();
    assert_eq!(terms, ["ORIGINAL", "PRIMARY", "AXIAL"]);
    let names = set.person_names(tags::OTHER_PATIENT_NAMES).unwrap();
    let families: Vec<_> = names.iter().map(|name| &name.alphabetic.family).collect();
    assert_eq!(families, ["A", "C"]);
    assert_eq!(set.texts(tags::OCCUPATION), Ok(vec!["x".to_owned()]));
    assert_eq!(set.texts(tags::STUDY_DESCRIPTION), Ok(Vec::new()));
    let numbers = set.texts(tags::PATIENT_TELEPHONE_NUMBERS).unwrap_err();
    assert_eq!(numbers.invalid.reason, Reason::Repertoire("SH"));
}

#[test]
fn texts_of_lines_keep_their_backslashes_and_leading_blanks() {
    let set = dataset(r#"{"00104000":{"Value":["  a\\b\r\n  "]},"00080119":{"Value":["a\\b"]}}"#);
    let comments = set.text(tags::PATIENT_COMMENTS).unwrap();
    assert_eq!(comments.as_deref(), Some("  a\\b"));
    assert_eq!(
        reason(set.text(tags::LONG_CODE_VALUE)),
        Reason::SeveralValues
    );
}

#[test]
fn every_reader_takes_text_and_numbers_and_no_objects() {
    let set = dataset(
        r#"{"00101010":{"Value":["045Y"]},"0008002A":{"Value":[20240601]},
            "00081190":{"Value":["urn:a"]},"00101020":{"Value":[{}]},"00080020":{"Value":[20240601]}}"#,
    );
    assert_eq!(set.age(tags::PATIENT_AGE).unwrap().unwrap().number, 45);
    let acquired = set.date_time(tags::ACQUISITION_DATE_TIME).unwrap().unwrap();
    assert_eq!(acquired.date.to_string(), "2024-06-01");
    assert_eq!(set.uri(tags::RETRIEVE_URL), Ok(Some("urn:a".into())));
    assert_eq!(reason(set.decimal(tags::PATIENT_SIZE)), Reason::Malformed);
    assert!(set.date(tags::STUDY_DATE).unwrap().is_some());
}

#[test]
fn however_deep_a_value_is_nested_it_is_one_bad_value() {
    let deep = 1_000_000;
    let read = std::thread::Builder::new().stack_size(128 << 10).spawn(move || {
        let nest = format!("{}{}", r#"[{"a":"#.repeat(deep), "}]".repeat(deep));
        for element in [nest.clone(), format!(r#"{{"Value":[{nest}]}}"#)] {
            let set = dataset(&format!(
                r#"{{"00081030":{element},"00081032":{element},"00100010":{element},"00080060":{{"Value":["CT"]}}}}"#
            ));
            assert_eq!(reason(set.text(tags::STUDY_DESCRIPTION)), Reason::Malformed);
            assert!(set.person_name(tags::PATIENT_NAME).is_err());
            assert!(set.coded_concepts(tags::PROCEDURE_CODE_SEQUENCE)[0].is_err());
            assert_eq!(set.code_string(tags::MODALITY), Ok(Some("CT".into())));
        }
    });
    read.unwrap().join().unwrap();
}

#[test]
fn of_very_many_values_or_items_no_more_are_read_than_anybody_has_use_for() {
    let many = |value: &str| vec![value; 200_000].join(",");
    let joined = vec!["a"; 200_000].join("\\\\");
    for values in [many(r#""a""#), format!(r#""{joined}""#)] {
        let json = format!(
            r#"{{"00101001":{{"vr":"PN","Value":[{values}]}},"00080060":{{"vr":"CS","Value":[{values}]}}}}"#
        );
        let set = Dataset::parse(Bytes::from(json)).unwrap();
        let element = set.element(tags::MODALITY).unwrap();
        assert_eq!(element.all().unwrap().len(), 10_000);
    }
    let items = many(r#"{"00100020":{"vr":"LO","Value":["1"]}}"#);
    let json = format!(r#"{{"00101002":{{"vr":"SQ","Value":[{items}]}}}}"#);
    let set = Dataset::parse(Bytes::from(json)).unwrap();
    assert_eq!(set.items(tags::OTHER_PATIENT_I_DS_SEQUENCE).len(), 10_000);
}
