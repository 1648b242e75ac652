//! Row by row: what each content item becomes.

use radcast_fhir::cast::Rules;
use serde_json::{Value, json};

use super::report::{
    cast, coded, components, container, elements, event, item, moment, number, observations,
    only_event, place, sid, stored, summary, uid, words, x_ray,
};
use crate::cast_world::{World, items, rules, text};

const QUANTITIES: [&str; 12] = [
    "113722", "113725", "111637", "113726", "113728", "113730", "113727", "113729", "113855",
    "113813", "113814", "113839",
];
const X_RAY: [&str; 6] = ["122130", "113738", "111636", "111631", "113742", "113824"];
const CT: [&str; 6] = ["113830", "113838", "113930", "113839", "113824", "113825"];
const ADMINISTRATION: [&str; 5] = ["113507", "113508", "113509", "123005", "113839"];

/// Each quantity, as the components of what is cast from an item of this name and value.
fn of_quantities(value: impl Fn(&str) -> Value) -> Vec<(String, Vec<Value>)> {
    let summaries = QUANTITIES.map(|code| {
        let total = container("113702", &[value(code)]);
        (code, summary(&cast(&[total])))
    });
    let of_event = |kind: &'static str| {
        let value = &value;
        move |code: &'static str| {
            let event = container(
                kind,
                &[uid("113769", "1.9"), container("1", &[value(code)])],
            );
            (code, only_event(&cast(&[event])))
        }
    };
    let events = X_RAY.map(of_event("113706")).into_iter();
    let events = events.chain(CT.map(of_event("113819")));
    let all = events
        .chain(ADMINISTRATION.map(of_event("113502")))
        .chain(summaries);
    all.map(|(code, said)| {
        let components = components(&said, code).into_iter().cloned().collect();
        (code.to_owned(), components)
    })
    .collect()
}

