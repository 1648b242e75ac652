//! Reports that are not quite as they should be.

use radcast_fhir::cast::StudyDelta;
use serde_json::{Value, json};

use super::report::{
    cast, container, event, item, moment, number, observations, only_event, place, summary, words,
    x_ray,
};
use crate::cast_world::{World, items, kinds};

fn person(name: &Value) -> Value {
    item(
        "121008",
        json!({ "0040A123": { "vr": "PN", "Value": [name] } }),
        &[],
    )
}

#[test]
fn an_end_before_the_start_is_not_written() {
    for (start, end) in [
        ("20240601101500+0200", "20240601091500+0200"),
        ("20240601101500+0200", "20240601101500+0300"),
        ("20240601", "20240531"),
    ] {
        let times = [moment("113809", start), moment("113810", end)];
        let event = only_event(&cast(&[event("1.9", &times)]));
        assert_eq!(event.get("effectivePeriod"), None, "{start} {end}");
        assert!(
            event["effectiveDateTime"]
                .as_str()
                .unwrap()
                .starts_with("2024-06-01")
        );
    }
    let times = [moment("113809", "20240601"), moment("113810", "20240601")];
    let event = only_event(&cast(&[event("1.9", &times)]));
    assert_eq!(
        event["effectivePeriod"],
        json!({ "start": "2024-06-01", "end": "2024-06-01" })
    );
}

#[test]
fn a_person_may_be_named_in_ideographs_alone() {
    let names = [
        json!({ "Ideographic": "山田^太郎" }),
        json!({ "Alphabetic": "Rossi^Maria^^Dr." }),
    ];
    let summary = summary(&cast(&names.each_ref().map(person)));
    let named: Vec<_> = items(&summary["performer"])
        .map(|it| &it["display"])
        .collect();
    assert_eq!(named, ["山田 太郎", "Dr. Maria Rossi"]);
}

#[test]
fn who_observed_goes_out_of_what_a_server_says() {
    let named = person(&json!({ "Alphabetic": "Rossi^Maria" }));
    let delta = StudyDelta::of(x_ray(1, place(), &[named]));
    let told = delta.redact("performer.display 'Maria Rossi' is wrong");
    assert_eq!(told, "performer.display '[removed]' is wrong");
}

#[test]
fn a_status_that_a_person_gave_stays() {
    let total = || [number("113722", json!(1), "Gy.m2")];
    for (status, kept) in [
        ("entered-in-error", "entered-in-error"),
        ("amended", "amended"),
        ("registered", "final"),
        ("preliminary", "final"),
    ] {
        let mut world = cast(&total());
        let mut edited = summary(&world);
        edited["status"] = json!(status);
        world.put(&edited.to_string());
        world.cast([x_ray(1, place(), &total())]);
        assert_eq!(summary(&world)["status"], kept);
    }
}

#[test]
fn a_component_is_a_string_of_fhir() {
    let said = |text: &str| {
        let event = only_event(&cast(&[event("1.9", &[words("125203", text)])]));
        event.pointer("/component/0/valueString").cloned()
    };
    assert_eq!(said("a\u{c}b \n"), Some(json!("a\nb")));
    assert_eq!(said("\n"), None);
    assert_eq!(said(&"x".repeat(1_048_577)), None);
}

#[test]
fn a_report_without_end_is_cut_and_told_of() {
    let dose = |n: i32| number("113722", json!(n), "Gy.m2");
    let totals: Vec<_> = (0..20_000).map(dose).collect();
    let change = x_ray(1, place(), &[container("113702", &totals)]);
    let told: Vec<_> = change.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["ContentSequence (0040,A730) has more than 1000 items"]
    );
    let mut world = World::default();
    world.cast([change.clone()]);
    assert_eq!(items(&summary(&world)["component"]).count(), 1_000);
    assert_eq!(kinds(&world.cast([change])), [""; 0]);
    assert_eq!(observations(&world).1.len(), 0);
}
