//! What dicom-cast wrote, once the same is said here.

use serde_json::{Value, json};

use super::report::{coded, container, event, number, place, uid, x_ray};
use crate::cast_world::{World, text};

const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";

/// An Observation in dicom-cast's form.
fn theirs(id: &str, system: &str, code: &str, components: &Value) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "meta": { "versionId": "1" },
        "identifier": [{ "system": "urn:dicom:uid", "value": "urn:oid:1.2" }, {
            "type": { "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN",
            }] },
            "value": "A1",
        }],
        "status": "preliminary",
        "code": { "coding": [{ "system": system, "code": code }], "text": "x" },
        "subject": { "reference": "Patient/1" },
        "component": components,
    })
}

fn component(code: &str, value: &Value) -> Value {
    let mut component = value.clone();
    component["code"] = json!({ "coding": [{ "system": DCM, "code": code }], "text": code });
    component
}

fn quantity(value: f64, unit: &str) -> Value {
    json!({ "valueQuantity": {
        "value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit,
    } })
}

fn report() -> Vec<Value> {
    vec![
        number("113813", json!("263.80"), "mGy.cm"),
        number("113812", json!(2), "{events}"),
        container(
            "113819",
            &[
                uid("113769", "1.9"),
                number("113830", json!("8.46"), "mGy"),
                coded("113835", "113691", &[]),
            ],
        ),
        event("1.8", &[]),
    ]
}

/// What is left of these when the report is cast.
fn left(stored: &[Value]) -> Vec<String> {
    let mut world = World::default();
    for observation in stored {
        world.put(&observation.to_string());
    }
    world.cast([x_ray(1, place(), &report())]);
    let all = world.all("Observation").into_iter();
    let ids = all.map(|it| text(&it["id"]).to_owned());
    ids.filter(|id| stored.iter().any(|stored| text(&stored["id"]) == id))
        .collect()
}

#[test]
fn duplicates_that_say_no_more_than_the_report_go() {
    let summary = |id| {
        let phantom = json!({ "valueCodeableConcept": {
            "coding": [{ "system": DCM, "code": "113691" }], "text": "113691",
        } });
        theirs(
            id,
            "http://loinc.org",
            "73569-6",
            &json!([
                component("113813", &quantity(263.8, "mGy.cm")),
                component("113812", &json!({ "valueInteger": 2 })),
                component("113830", &quantity(8.46, "mGy")),
                component("113835", &phantom),
            ]),
        )
    };
    let event = theirs(
        "e",
        DCM,
        "113852",
        &json!([component("113830", &quantity(8.46, "mGy"))]),
    );
    assert_eq!(
        left(&[summary("a"), summary("b"), event]),
        Vec::<String>::new()
    );
}

#[test]
fn what_says_more_or_is_of_somebody_else_stays() {
    let same = component("113813", &quantity(263.8, "mGy.cm"));
    let summary = |id, components: Value| theirs(id, "http://loinc.org", "73569-6", &components);
    let other_value = summary(
        "value",
        json!([component("113813", &quantity(999.0, "mGy.cm"))]),
    );
    let other_unit = summary("unit", json!([component("113813", &quantity(263.8, "Gy"))]));
    let other_code = summary(
        "code",
        json!([component("113722", &quantity(263.8, "mGy.cm"))]),
    );
    let more = summary("more", json!([same, component("1", &quantity(1.0, "1"))]));
    let mut approved = summary("approved", json!([same]));
    approved["status"] = json!("final");
    let mut noted = summary("noted", json!([same]));
    noted["note"] = json!([{ "text": "checked" }]);
    let mut of_instance = summary("instance", json!([same]));
    of_instance["identifier"][1] = json!({ "system": "urn:dicom:uid", "value": "urn:oid:1.99" });
    let mut other_study = summary("study", json!([same]));
    other_study["identifier"][0]["value"] = json!("urn:oid:1.22");
    let weight = theirs("weight", "http://loinc.org", "29463-7", &json!([same]));
    let stored = [
        other_value,
        other_unit,
        other_code,
        more,
        approved,
        noted,
        of_instance,
        other_study,
        weight,
    ];
    let mut expected: Vec<_> = stored.iter().map(|it| text(&it["id"]).to_owned()).collect();
    expected.sort();
    assert_eq!(left(&stored), expected);
}

#[test]
fn they_go_with_the_report_and_not_before() {
    let mut world = World::default();
    world.put(&theirs("a", "http://loinc.org", "73569-6", &json!([])).to_string());
    world.cast([crate::cast_world::create(
        1,
        crate::cast_world::key("1.2", "1.3", "1.5"),
        &[],
    )]);
    assert_eq!(world.all("Observation").len(), 1);
}
