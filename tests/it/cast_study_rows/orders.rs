//! Accession numbers and orders.

use radcast::settings::Issuers;
use radcast_fhir::cast::Rules;

use super::{change, made, made_by, one, pairs, says, study, tokens};
use crate::cast_world::{World, key, kinds, rules};

#[test]
fn the_system_of_accession_numbers_is_the_issuers_else_the_configured_one() {
    let rules = Rules {
        accession_system: Some("urn:default".into()),
        issuers: Issuers::default().with("RIS", "urn:ris"),
        ..rules()
    };
    let number = ("00080050", r#"["A1"]"#);
    let issuer = ("00080051", r#"[{"00400031":{"Value":["ris"]}}]"#);
    let unknown = ("00080051", r#"[{"00400031":{"Value":["x"]}}]"#);
    let request = (
        "00400275",
        r#"[{"00080050":{"Value":["A2"]}},{"00080050":{"Value":["A3"]},"00080051":{"Value":[{"00400031":{"Value":["RIS"]}}]}}]"#,
    );
    for (values, system) in [
        (vec![number], "urn:default"),
        (vec![number, issuer], "urn:ris"),
        (vec![number, unknown], "urn:default"),
    ] {
        let study = ("urn:dicom:uid", "urn:oid:1.2");
        let identifiers = tokens(made_by(&values, "/identifier", &rules));
        assert_eq!(identifiers, pairs(&[study, (system, "A1")]));
        assert_eq!(
            tokens(made_by(&values, "/basedOn", &rules)),
            pairs(&[(system, "A1")])
        );
    }
    let requested = tokens(made_by(&[request], "/basedOn", &rules));
    assert_eq!(
        requested,
        pairs(&[("urn:default", "A2"), ("urn:ris", "A3")])
    );
    let placer = [("00402016", r#"["P1"]"#)];
    assert_eq!(
        tokens(made_by(&placer, "/basedOn", &rules)),
        pairs(&[("", "P1")])
    );
}

/// A study that others wrote, with these identifiers besides its own.
fn with_identifiers(identifiers: &[String]) -> World {
    let mut world = World::default();
    world.put(&format!(
        r#"{{"resourceType":"ImagingStudy","id":"s","meta":{{"versionId":"1"}},
            "identifier":[{{"system":"urn:dicom:uid","value":"urn:oid:1.2"}},{}]}}"#,
        identifiers.join(",")
    ));
    world
}

fn acsn(members: &str) -> String {
    format!(
        r#"{{"type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"ACSN"}}]}},{members}}}"#
    )
}

#[test]
fn what_dicom_cast_wrote_is_given_its_system_and_changes_with_it() {
    let rules = Rules {
        accession_system: Some("urn:ris".into()),
        ..rules()
    };
    let foreign = [
        acsn(r#""system":"urn:other","value":"A1""#),
        acsn(r#""value":"A1","assigner":{"display":"RIS"}"#),
    ];
    let [first, second] = &foreign;
    let mut world = with_identifiers(&[first.clone(), acsn(r#""value":"A1""#), second.clone()]);
    for number in ["A1", "A2"] {
        let value = format!(r#"["{number}"]"#);
        let said = [("00080050", value.as_str())];
        world
            .cast_by(&rules, [change(1, one(), &said, &rules)])
            .unwrap();
        let stored = &world.resources["ImagingStudy/s"];
        let ours = acsn(&format!(r#""system":"urn:ris","value":"{number}""#));
        let ours = ours.replacen('{', r#"{"id":"AccessionNumber-identifier","#, 1);
        let expected = format!("{first},{ours},{second}");
        assert!(stored.contains(&expected), "{stored}\n{expected}");
        let again = world
            .cast_by(&rules, [change(1, one(), &said, &rules)])
            .unwrap();
        assert_eq!(kinds(&again), [""; 0]);
    }
}

#[test]
fn an_accession_number_that_somebody_else_wrote_is_not_written_again() {
    let foreign = acsn(r#""system":"urn:ris","value":"A1 ","period":{"start":"2020"}"#);
    let mut world = with_identifiers(std::slice::from_ref(&foreign));
    world.cast([says(1, &[("00080050", r#"["A1"]"#)])]);
    let identifiers = tokens(study(&world, "/identifier"));
    assert_eq!(identifiers.len(), 2, "{identifiers:?}");
    world.cast([says(2, &[("00080050", r#"["A2"]"#)])]);
    let stored = &world.resources["ImagingStudy/s"];
    assert!(stored.contains(&foreign), "{stored}");
    assert_eq!(tokens(study(&world, "/identifier")).len(), 3);
}

#[test]
fn an_instance_without_issuer_does_not_take_the_system_away() {
    let issuer = (
        "00080051",
        r#"[{"00400032":{"Value":["1.5"]},"00400033":{"Value":["ISO"]}}]"#,
    );
    let number = ("00080050", r#"["A1"]"#);
    let mut world = World::default();
    world.cast([says(1, &[number, issuer])]);
    let merged = world.cast([says(2, &[number])]);
    assert_eq!(kinds(&merged), [""; 0]);
    assert_eq!(
        tokens(study(&world, "/basedOn")),
        pairs(&[("urn:oid:1.5", "A1")])
    );
}

#[test]
fn an_order_is_referred_to_once_by_each_number() {
    let said = [
        ("00080050", r#"["A1"]"#),
        ("00402016", r#"["P1"]"#),
        ("00402017", r#"["P1"]"#),
        (
            "00400275",
            r#"[{"00080050":{"Value":["A1"]},"00402016":{"Value":["P1"]}},{"00080050":{"Value":["A2"]}}]"#,
        ),
    ];
    let based_on = made(&said, "/basedOn").unwrap();
    let told: Vec<_> = based_on
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let kind = &item["identifier"]["type"]["coding"][0]["code"];
            format!(
                "{} {}",
                kind.as_str().unwrap(),
                item["identifier"]["value"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(told, ["ACSN A1", "PLAC P1", "FILL P1", "ACSN A2"]);
}

#[test]
fn an_order_that_another_instance_names_elsewhere_is_not_repeated() {
    let mut world = World::default();
    world.cast([
        says(1, &[("00080050", r#"["A1"]"#)]),
        change(
            2,
            key("1.2", "1.2.4", "1.2.4.5"),
            &[("00400275", r#"[{"00080050":{"Value":["A1"]}}]"#)],
            &rules(),
        ),
    ]);
    assert_eq!(tokens(study(&world, "/basedOn")), pairs(&[("", "A1")]));
}
