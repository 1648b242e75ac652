//! The mapping of `Patient`, row by row: present, absent, empty, invalid, several values,
//! disagreeing instances, replayed, changed by an update.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast_fhir::cast::{Action, Change};
use serde_json::{Value, json};

use crate::cast_world::{World, create, dataset, key, kinds, rules};

const SPECIES: (&str, &str) = ("00102201", r#"{"Value":["Canis"]}"#);
const PERSON: (&str, &str) = ("00102297", r#"{"Value":["Keeper"]}"#);

/// A row: its attribute, a value, the element that it gives; another value, and its element.
struct Row {
    tag: &'static str,
    /// What has to be there too for the row to be written.
    beside: Option<(&'static str, &'static str)>,
    /// The list, and the `id` of ours in it.
    list: &'static str,
    id: &'static str,
    /// Where in our item.
    pointer: &'static str,
    one: &'static str,
    is: &'static str,
    other: &'static str,
    then: &'static str,
    /// Whether it has but one value.
    single: bool,
}

const EN: &str = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation";

const ROW: Row = Row {
    tag: "",
    beside: None,
    list: "",
    id: "",
    pointer: "",
    one: "",
    is: "",
    other: "",
    then: "",
    single: true,
};

/// Every row whose item is told by its `id`.
const ROWS: &[Row] = &[
    Row {
        tag: "00101002",
        list: "identifier",
        id: "OtherPatientIDsSequence",
        one: r#"[{"00100020":{"Value":["X1"]},"00100021":{"Value":["HOSP"]}}]"#,
        is: r#"{"id":"OtherPatientIDsSequence","system":"urn:uuid:000ef8a7-66ab-5755-8a1c-ec5a7ec1ae2d","value":"X1","assigner":{"display":"HOSP"}}"#,
        other: r#"[{"00100020":{"Value":["X2"]},"00100024":{"Value":[{"00400032":{"Value":["1.2.3"]},"00400033":{"Value":["ISO"]}}]}}]"#,
        then: r#"{"id":"OtherPatientIDsSequence","system":"urn:oid:1.2.3","value":"X2"}"#,
        single: false,
        ..ROW
    },
    Row {
        tag: "00101000",
        list: "identifier",
        id: "OtherPatientIDs",
        one: r#"["Y1"]"#,
        is: r#"{"id":"OtherPatientIDs","value":"Y1"}"#,
        other: r#"["Y2","Y3"]"#,
        then: r#"{"id":"OtherPatientIDs","value":"Y2"}"#,
        single: false,
        ..ROW
    },
    Row {
        tag: "00101005",
        list: "name",
        id: "PatientBirthName",
        one: r#"[{"Alphabetic":"Bianchi^Maria  Pia^^Dr.^"}]"#,
        is: r#"{"id":"PatientBirthName","use":"maiden","family":"Bianchi","given":["Maria","Pia"],"prefix":["Dr."]}"#,
        other: r#"[{"Alphabetic":"Bianchi^Maria"}]"#,
        then: r#"{"id":"PatientBirthName","use":"maiden","family":"Bianchi","given":["Maria"]}"#,
        ..ROW
    },
    Row {
        tag: "00101005",
        list: "name",
        id: "PatientBirthName-IDE",
        one: r#"[{"Ideographic":"山田^花子"}]"#,
        is: r#"{"id":"PatientBirthName-IDE","extension":[{"url":"EN","valueCode":"IDE"}],"use":"maiden","family":"山田","given":["花子"]}"#,
        other: r#"["=山田"]"#,
        then: r#"{"id":"PatientBirthName-IDE","extension":[{"url":"EN","valueCode":"IDE"}],"use":"maiden","family":"山田"}"#,
        ..ROW
    },
    Row {
        tag: "00101005",
        list: "name",
        id: "PatientBirthName-SYL",
        one: r#"["A==やまだ"]"#,
        is: r#"{"id":"PatientBirthName-SYL","extension":[{"url":"EN","valueCode":"SYL"}],"use":"maiden","family":"やまだ"}"#,
        other: r#"["A==はなこ"]"#,
        then: r#"{"id":"PatientBirthName-SYL","extension":[{"url":"EN","valueCode":"SYL"}],"use":"maiden","family":"はなこ"}"#,
        ..ROW
    },
    Row {
        tag: "00101001",
        list: "name",
        id: "OtherPatientNames",
        one: r#"["Verdi^Ada","Neri"]"#,
        is: r#"{"id":"OtherPatientNames","use":"old","family":"Verdi","given":["Ada"]}"#,
        other: r#"["Blu"]"#,
        then: r#"{"id":"OtherPatientNames","use":"old","family":"Blu"}"#,
        single: false,
        ..ROW
    },
    Row {
        tag: "00101001",
        list: "name",
        id: "OtherPatientNames-IDE",
        one: r#"[{"Ideographic":"王"}]"#,
        is: r#"{"id":"OtherPatientNames-IDE","extension":[{"url":"EN","valueCode":"IDE"}],"use":"old","family":"王"}"#,
        other: r#"[{"Ideographic":"李"}]"#,
        then: r#"{"id":"OtherPatientNames-IDE","extension":[{"url":"EN","valueCode":"IDE"}],"use":"old","family":"李"}"#,
        single: false,
        ..ROW
    },
    Row {
        tag: "00101001",
        list: "name",
        id: "OtherPatientNames-SYL",
        one: r#"[{"Phonetic":"ワン"}]"#,
        is: r#"{"id":"OtherPatientNames-SYL","extension":[{"url":"EN","valueCode":"SYL"}],"use":"old","family":"ワン"}"#,
        other: r#"[{"Phonetic":"リ"}]"#,
        then: r#"{"id":"OtherPatientNames-SYL","extension":[{"url":"EN","valueCode":"SYL"}],"use":"old","family":"リ"}"#,
        single: false,
        ..ROW
    },
    Row {
        tag: "00102154",
        list: "telecom",
        id: "PatientTelephoneNumbers",
        one: r#"["+41 44 123"]"#,
        is: r#"{"id":"PatientTelephoneNumbers","system":"phone","value":"+41 44 123"}"#,
        other: r#"["a@b.ch","1"]"#,
        then: r#"{"id":"PatientTelephoneNumbers","system":"email","value":"a@b.ch"}"#,
        single: false,
        ..ROW
    },
    Row {
        tag: "00102155",
        list: "telecom",
        id: "PatientTelecomInformation",
        one: r#"["1^PRN^PH~^NET^Internet^a@b.ch"]"#,
        is: r#"{"id":"PatientTelecomInformation","system":"phone","value":"1","use":"home"}"#,
        other: r#"["2"]"#,
        then: r#"{"id":"PatientTelecomInformation","system":"phone","value":"2"}"#,
        ..ROW
    },
    Row {
        tag: "00101040",
        list: "address",
        id: "PatientAddress",
        one: r#"["Weg 1^^Bern^BE^3000"]"#,
        is: r#"{"id":"PatientAddress","use":"home","text":"Weg 1, Bern, BE, 3000"}"#,
        other: r#"["Weg 2, Bern"]"#,
        then: r#"{"id":"PatientAddress","use":"home","text":"Weg 2, Bern"}"#,
        ..ROW
    },
    Row {
        tag: "00102150",
        list: "address",
        id: "PatientAddress",
        one: r#"["CH"]"#,
        is: r#"{"id":"PatientAddress","use":"home","country":"CH"}"#,
        other: r#"["Italy"]"#,
        then: r#"{"id":"PatientAddress","use":"home","country":"Italy"}"#,
        ..ROW
    },
    Row {
        tag: "00102152",
        list: "address",
        id: "PatientAddress",
        one: r#"["Ticino"]"#,
        is: r#"{"id":"PatientAddress","use":"home","state":"Ticino"}"#,
        other: r#"["Uri"]"#,
        then: r#"{"id":"PatientAddress","use":"home","state":"Uri"}"#,
        ..ROW
    },
    Row {
        tag: "00102297",
        list: "contact",
        id: "ResponsiblePerson",
        one: r#"["Keeper^Ann"]"#,
        is: r#"{"id":"ResponsiblePerson","name":{"family":"Keeper","given":["Ann"]}}"#,
        other: r#"["Keeper"]"#,
        then: r#"{"id":"ResponsiblePerson","name":{"family":"Keeper"}}"#,
        ..ROW
    },
    Row {
        tag: "00102299",
        list: "contact",
        id: "ResponsiblePerson",
        one: r#"["Shelter"]"#,
        is: r#"{"id":"ResponsiblePerson","organization":{"display":"Shelter"}}"#,
        other: r#"["Zoo"]"#,
        then: r#"{"id":"ResponsiblePerson","organization":{"display":"Zoo"}}"#,
        ..ROW
    },
    Row {
        tag: "00102298",
        beside: Some(PERSON),
        list: "contact",
        id: "ResponsiblePerson",
        pointer: "/relationship",
        one: r#"["OWNER"]"#,
        is: r#"[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0063","code":"OWN"}],"text":"OWNER"}]"#,
        other: r#"["VETERINARIAN"]"#,
        then: r#"[{"text":"VETERINARIAN"}]"#,
        ..ROW
    },
    Row {
        tag: "00102160",
        list: "extension",
        id: "EthnicGroup",
        one: r#"["Han"]"#,
        is: r#"{"id":"EthnicGroup","extension":[{"url":"text","valueString":"Han"}],"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity"}"#,
        other: r#"["Hui"]"#,
        then: r#"{"id":"EthnicGroup","extension":[{"url":"text","valueString":"Hui"}],"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity"}"#,
        ..ROW
    },
    Row {
        tag: "00102162",
        list: "extension",
        id: "EthnicGroup",
        pointer: "/extension/0/valueString",
        one: r#"["Han","Hui"]"#,
        is: r#""Han, Hui""#,
        other: r#"["Hui"]"#,
        then: r#""Hui""#,
        single: false,
        ..ROW
    },
    Row {
        tag: "00102201",
        list: "extension",
        id: "PatientSpeciesDescription",
        one: r#"["Canis"]"#,
        is: r#"{"id":"PatientSpeciesDescription","extension":[{"url":"species","valueCodeableConcept":{"text":"Canis"}}],"url":"http://hl7.org/fhir/StructureDefinition/patient-animal"}"#,
        other: r#"["Felis"]"#,
        then: r#"{"id":"PatientSpeciesDescription","extension":[{"url":"species","valueCodeableConcept":{"text":"Felis"}}],"url":"http://hl7.org/fhir/StructureDefinition/patient-animal"}"#,
        ..ROW
    },
    Row {
        tag: "00102202",
        list: "extension",
        id: "PatientSpeciesDescription",
        pointer: "/extension/0/valueCodeableConcept",
        one: r#"[{"00080100":{"Value":["448771007"]},"00080102":{"Value":["SCT"]},"00080104":{"Value":["Canis lupus"]}}]"#,
        is: r#"{"coding":[{"system":"http://snomed.info/sct","code":"448771007","display":"Canis lupus"}],"text":"Canis lupus"}"#,
        other: r#"[{"00080100":{"Value":["C"]},"00080102":{"Value":["99X"]}}]"#,
        then: r#"{"coding":[{"system":"urn:dicom:scheme:99X","code":"C"}]}"#,
        single: false,
        ..ROW
    },
    Row {
        tag: "00102293",
        beside: Some(SPECIES),
        list: "extension",
        id: "PatientSpeciesDescription",
        pointer: "/extension/1/valueCodeableConcept/coding/0/code",
        one: r#"[{"00080100":{"Value":["B1"]},"00080102":{"Value":["99X"]},"00080104":{"Value":["Beagle"]}}]"#,
        is: r#""B1""#,
        other: r#"[{"00080100":{"Value":["B2"]},"00080102":{"Value":["99X"]}}]"#,
        then: r#""B2""#,
        single: false,
    },
    Row {
        tag: "00102292",
        beside: Some(SPECIES),
        list: "extension",
        id: "PatientSpeciesDescription",
        pointer: "/extension/1",
        one: r#"["Spaniel"]"#,
        is: r#"{"url":"breed","valueCodeableConcept":{"text":"Spaniel"}}"#,
        other: r#"["Beagle"]"#,
        then: r#"{"url":"breed","valueCodeableConcept":{"text":"Beagle"}}"#,
        ..ROW
    },
    Row {
        tag: "00102203",
        beside: Some(SPECIES),
        list: "extension",
        id: "PatientSpeciesDescription",
        pointer: "/extension/1",
        one: r#"["ALTERED"]"#,
        is: r#"{"url":"genderStatus","valueCodeableConcept":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/animal-genderstatus","code":"neutered"}]}}"#,
        other: r#"["UNALTERED"]"#,
        then: r#"{"url":"genderStatus","valueCodeableConcept":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/animal-genderstatus","code":"intact"}]}}"#,
        ..ROW
    },
];

impl Row {
    fn change(&self, sequence: u64, value: &str) -> Change {
        let element = format!(r#"{{"Value":{value}}}"#);
        self.with(sequence, &element)
    }

    fn with(&self, sequence: u64, element: &str) -> Change {
        let mut elements = vec![(self.tag, element)];
        elements.extend(self.beside);
        create(sequence, key("1.2", "1.3", "1.4"), &elements)
    }

    /// What our item says.
    fn found(&self, world: &World) -> Option<Value> {
        let patient = world.only("Patient");
        let items = patient[self.list].as_array()?;
        let ours = items.iter().find(|item| item["id"] == self.id)?;
        ours.pointer(self.pointer).cloned()
    }

    fn expect(&self, world: &World, json: &str, when: &str) {
        let expected: Value =
            serde_json::from_str(&json.replace("\"EN\"", &format!("\"{EN}\""))).unwrap();
        assert_eq!(
            self.found(world),
            Some(expected),
            "{} {} {when}",
            self.tag,
            self.id
        );
    }
}

/// The patient of somebody else, with items of every list.
const FOREIGN: &str = r#"{"resourceType":"Patient","id":"p","meta":{"versionId":"1"},
    "extension":[{"url":"http://x.example","valueDecimal":1.00}],
    "identifier":[{"system":"urn:mrn","value":"P1","_x":1.0},{"system":"urn:o","value":"9"}],
    "name":[{"use":"official","family":"F","_y":1.0}],"telecom":[{"value":"0","rank":1.0}],
    "address":[{"city":"C","_z":1.0}],"contact":[{"name":{"family":"K"},"_w":1.0}]}"#;

/// Parts of it that have to come back as they are.
const UNTOUCHED: [&str; 6] = [
    r#"{"url":"http://x.example","valueDecimal":1.00}"#,
    r#"{"system":"urn:mrn","value":"P1","_x":1.0}"#,
    r#"{"use":"official","family":"F","_y":1.0}"#,
    r#"{"value":"0","rank":1.0}"#,
    r#"{"city":"C","_z":1.0}"#,
    r#"{"name":{"family":"K"},"_w":1.0}"#,
];

fn foreign() -> World {
    let mut world = World::default();
    world.put(FOREIGN);
    world
}

#[test]
fn a_value_goes_where_the_table_says_among_what_others_wrote() {
    for row in ROWS {
        for mut world in [World::default(), foreign()] {
            let is_foreign = !world.resources.is_empty();
            world.cast([row.change(1, row.one)]);
            row.expect(&world, row.is, "first");
            if is_foreign {
                for untouched in UNTOUCHED {
                    assert!(
                        world.resources["Patient/p"].contains(untouched),
                        "{} {untouched}",
                        row.tag
                    );
                }
            }
        }
    }
}

#[test]
fn said_again_it_is_not_written_again_and_an_update_overwrites_it() {
    for row in ROWS {
        let mut world = foreign();
        world.cast([row.change(1, row.one)]);
        let again = world.cast([row.change(2, row.one)]);
        assert_eq!(kinds(&again), [""; 0], "{} {}", row.tag, row.id);
        world.cast([row.change(3, row.other)]);
        row.expect(&world, row.then, "changed");
        let again = world.cast([row.change(4, row.other)]);
        assert_eq!(kinds(&again), [""; 0], "{} {}", row.tag, row.id);
        world.cast([row.change(5, row.one)]);
        row.expect(&world, row.is, "changed back");
    }
}

#[test]
fn absent_and_empty_values_give_nothing_and_erase_nothing() {
    let nothings = [
        "null",
        "{}",
        r#"{"Value":[]}"#,
        r#"{"Value":[""]}"#,
        r#"{"Value":[null]}"#,
    ];
    for row in ROWS {
        for nothing in nothings {
            let mut world = World::default();
            world.cast([row.with(1, nothing)]);
            let found = row.found(&world);
            assert!(found.is_none(), "{} {nothing} {found:?}", row.tag);
            let mut world = World::default();
            world.cast([row.change(1, row.one)]);
            let after = world.cast([
                row.with(2, nothing),
                create(3, key("1.2", "1.3", "1.4"), &[]),
            ]);
            assert_eq!(kinds(&after), [""; 0], "{} {nothing}", row.tag);
        }
    }
}

#[test]
fn invalid_values_give_nothing_and_one_warning() {
    for row in ROWS {
        let one = &row.one[1..row.one.len() - 1];
        let mut bad = vec![
            "[true]".to_owned(),
            "[NaN]".to_owned(),
            "[\"\\u0007\"]".to_owned(),
        ];
        if row.single {
            let other = &row.other[1..row.other.len() - 1];
            bad.push(format!("[{one},{other}]"));
        }
        for bad in bad {
            let change = row.change(1, &bad);
            let told: Vec<_> = change.warnings().iter().map(ToString::to_string).collect();
            // A sequence is read item by item; what is no item is none.
            if row.tag != "00101002" {
                assert_eq!(told.len(), 1, "{} {bad} {told:?}", row.tag);
            }
            let mut world = World::default();
            world.cast([change]);
            assert_eq!(row.found(&world), None, "{} {bad}", row.tag);
        }
    }
}

#[test]
fn of_disagreeing_instances_the_later_counts_and_one_warning_says_so() {
    for row in ROWS {
        let one = row.change(1, row.one);
        let element = format!(r#"{{"Value":{}}}"#, row.other);
        let mut elements = vec![(row.tag, element.as_str())];
        elements.extend(row.beside);
        let other = create(2, key("1.2", "1.3", "1.5"), &elements);
        let mut world = World::default();
        let merged = world.cast([one, other]);
        row.expect(&world, row.then, "of two");
        assert_eq!(
            merged.disagreements.len(),
            1,
            "{} {:?}",
            row.tag,
            merged.disagreements
        );
    }
}

#[test]
fn of_what_is_stored_and_disagrees_a_notice_says_so_unless_an_update_corrects_it() {
    for row in ROWS {
        let mut world = World::default();
        world.cast([row.change(1, row.one)]);
        let mut updated = world.clone();
        let element = format!(r#"{{"Value":{}}}"#, row.other);
        let mut elements = vec![(row.tag, element.as_str())];
        elements.extend(row.beside);
        let key = key("1.2", "1.3", "1.5");
        let told = world.cast([create(2, key.clone(), &elements)]).notices;
        assert_eq!(told.len(), 1, "{} {told:?}", row.tag);
        let text = told[0].to_string();
        assert!(text.contains("1.5") && text.contains("Patient/"), "{text}");
        let set = dataset(&key, &elements);
        let update = Change::read(2, key, Action::Update, Some(&set), &rules());
        assert_eq!(updated.cast([update.unwrap()]).notices, [], "{}", row.tag);
    }
}

#[test]
fn when_the_instance_goes_that_said_it_last_one_that_remains_says_it() {
    for row in ROWS {
        let element = format!(r#"{{"Value":{}}}"#, row.other);
        let mut elements = vec![(row.tag, element.as_str())];
        elements.extend(row.beside);
        let other = key("1.2", "1.3", "1.5");
        let mut world = World::default();
        world.cast([row.change(1, row.one)]);
        world.cast([create(2, other.clone(), &elements)]);
        row.expect(&world, row.then, "of two");
        let gone = crate::cast_world::delete(3, other);
        let (read, _) = world.cast_reading(&rules(), [gone], |_| row.change(1, row.one));
        assert_eq!(read, Some(key("1.2", "1.3", "1.4")), "{}", row.tag);
        row.expect(&world, row.is, "of the one that remains");
    }
}

#[test]
fn several_attributes_share_an_address_a_contact_and_an_animal() {
    let all = [
        ("00101040", r#"{"Value":["Weg 1"]}"#),
        ("00102150", r#"{"Value":["CH"]}"#),
        ("00102152", r#"{"Value":["Uri"]}"#),
        PERSON,
        ("00102298", r#"{"Value":["AGENT"]}"#),
        ("00102299", r#"{"Value":["Zoo"]}"#),
        SPECIES,
        ("00102292", r#"{"Value":["Spaniel"]}"#),
        ("00102203", r#"{"Value":["ALTERED"]}"#),
    ];
    let mut world = World::default();
    // An instance for each: none of them erases what another said.
    let changes = all
        .iter()
        .zip(1..)
        .map(|(element, at)| create(at, key("1.2", "1.3", &format!("1.4.{at}")), &[*element]));
    world.cast(changes);
    let patient = world.only("Patient");
    assert_eq!(
        patient["address"],
        json!([{"id": "PatientAddress", "use": "home", "text": "Weg 1", "country": "CH", "state": "Uri"}])
    );
    assert_eq!(
        patient["contact"],
        json!([{"id": "ResponsiblePerson", "name": {"family": "Keeper"},
            "organization": {"display": "Zoo"}, "relationship": [{"text": "AGENT"}]}])
    );
    let parts = patient["extension"][0]["extension"].as_array().unwrap();
    let urls: Vec<_> = parts
        .iter()
        .map(|part| part["url"].as_str().unwrap())
        .collect();
    assert_eq!(urls, ["species", "breed", "genderStatus"]);
}

#[test]
fn a_role_alone_is_no_contact_and_a_breed_alone_no_animal() {
    let alone = [
        ("00102298", r#"{"Value":["OWNER"]}"#),
        ("00102292", r#"{"Value":["Spaniel"]}"#),
        ("00102203", r#"{"Value":["ALTERED"]}"#),
    ];
    let mut world = World::default();
    world.cast([create(1, key("1.2", "1.3", "1.4"), &alone)]);
    let patient = world.only("Patient");
    assert_eq!(patient.get("contact").or(patient.get("extension")), None);
}

#[test]
fn extensions_of_which_there_may_be_one_stay_when_somebody_else_wrote_them() {
    let mut world = World::default();
    let stored = FOREIGN.replace(
        r#"{"url":"http://x.example","valueDecimal":1.00}"#,
        r#"{"url":"http://hl7.org/fhir/StructureDefinition/patient-animal","extension":[{"url":"species","valueCodeableConcept":{"text":"Dog"}}]},
           {"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity","extension":[{"url":"text","valueString":"X"}]}"#,
    );
    world.put(&stored);
    let said = [
        SPECIES,
        ("00102160", r#"{"Value":["Han"]}"#),
        ("00102292", r#"{"Value":["Spaniel"]}"#),
    ];
    let merged = world.cast([create(1, key("1.2", "1.3", "1.4"), &said)]);
    assert!(
        !kinds(&merged).iter().any(|kind| kind.contains("Patient")),
        "{:?}",
        kinds(&merged)
    );
}

#[test]
fn what_others_say_already_is_not_said_again() {
    let mut world = World::default();
    world.put(
        r#"{"resourceType":"Patient","id":"p","meta":{"versionId":"1"},
        "identifier":[{"system":"urn:mrn","value":"P1"},{"use":"old","value":"Y1"}],
        "name":[{"use":"maiden","family":"Bianchi","period":{}}],
        "telecom":[{"system":"phone","value":"1","rank":1}],
        "address":[{"type":"both","text":"Weg 1"}],
        "contact":[{"name":{"family":"Keeper"},"gender":"female"}]}"#,
    );
    let said = [
        ("00101000", r#"{"Value":["Y1"]}"#),
        ("00101005", r#"{"Value":["Bianchi"]}"#),
        ("00102154", r#"{"Value":["1"]}"#),
        ("00101040", r#"{"Value":["Weg 1"]}"#),
        PERSON,
    ];
    let merged = world.cast([create(1, key("1.2", "1.3", "1.4"), &said)]);
    assert!(
        !kinds(&merged).iter().any(|kind| kind.contains("Patient")),
        "{:?}",
        kinds(&merged)
    );
}

#[test]
fn a_birth_date_is_corrected_by_an_update_whatever_its_precision() {
    let mut world = foreign();
    for (value, date) in [
        ("1980", "1980"),
        ("19800229", "1980-02-29"),
        ("198003", "1980-03"),
    ] {
        let born = format!(r#"{{"Value":["{value}"]}}"#);
        let key = key("1.2", "1.3", "1.4");
        let set = dataset(&key, &[("00100030", &born)]);
        let change = Change::read(1, key, Action::Update, Some(&set), &rules()).unwrap();
        world.cast([change]);
        assert_eq!(world.only("Patient")["birthDate"], json!(date));
    }
}

#[test]
fn nothing_that_is_late_changes_what_was_said_since() {
    for row in ROWS {
        let mut world = World::default();
        world.cast([row.change(1, row.one)]);
        let late = world.cast([row.change(2, row.other).into_late()]);
        assert!(
            !kinds(&late).iter().any(|kind| kind.contains("Patient")),
            "{}",
            row.tag
        );
    }
}