#[test]
fn every_quantity_comes_with_its_unit_and_its_digits() {
    for (code, said) in of_quantities(|code| number(code, json!("1.50"), "mGy")) {
        let [component] = said.as_slice() else {
            panic!("{code}: {said:?}")
        };
        let expected = json!({
            "value": 1.5, "unit": "meaning of mGy", "system": "http://unitsofmeasure.org",
            "code": "mGy",
        });
        assert_eq!(component["valueQuantity"], expected, "{code}");
        let coding = &component["code"]["coding"][0];
        assert_eq!(
            coding["system"],
            "http://dicom.nema.org/resources/ontology/DCM"
        );
    }
    let world = cast(&[number("113813", json!("1.50"), "mGy")]);
    let summary = world
        .resources
        .values()
        .find(|json| json.contains("113813"));
    assert!(summary.unwrap().contains(r#""value":1.50"#));
}

#[test]
fn zero_is_a_value() {
    for zero in [json!(0), json!("0.00")] {
        for (code, said) in of_quantities(|code| number(code, zero.clone(), "Gy")) {
            assert_eq!(said.len(), 1, "{code}");
            assert_eq!(
                said[0]["valueQuantity"]["value"].as_f64(),
                Some(0.0),
                "{code}"
            );
        }
    }
}

#[test]
fn what_was_not_measured_or_is_no_number_is_left_out() {
    type Make = fn(&str) -> Value;
    let makes: [Make; 6] = [
        |code| item(code, json!({}), &[]),
        |code| item(code, json!({ "0040A300": { "vr": "SQ" } }), &[]),
        |code| {
            item(
                code,
                json!({ "0040A300": { "vr": "SQ", "Value": [{}] } }),
                &[],
            )
        },
        |code| number(code, json!("NaN"), "mGy"),
        |code| number(code, json!(null), "mGy"),
        |code| {
            item(
                code,
                json!({ "0040A300": { "vr": "DS", "Value": ["1"] } }),
                &[],
            )
        },
    ];
    for make in makes {
        for (code, said) in of_quantities(make) {
            assert_eq!(said, Vec::<Value>::new(), "{code}");
        }
    }
}

#[test]
fn a_number_without_unit_is_a_number() {
    let bare = json!({ "0040A300": { "Value": [{ "0040A30A": { "Value": [7] } }] } });
    let world = cast(&[item("113813", bare, &[])]);
    let summary = summary(&world);
    assert_eq!(
        components(&summary, "113813")[0]["valueQuantity"],
        json!({ "value": 7 })
    );
}

#[test]
fn counts_are_integers_as_long_as_they_are_whole() {
    for (value, expected) in [
        (json!("96"), json!({ "valueInteger": 96 })),
        (json!(0), json!({ "valueInteger": 0 })),
        (json!("12.0"), json!({ "valueInteger": 12 })),
    ] {
        for code in ["113731", "113812"] {
            let summary = summary(&cast(&[number(code, value.clone(), "1")]));
            let component = components(&summary, code)[0];
            assert_eq!(component["valueInteger"], expected["valueInteger"]);
        }
    }
    let odd = summary(&cast(&[number("113731", json!("0.5"), "1")]));
    assert_eq!(
        components(&odd, "113731")[0]["valueQuantity"]["value"],
        json!(0.5)
    );
    let pulses = only_event(&cast(&[event("1.9", &[number("113768", json!(240), "1")])]));
    assert_eq!(components(&pulses, "113768")[0]["valueInteger"], json!(240));
}

/// Event, name, value; its system and code.
const CODED: [(&str, &str, &str, &str, &str); 8] = [
    (
        "113706",
        "113721",
        "44491008,SCT",
        "http://snomed.info/sct",
        "44491008",
    ),
    (
        "113706",
        "113732",
        "113631,DCM",
        "http://dicom.nema.org/resources/ontology/DCM",
        "113631",
    ),
    (
        "113706",
        "113764",
        "113620,DCM",
        "http://dicom.nema.org/resources/ontology/DCM",
        "113620",
    ),
    (
        "113819",
        "113820",
        "P5-08001,SRT",
        "http://snomed.info/sct",
        "116152004",
    ),
    (
        "113819",
        "113835",
        "113691,DCM",
        "http://dicom.nema.org/resources/ontology/DCM",
        "113691",
    ),
    (
        "113502",
        "349358000,SCT",
        "C-B1031,SRT",
        "http://snomed.info/sct",
        "35321007",
    ),
    (
        "113502",
        "89457008,SCT",
        "C-111A1,99SDM",
        "http://snomed.info/sct",
        "77004003",
    ),
    (
        "113502",
        "410675002,SCT",
        "X,99LOCAL",
        "urn:dicom:scheme:99LOCAL",
        "X",
    ),
];

#[test]
fn coded_values_have_their_own_system() {
    for (kind, name, value, system, code) in CODED {
        let event = container(kind, &[uid("113769", "1.9"), coded(name, value, &[])]);
        let event = only_event(&cast(&[event]));
        let name = name.split(',').next().unwrap();
        let said = &components(&event, name)[0]["valueCodeableConcept"];
        assert_eq!(said["coding"][0]["system"], system, "{name}");
        assert_eq!(said["coding"][0]["code"], code, "{name}");
    }
    let reported = summary(&cast(&[coded("121058", "113704,DCM", &[])]));
    let said = &components(&reported, "121058")[0]["valueCodeableConcept"];
    assert_eq!(said["coding"][0]["code"], "113704");
}

#[test]
fn a_code_that_came_as_text_is_its_text() {
    let event = container(
        "113502",
        &[uid("113503", "1.9"), words("349358000,SCT", "FDG")],
    );
    let event = only_event(&cast(&[event]));
    assert_eq!(
        components(&event, "349358000")[0]["valueCodeableConcept"],
        json!({ "text": "FDG" })
    );
    let x_ray = only_event(&cast(&[super::report::event(
        "1.9",
        &[words("125203", "Coro")],
    )]));
    assert_eq!(components(&x_ray, "125203")[0]["valueString"], "Coro");
}

#[test]
fn names_are_known_by_code_and_scheme_and_by_nothing_else() {
    let agent = |name: &str| {
        let content = [uid("113503", "1.9"), coded(name, "1,DCM", &[])];
        let event = only_event(&cast(&[container("113502", &content)]));
        components(&event, "349358000").len()
    };
    for name in [
        "349358000,SCT",
        "349358000,SRT",
        "F-61FDB,SRT",
        "C-B02C9,99SDM",
        "349358000,sct ",
    ] {
        assert_eq!(agent(name), 1, "{name}");
    }
    for name in [
        "349358000,DCM",
        "F-61FDB,LOCAL",
        "349358000",
        "349358001,SCT",
    ] {
        assert_eq!(agent(name), 0, "{name}");
    }
    let mut versioned = number("113813", json!(1), "mGy.cm");
    versioned["0040A043"]["Value"][0]["00080103"] = json!({ "vr": "SH", "Value": ["2024"] });
    versioned["0040A043"]["Value"][0]["00080104"] =
        json!({ "vr": "LO", "Value": ["x".repeat(90)] });
    assert_eq!(components(&summary(&cast(&[versioned])), "113813").len(), 1);
}

#[test]
fn only_dose_reports_are_read() {
    let content = [number("113813", json!(1), "mGy.cm")];
    let count = |title: &str, beside: &[(&str, Value)], rules: &Rules| {
        let mut world = World::default();
        let change = stored(1, place(), &elements(title, &content, beside), rules);
        world.cast_by(rules, [change]).unwrap();
        world.all("Observation").len()
    };
    let class = |uid: &str| ("00080016", json!({ "vr": "UI", "Value": [uid] }));
    let ct = ("00080060", json!({ "vr": "CS", "Value": ["CT"] }));
    for title in ["113701", "113500,DCM", "113701,dcm"] {
        assert_eq!(count(title, &[], &rules()), 1, "{title}");
    }
    for title in ["113704", "113701,99X", "126000"] {
        assert_eq!(count(title, &[], &rules()), 0, "{title}");
    }
    // A report by its class, or by its modality.
    assert_eq!(count("113701", std::slice::from_ref(&ct), &rules()), 1);
    assert_eq!(count("113701", &[class("1.2.3")], &rules()), 1);
    assert_eq!(count("113701", &[class("1.2.3"), ct], &rules()), 0);
    let off = Rules {
        dose_observations: false,
        ..rules()
    };
    assert_eq!(count("113701", &[], &off), 0);
}

#[test]
fn a_summary_holds_what_is_accumulated_and_nothing_of_its_events() {
    let world = cast(&[
        container(
            "113811",
            &[
                number("113813", json!(9), "mGy.cm"),
                number("113830", json!(1), "mGy"),
            ],
        ),
        event(
            "1.9",
            &[
                number("113722", json!(5), "Gy.m2"),
                number("122130", json!(6), "Gy.m2"),
            ],
        ),
    ]);
    let summary = summary(&world);
    assert_eq!(items(&summary["component"]).count(), 1);
    assert_eq!(components(&summary, "113813").len(), 1);
    assert_eq!(components(&only_event(&world), "113722").len(), 0);
    assert_eq!(components(&only_event(&world), "122130").len(), 1);
}

#[test]
fn totals_of_several_planes_and_breasts_are_told_apart() {
    let plane = |code: &str, total: i32| {
        let plane = coded("113764", code, &[]);
        container("113702", &[plane, number("113722", json!(total), "Gy.m2")])
    };
    let world = cast(&[plane("113620", 1), plane("113621", 2), plane("113622", 3)]);
    let summary_of_planes = summary(&world);
    let texts: Vec<_> = components(&summary_of_planes, "113722")
        .iter()
        .map(|it| text(&it["code"]["text"]).to_owned())
        .collect();
    let total = "Dose Area Product Total";
    let expected = [
        format!("{total}, meaning of 113620"),
        format!("{total}, meaning of 113621"),
        total.to_owned(),
    ];
    assert_eq!(texts, expected);
    let mut left = number("111637", json!(1), "mGy");
    left["0040A730"] = json!({ "Value": [coded("G-C171,SRT", "T-04030,SRT", &[])] });
    let breast = summary(&cast(&[container("113702", &[left])]));
    let text = &components(&breast, "111637")[0]["code"]["text"];
    assert_eq!(
        *text,
        "Accumulated Average Glandular Dose, meaning of T-04030"
    );
}

#[test]
fn the_only_administration_is_what_the_report_sums_up() {
    let administration = |of_uid: &str| {
        container(
            "113502",
            &[uid("113503", of_uid), number("113507", json!(250), "MBq")],
        )
    };
    let activity = |content: &[Value]| components(&summary(&cast(content)), "113507").len();
    assert_eq!(activity(&[administration("1.8")]), 1);
    assert_eq!(activity(&[administration("1.8"), administration("1.9")]), 0);
}

#[test]
fn an_observation_says_whose_it_is_and_what_it_belongs_to() {
    let world = cast(&[event("1.9", &[]), event("1.10", &[])]);
    let (summary, (_, events)) = (summary(&world), observations(&world));
    let study = format!("ImagingStudy/{}", text(&world.only("ImagingStudy")["id"]));
    let patient = format!("Patient/{}", text(&world.only("Patient")["id"]));
    for observation in events.iter().chain([&summary]) {
        assert_eq!(observation["subject"]["reference"], patient);
        assert_eq!(observation["partOf"], json!([{ "reference": study }]));
        assert_eq!(observation["meta"]["source"], "https://dicom.example/");
        assert_eq!(observation["status"], "final");
    }
    let sop = json!({ "system": "urn:dicom:uid", "value": "urn:oid:1.4" });
    let exact = |kind: &str, value: &str| json!({ "system": sid(kind), "value": value });
    let of_report = |kind: &str| exact(kind, "1.2/1.3/1.4");
    assert_eq!(
        summary["identifier"],
        json!([sop, of_report("dose-summary")])
    );
    assert_eq!(summary["code"]["coding"][0]["system"], "http://loinc.org");
    let mut members: Vec<_> = items(&summary["hasMember"])
        .map(|it| text(&it["reference"]))
        .collect();
    members.sort_unstable();
    let mut expected: Vec<_> = events
        .iter()
        .map(|it| format!("Observation/{}", text(&it["id"])))
        .collect();
    expected.sort();
    assert_eq!(members, expected);
    let mut uids: Vec<_> = events.iter().map(|it| it["identifier"].clone()).collect();
    uids.sort_by_key(ToString::to_string);
    let of = |uid: &str| {
        json!([
            { "system": "urn:dicom:uid", "value": format!("urn:oid:{uid}") },
            exact("irradiation-event", &format!("1.2/{uid}")),
            sop,
            of_report("dose-report"),
        ])
    };
    assert_eq!(uids, [of("1.10"), of("1.9")]);
}

#[test]
fn an_event_needs_a_uid_and_is_one_event_by_it() {
    let dose = |value: i32| number("122130", json!(value), "Gy.m2");
    let content = [
        container("113706", &[dose(1)]),
        event("1.9", &[dose(1)]),
        container("113706", &[uid("113769", "x"), dose(1)]),
    ];
    assert_eq!(observations(&cast(&content)).1.len(), 1);
    let change = x_ray(1, place(), &content);
    let told: Vec<_> = change.warnings().iter().map(ToString::to_string).collect();
    let omitted = "ContentSequence (0040,A730) has 2 irradiation events without a valid Irradiation Event UID";
    assert!(told.iter().any(|it| it == omitted), "{told:?}");
    let named = x_ray(1, place(), &content[1..2]);
    assert_eq!(named.warnings(), []);
    let twice = cast(&[event("1.9", &[dose(1)]), event("1.9", &[dose(1), dose(2)])]);
    assert_eq!(components(&only_event(&twice), "122130").len(), 2);
    // The UID of the report itself is a bad one, and does no harm.
    let odd = cast(&[event("1.4", &[dose(1)])]);
    assert_eq!(components(&only_event(&odd), "122130").len(), 1);
    summary(&odd);
}

/// What is said of a report with elements beside its content.
fn with(beside: &[(&str, Value)], content: &[Value]) -> World {
    let mut world = World::default();
    world.cast([stored(
        1,
        place(),
        &elements("113701", content, beside),
        &rules(),
    )]);
    world
}

#[test]
fn status_is_final_when_complete_or_verified() {
    let flag = |term: &str| json!({ "vr": "CS", "Value": [term] });
    for (complete, verified, status) in [
        ("COMPLETE", "UNVERIFIED", "final"),
        ("COMPLETE", "VERIFIED", "final"),
        ("PARTIAL", "VERIFIED", "final"),
        ("PARTIAL", "UNVERIFIED", "preliminary"),
        ("", "", "preliminary"),
        ("complete", "x", "preliminary"),
    ] {
        let flags = [("0040A491", flag(complete)), ("0040A493", flag(verified))];
        let said = summary(&with(&flags, &[words("1", "x")]));
        assert_eq!(said["status"], status, "{complete} {verified}");
    }
}

#[test]
fn the_time_is_that_of_irradiation() {
    let zone = ("00080201", json!({ "vr": "SH", "Value": ["+0200"] }));
    let date = ("00080023", json!({ "vr": "DA", "Value": ["20240415"] }));
    let time = ("00080033", json!({ "vr": "TM", "Value": ["170000"] }));
    let start = moment("113809", "20240415090000");
    let end = moment("113810", "20240415091500.5+0100");
    let dose = event("1.9", &[]);
    let all = with(
        &[zone.clone(), date.clone(), time.clone()],
        &[start.clone(), end.clone(), dose],
    );
    let period =
        json!({ "start": "2024-04-15T09:00:00+02:00", "end": "2024-04-15T09:15:00.5+01:00" });
    assert_eq!(summary(&all)["effectivePeriod"], period);
    assert_eq!(summary(&all)["issued"], "2024-04-15T17:00:00+02:00");
    // An event without a time of its own lies within that of the report.
    assert_eq!(only_event(&all)["effectivePeriod"], period);
    let own = event("1.9", &[moment("111526", "20240415090100")]);
    let own = with(std::slice::from_ref(&zone), &[start.clone(), end, own]);
    assert_eq!(
        only_event(&own)["effectiveDateTime"],
        "2024-04-15T09:01:00+02:00"
    );
    let started = with(std::slice::from_ref(&zone), std::slice::from_ref(&start));
    assert_eq!(
        summary(&started)["effectiveDateTime"],
        "2024-04-15T09:00:00+02:00"
    );
    assert_eq!(summary(&started)["issued"], Value::Null);
    let content = with(&[zone, date.clone(), time.clone()], &[words("1", "x")]);
    assert_eq!(
        summary(&content)["effectiveDateTime"],
        "2024-04-15T17:00:00+02:00"
    );
    // A time without a zone is a date, and no instant.
    let bare = with(&[date, time], std::slice::from_ref(&start));
    assert_eq!(summary(&bare)["effectiveDateTime"], "2024-04-15");
    assert_eq!(summary(&bare)["issued"], Value::Null);
    let bad = with(&[], &[moment("113809", "yesterday")]);
    assert_eq!(summary(&bad)["effectiveDateTime"], Value::Null);
}

#[test]
fn the_device_is_the_observer_or_else_the_equipment() {
    let observer = [
        uid("121012", "1.7"),
        words("121013", "Room 3"),
        words("121014", "Maker"),
        words("121015", "Model"),
        words("121016", "SN1"),
    ];
    let device = |content: &[Value], beside: &[(&str, Value)]| {
        summary(&with(beside, content))["device"].clone()
    };
    let maker = ("00080070", json!({ "vr": "LO", "Value": ["Other"] }));
    let serial = ("00181000", json!({ "vr": "LO", "Value": ["SN2"] }));
    let expected = json!({
        "id": "Manufacturer", "type": "Device",
        "identifier": { "system": "urn:dicom:uid", "value": "urn:oid:1.7" },
        "display": "Maker Model Room 3 SN1",
    });
    assert_eq!(device(&observer, std::slice::from_ref(&maker)), expected);
    let kind = json!({ "coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "SNO",
    }] });
    let expected = json!({
        "id": "Manufacturer", "type": "Device",
        "identifier": { "type": kind, "value": "SN2" },
        "display": "Other SN2",
    });
    assert_eq!(device(&[words("1", "x")], &[maker, serial]), expected);
    assert_eq!(device(&[words("1", "x")], &[]), Value::Null);
}

