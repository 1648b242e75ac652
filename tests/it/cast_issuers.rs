//! Whose a patient id is: what is stated of its issuer, by every setting that bears on it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::collections::{BTreeMap, BTreeSet};

use radcast::settings::{Issuers, MissingId, Names, OnUnknownIssuer, PlaceholderIds, Validation};
use radcast_engine::failure::Code;
use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Action, Change, Recent, Rules};
use serde_json::{Value, json};

use crate::cast_world::{World, dataset, key, rules, text};

const UUID: &str = "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6";
const URN: &str = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

/// What a dataset states: local name, universal id and its type; what is empty is not there.
type Stated = [&'static str; 3];

fn one() -> InstanceKey {
    key("1.2", "1.3", "1.4")
}

/// The elements of the macro, by tag.
fn macro_of([local, id, kind]: Stated) -> Vec<(&'static str, String)> {
    let value = |text: &str| json!({ "Value": [text] });
    let mut elements = Vec::new();
    if !local.is_empty() {
        elements.push(("00100021", value(local).to_string()));
    }
    let parts = [("00400032", id), ("00400033", kind)];
    let filled = parts.into_iter().filter(|(_, text)| !text.is_empty());
    let item: BTreeMap<_, _> = filled.map(|(tag, text)| (tag, value(text))).collect();
    if !item.is_empty() {
        elements.push(("00100024", json!({ "Value": [item] }).to_string()));
    }
    elements
}

fn change(stated: Stated, more: &[(&str, &str)], rules: &Rules) -> Result<Change, Code> {
    let elements = macro_of(stated);
    let elements = elements.iter().map(|(tag, json)| (*tag, json.as_str()));
    let elements: Vec<_> = elements.chain(more.iter().copied()).collect();
    let set = dataset(&one(), &elements);
    Change::read(1, one(), Action::Create, Some(&set), rules).map_err(|failure| failure.code)
}

fn identifiers(stated: Stated, more: &[(&str, &str)], rules: &Rules) -> Value {
    let mut world = World::default();
    let change = change(stated, more, rules).unwrap();
    world.cast_by(rules, [change]).unwrap();
    world.only("Patient")["identifier"].clone()
}

/// The system of the patient's id; `own` for one that was made for the issuer.
fn system(stated: Stated, rules: &Rules) -> Option<String> {
    let identifier = identifiers(stated, &[], rules)[0].clone();
    assert_eq!(
        identifier.pointer("/type/coding/0/code"),
        Some(&json!("MR"))
    );
    if identifier.get("assigner").is_some() {
        let system = text(&identifier["system"]);
        assert!(system.starts_with("urn:uuid:"), "{system}");
        return Some("own".to_owned());
    }
    identifier["system"].as_str().map(str::to_owned)
}

fn unset() -> Rules {
    Rules {
        patient_system: None,
        ..rules()
    }
}

fn home() -> Rules {
    Rules {
        home_issuers: ["Home", "1.5"].into_iter().collect(),
        ..rules()
    }
}

fn issuers(rules: Rules) -> Rules {
    Rules {
        issuers: Issuers::default()
            .with("HOSP-A", "urn:oid:1.2.36")
            .with("1.2.9", "urn:nine"),
        ..rules
    }
}

fn by_issuer(rules: Rules) -> Rules {
    Rules {
        issuer_as_system: true,
        ..rules
    }
}

fn failing(rules: Rules) -> Rules {
    Rules {
        on_unknown_issuer: OnUnknownIssuer::Fail,
        ..rules
    }
}

/// The settings that are told apart.
fn settings() -> [Rules; 5] {
    [
        unset(),
        home(),
        issuers(home()),
        by_issuer(home()),
        by_issuer(issuers(home())),
    ]
}

/// What is stated, and the system by each of [`settings`].
const MATRIX: &[(Stated, [&str; 5])] = &[
    (["", "", ""], ["", "urn:mrn", "urn:mrn", "", ""]),
    // A type without an id says nothing.
    (["", "", "ISO"], ["", "urn:mrn", "urn:mrn", "", ""]),
    (
        ["HOSP-A", "", ""],
        ["own", "own", "urn:oid:1.2.36", "HOSP-A", "urn:oid:1.2.36"],
    ),
    (
        [" hosp-a ", "", ""],
        ["own", "own", "urn:oid:1.2.36", "hosp-a", "urn:oid:1.2.36"],
    ),
    (
        ["HOSP-B", "", ""],
        ["own", "own", "own", "HOSP-B", "HOSP-B"],
    ),
    // A system has no blanks.
    (["HOSP B", "", ""], ["own", "own", "own", "own", "own"]),
    (
        ["HOME", "", ""],
        ["own", "urn:mrn", "urn:mrn", "HOME", "HOME"],
    ),
    (["", "1.2.3", "ISO"], ["urn:oid:1.2.3"; 5]),
    (["", UUID, "UUID"], [URN; 5]),
    (
        ["", "http://h.example/id", "URI"],
        ["http://h.example/id"; 5],
    ),
    (["", "H.example", "DNS"], ["dns:h.example"; 5]),
    (["", "h.example", "X500"], ["own"; 5]),
    (["", "h.example", ""], ["own"; 5]),
    (
        ["", "1.2.9", "ISO"],
        [
            "urn:oid:1.2.9",
            "urn:oid:1.2.9",
            "urn:nine",
            "urn:oid:1.2.9",
            "urn:nine",
        ],
    ),
    (
        ["", "1.5", "ISO"],
        [
            "urn:oid:1.5",
            "urn:mrn",
            "urn:mrn",
            "urn:oid:1.5",
            "urn:oid:1.5",
        ],
    ),
    // The name is configured with the system of its universal id.
    (["HOSP-A", "1.2.36", "ISO"], ["urn:oid:1.2.36"; 5]),
    // A known name with a universal id of somebody else.
    (["HOSP-A", "1.2.3", "ISO"], ["urn:oid:1.2.3"; 5]),
    (["HOME", "1.2.3", "ISO"], ["urn:oid:1.2.3"; 5]),
    (["HOSP-A", "x", "X500"], ["own"; 5]),
    (["HOME", "x", "X500"], ["own"; 5]),
    // A known universal id with a name of its own.
    (
        ["HOSP-B", "1.2.9", "ISO"],
        [
            "urn:oid:1.2.9",
            "urn:oid:1.2.9",
            "urn:nine",
            "urn:oid:1.2.9",
            "urn:nine",
        ],
    ),
    (
        ["HOSP-B", "1.5", "ISO"],
        [
            "urn:oid:1.5",
            "urn:mrn",
            "urn:mrn",
            "urn:oid:1.5",
            "urn:oid:1.5",
        ],
    ),
    (
        ["HOME", "1.5", "ISO"],
        [
            "urn:oid:1.5",
            "urn:mrn",
            "urn:mrn",
            "urn:oid:1.5",
            "urn:oid:1.5",
        ],
    ),
    // Both are known, and contradict each other.
    (
        ["HOSP-A", "1.2.9", "ISO"],
        [
            "urn:oid:1.2.9",
            "urn:oid:1.2.9",
            "own",
            "urn:oid:1.2.9",
            "own",
        ],
    ),
    (
        ["HOSP-A", "urn:mrn", "URI"],
        ["urn:mrn", "urn:mrn", "own", "urn:mrn", "urn:mrn"],
    ),
    // Nobody is home by the universal id whose name is configured as somebody else.
    (
        ["HOSP-A", "1.5", "ISO"],
        [
            "urn:oid:1.5",
            "urn:mrn",
            "urn:oid:1.5",
            "urn:oid:1.5",
            "urn:oid:1.5",
        ],
    ),
];

#[test]
fn the_system_of_a_patient_id_follows_from_all_that_is_stated_of_its_issuer() {
    for (stated, expected) in MATRIX {
        for (at, (rules, expected)) in settings().iter().zip(expected).enumerate() {
            let expected = (!expected.is_empty()).then(|| (*expected).to_owned());
            assert_eq!(system(*stated, rules), expected, "{stated:?} by {at}");
        }
    }
}

/// Who is stated in [`MATRIX`], as far as somebody who knows them can tell: an issuer each.
fn is_one_issuer(one: Stated, other: Stated) -> bool {
    let same_name = |a: &str, b: &str| a.trim().eq_ignore_ascii_case(b.trim());
    let [[name, id, _], [other_name, other_id, _]] = [one, other];
    if !id.is_empty() && !other_id.is_empty() {
        let home = ["1.5", "urn:mrn"];
        return same_name(id, other_id) || home.contains(&id) && home.contains(&other_id);
    }
    if id.is_empty() && other_id.is_empty() {
        return same_name(name, other_name);
    }
    // Named once by name and once by id.
    let aliases = [
        (["HOSP-A", ""], ["", "1.2.36"]),
        (["HOME", ""], ["", "1.5"]),
        (["HOME", ""], ["", "urn:mrn"]),
    ];
    let ([name, _], [_, id]) = if id.is_empty() {
        ([name, ""], ["", other_id])
    } else {
        ([other_name, ""], ["", id])
    };
    aliases
        .iter()
        .any(|([alias, _], [_, of])| same_name(name, alias) && *of == id)
}

#[test]
fn one_patient_id_of_two_issuers_is_never_one_patient() {
    for (at, rules) in settings().iter().enumerate() {
        for (one, _) in MATRIX {
            for (other, _) in MATRIX
                .iter()
                .filter(|(other, _)| !is_one_issuer(*one, *other))
            {
                // Whoever states nobody is home, where somebody is.
                let states_nobody = |stated: &Stated| stated[0].is_empty() && stated[1].is_empty();
                let is_home =
                    |stated: &Stated| system(*stated, rules) == system(["", "", ""], rules);
                if states_nobody(one) && is_home(other) || states_nobody(other) && is_home(one) {
                    let known = ["home", "1.5", "urn:mrn"];
                    let named = one.iter().chain(other);
                    let mut named = named.map(|name| name.to_lowercase());
                    assert!(
                        named.any(|name| known.contains(&name.as_str())),
                        "{one:?} {other:?}"
                    );
                    continue;
                }
                let keys = [one, other].map(|stated| {
                    let change = change(*stated, &[], rules).unwrap();
                    change.patient().unwrap().clone()
                });
                assert_ne!(keys[0], keys[1], "{one:?} and {other:?} by {at}");
            }
        }
    }
}

#[test]
fn an_own_system_names_its_issuer_and_is_found_again_in_any_case() {
    let mut world = World::default();
    for spelling in ["HOSP-B", " hosp-b"] {
        let change = change([spelling, "", ""], &[], &rules()).unwrap();
        world.cast([change]);
    }
    let identifier = world.only("Patient")["identifier"].clone();
    assert_eq!(
        identifier,
        json!([{
            "type": {"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"
            }]},
            "system": "urn:uuid:0f0f10ca-ffbf-5193-8ec7-b21e8dae843c",
            "value": "P1",
            "assigner": {"display": "HOSP-B"}
        }])
    );
}