#[test]
fn the_performer_is_the_person_observer() {
    let person = |name: &str| {
        item(
            "121008",
            json!({ "0040A123": { "vr": "PN", "Value": [{ "Alphabetic": name }] } }),
            &[],
        )
    };
    let said = summary(&cast(&[
        person("Grey^Meredith^^Dr."),
        person("^^"),
        person("Yang"),
    ]));
    let names: Vec<_> = items(&said["performer"])
        .map(|it| text(&it["display"]))
        .collect();
    assert_eq!(names, ["Dr. Meredith Grey", "Yang"]);
}

#[test]
fn the_body_site_is_the_target_region() {
    let site = |region: Value| only_event(&cast(&[event("1.9", &[region])]))["bodySite"].clone();
    let left = coded("272741003,SCT", "7771000,SCT", &[]);
    let breast = site(coded("123014", "T-04000,SRT", &[left]));
    assert_eq!(breast["coding"][0]["code"], "76752008");
    assert_eq!(breast["coding"][0]["system"], "http://snomed.info/sct");
    assert_eq!(breast["text"], "meaning of T-04000, meaning of 7771000");
    assert_eq!(site(words("123014", "somewhere")), Value::Null);
}

#[test]
fn invalid_values_are_noted_without_the_value() {
    let change = x_ray(1, place(), &[number("113813", json!("secret"), "mGy")]);
    let warnings: Vec<_> = change.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with("NumericValue"), "{warnings:?}");
    assert!(!warnings[0].contains("secret"));
}