#[test]
fn an_unknown_issuer_fails_the_entry_where_it_shall_and_one_with_a_system_does_not() {
    for rules in [unset(), home(), issuers(home())] {
        for (stated, _) in MATRIX {
            let own = system(*stated, &rules).as_deref() == Some("own");
            let read = change(*stated, &[], &failing(rules.clone())).map(|_| ());
            let expected = if own {
                Err(Code::DicomUnknownIssuer)
            } else {
                Ok(())
            };
            assert_eq!(read, expected, "{stated:?}");
        }
    }
    let set = dataset(&one(), &[("00100021", r#"{"Value":["CANARY"]}"#)]);
    let failure = Change::read(1, one(), Action::Create, Some(&set), &failing(rules()));
    assert_eq!(
        failure.unwrap_err().message,
        "PatientID (0010,0020) is of an issuer that neither Issuers nor Patient:HomeIssuers names"
    );
}

#[test]
fn an_issuer_that_cannot_be_read_fails_the_entry_by_any_settings() {
    let unreadable = [
        ("00100021", r#"{"Value":["A","B"]}"#),
        (
            "00100024",
            r#"{"Value":[{"00400032":{"Value":["1.2","1.3"]}}]}"#,
        ),
        ("00100024", r#"{"Value":["1.2"]}"#),
        (
            "00100024",
            r#"{"Value":[{"00400032":{"Value":["1.2"]}},{"00400032":{"Value":["1.3"]}}]}"#,
        ),
    ];
    for rules in settings() {
        for element in unreadable {
            let read = change(["", "", ""], &[element], &rules).map(|_| ());
            assert_eq!(read, Err(Code::DicomMissingAttribute), "{element:?}");
        }
    }
}

#[test]
fn a_local_name_in_the_qualifiers_counts_where_there_is_no_other() {
    let qualifiers = ("00100024", r#"{"Value":[{"00400031":{"Value":["HOME"]}}]}"#);
    let of = |stated| identifiers(stated, &[qualifiers], &home())[0]["system"].clone();
    assert_eq!(of(["", "", ""]), "urn:mrn");
    assert_ne!(of(["HOSP-B", "", ""]), "urn:mrn");
}

/// Other ids `system|value`, with `own` for a system that was made for the issuer.
fn others(stated: Stated, items: &str, rules: &Rules) -> Vec<String> {
    let all = identifiers(stated, &[("00101002", items)], rules);
    let others = all.as_array().unwrap().iter().skip(1);
    let told = others.map(|it| {
        let own = it["assigner"].get("display").map(|_| "own");
        let system = own.unwrap_or_else(|| text(&it["system"]));
        format!("{system}|{}", text(&it["value"]))
    });
    told.collect()
}

const OTHERS: &str = r#"{"Value":[{"00100020":{"Value":["A"]},"00100021":{"Value":["HOSP-A"]}},
    {"00100020":{"Value":["B"]},"00100021":{"Value":["X Y"]}},
    {"00100020":{"Value":["C"]}},
    {"00100020":{"Value":["D"]},"00100021":{"Value":["home"]}},
    {"00100020":{"Value":["E"]},"00100024":{"Value":[{"00400032":{"Value":["h.example"]},
        "00400033":{"Value":["DNS"]}}]}},
    {"00100020":{"Value":["unknown"]},"00100021":{"Value":["home"]}},
    {}]}"#;

#[test]
fn other_ids_have_the_systems_of_their_own_issuers() {
    let none = ["", "", ""];
    assert_eq!(
        others(none, OTHERS, &issuers(home())),
        [
            "urn:oid:1.2.36|A",
            "own|B",
            "|C",
            "urn:mrn|D",
            "dns:h.example|E"
        ]
    );
    assert_eq!(
        others(none, OTHERS, &issuers(unset())),
        ["urn:oid:1.2.36|A", "own|B", "own|D", "dns:h.example|E"],
        "what has no system might be a PatientID"
    );
    assert_eq!(
        others(["HOSP-B", "", ""], OTHERS, &by_issuer(home())),
        ["HOSP-A|A", "own|B", "|C", "home|D", "dns:h.example|E"]
    );
}

#[test]
fn another_id_of_an_unknown_issuer_is_left_out_where_such_fail() {
    let rules = failing(issuers(home()));
    let told = change(["", "", ""], &[("00101002", OTHERS)], &rules).unwrap();
    let told: Vec<_> = told.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "OtherPatientIDsSequence (0010,1002) is of an issuer that neither Issuers nor Patient:HomeIssuers names",
            "OtherPatientIDsSequence (0010,1002) is one of Patient:PlaceholderIds",
        ]
    );
    let left = others(["", "", ""], OTHERS, &rules);
    assert_eq!(
        left,
        ["urn:oid:1.2.36|A", "|C", "urn:mrn|D", "dns:h.example|E"]
    );
}

fn system_by(recent: &mut Recent, stated: Stated) -> Value {
    let elements = macro_of(stated);
    let elements: Vec<_> = elements
        .iter()
        .map(|(tag, json)| (*tag, json.as_str()))
        .collect();
    let set = dataset(&one(), &elements);
    let change = recent.read(1, one(), Action::Create, Some(&set)).unwrap();
    let mut world = World::default();
    world.cast([change]);
    world.only("Patient")["identifier"][0]["system"].clone()
}

#[test]
fn the_first_issuer_that_is_stated_may_become_home_and_no_second_one() {
    let stated = |stated: Stated| {
        let elements = macro_of(stated);
        let elements: Vec<_> = elements
            .iter()
            .map(|(tag, json)| (*tag, json.as_str()))
            .collect();
        dataset(&one(), &elements)
    };
    let mut recent = Recent::new(issuers(rules()));
    for nobody in [
        ["", "", ""],
        ["HOSP-A", "", ""],
        ["", "1.2.9", "ISO"],
        ["HOSP-A", "1.7", "ISO"],
        ["HOSP-B", "1.2.9", "ISO"],
        ["HOSP-B", "urn:mrn", "URI"],
    ] {
        assert_eq!(recent.new_issuer(&stated(nobody)), None, "{nobody:?}");
    }
    let before = system_by(&mut recent, ["", "", ""]);
    let first = recent
        .new_issuer(&stated(["HOSP-C", "1.7", "ISO"]))
        .unwrap();
    assert_eq!(first.name.as_deref(), Some("HOSP-C"));
    assert_eq!(first.universal_id.as_deref(), Some("1.7"));
    recent.know_home(&first);
    assert_eq!(recent.new_issuer(&stated(["HOSP-D", "", ""])), None);
    for of_home in [["hosp-c", "", ""], ["", "1.7", "ISO"], ["", "", ""]] {
        assert_eq!(system_by(&mut recent, of_home), before, "{of_home:?}");
    }
    for other in [["HOSP-D", "", ""], ["HOSP-C", "1.8", "ISO"]] {
        assert_ne!(system_by(&mut recent, other), before, "{other:?}");
    }
}

#[test]
fn nobody_becomes_home_where_home_is_named_or_has_no_system_or_no_use() {
    let set = dataset(&one(), &[("00100021", r#"{"Value":["HOSP-C"]}"#)]);
    for rules in [unset(), home(), by_issuer(rules())] {
        assert_eq!(Recent::new(rules).new_issuer(&set), None);
    }
    assert!(Recent::new(rules()).new_issuer(&set).is_some());
    let none = [
        [("00100020", "{}"), ("00100021", r#"{"Value":["HOSP-C"]}"#)],
        [
            ("00100020", r#"{"Value":["NOID"]}"#),
            ("00100021", r#"{"Value":["HOSP-C"]}"#),
        ],
        [("00100024", "{}"), ("00100021", r#"{"Value":["A","B"]}"#)],
    ];
    for elements in none {
        let set = dataset(&one(), &elements);
        assert_eq!(Recent::new(rules()).new_issuer(&set), None, "{elements:?}");
    }
}

const PLACEHOLDERS: [&str; 6] = ["NOID", " unknown ", "0", "00000000", "Anonymous", "N/A"];

fn with_id(id: &str, rules: &Rules) -> Result<Change, (Code, String)> {
    let id = json!({ "Value": [id] }).to_string();
    let set = dataset(&one(), &[("00100020", &id)]);
    let read = Change::read(1, one(), Action::Create, Some(&set), rules);
    read.map_err(|failure| (failure.code, failure.message))
}

#[test]
fn a_placeholder_is_nobodys_id() {
    for id in PLACEHOLDERS {
        let (code, message) = with_id(id, &rules()).unwrap_err();
        assert_eq!(code, Code::DicomPlaceholderId);
        assert_eq!(
            message,
            "PatientID (0010,0020) is one of Patient:PlaceholderIds"
        );
    }
    let ids: BTreeSet<_> = ["P1", "00001", "ANON1"].into_iter().collect();
    for id in ids {
        assert!(with_id(id, &rules()).is_ok(), "{id}");
    }
    let none = Rules {
        placeholder_ids: PlaceholderIds::of(&[]),
        ..rules()
    };
    assert!(with_id("NOID", &none).is_ok());
}

#[test]
fn studies_with_placeholders_have_a_patient_each_where_those_without_an_id_have() {
    let rules = Rules {
        missing_id: MissingId::PerStudy,
        ..rules()
    };
    let mut world = World::default();
    for (study, id) in ["1.21", "1.22", "1.23"].into_iter().zip(PLACEHOLDERS) {
        let key = key(study, "1.3", "1.4");
        let id = json!({ "Value": [id] }).to_string();
        let set = dataset(&key, &[("00100020", &id)]);
        let change = Change::read(1, key, Action::Create, Some(&set), &rules).unwrap();
        world.cast_by(&rules, [change]).unwrap();
    }
    let patients = world.all("Patient");
    assert_eq!(patients.len(), 3);
    for patient in patients {
        assert_eq!(patient["identifier"][0]["system"], "urn:dicom:uid");
    }
}

#[test]
fn an_id_of_blanks_of_any_kind_is_none_and_blanks_around_one_are_no_part() {
    for id in ["\u{a0}", " \u{2003}\u{3000} "] {
        let (code, message) = with_id(id, &rules()).unwrap_err();
        assert_eq!(code, Code::DicomMissingAttribute);
        assert_eq!(message, "PatientID (0010,0020) is missing");
    }
    let mut world = World::default();
    world.cast([with_id("\u{a0}P1\u{a0}", &rules()).unwrap()]);
    assert_eq!(world.only("Patient")["identifier"][0]["value"], "P1");
}

#[test]
fn a_placeholder_beside_something_else_that_is_missing_is_one_of_several() {
    let set = dataset(
        &one(),
        &[("00100020", r#"{"Value":["0"]}"#), ("00080060", "{}")],
    );
    for validation in [Validation::Partial, Validation::Full] {
        let rules = Rules {
            validation,
            home_issuers: Names::default(),
            ..rules()
        };
        let failure = Change::read(1, one(), Action::Create, Some(&set), &rules).unwrap_err();
        assert_eq!(failure.code, Code::DicomMissingAttribute);
        assert!(
            failure.message.contains("Patient:PlaceholderIds"),
            "{}",
            failure.message
        );
    }
}
