//! Reports that others' software wrote as DICOM files, from the feed to the FHIR store.

use std::path::Path;

use radcast_sandbox::part10;
use serde_json::{Value, json};

use crate::cast_world::{items, text};
use crate::support::daemon::Daemon;
use crate::support::python::script;
use crate::support::services::Services;

/// The metadata of each generated report, by the name of its file.
pub(crate) fn reports(folder: &Path) -> impl Fn(&str) -> Value {
    let written = script("dose_reports.py", &[folder.to_str().unwrap()], b"");
    assert_eq!(written.code, Some(0), "{written:?}");
    let folder = folder.to_owned();
    move |name| {
        let file = folder.join(format!("{name}.dcm"));
        serde_json::from_str(&part10::read(&file).unwrap().metadata).unwrap()
    }
}

/// The Observations that carry this UID, the summary first.
pub(crate) fn of_instance(all: &[Value], uid: &str) -> Vec<Value> {
    let value = format!("urn:oid:{uid}");
    let carries = |it: &&Value| items(&it["identifier"]).any(|it| text(&it["value"]) == value);
    let mut found: Vec<_> = all.iter().filter(carries).cloned().collect();
    found.sort_by_key(|it| it["code"]["coding"][0]["code"] != "73569-6");
    found
}

/// The values of an Observation's components, by code.
pub(crate) fn values(observation: &Value) -> Vec<String> {
    let value = |component: &Value| {
        let quantity = &component["valueQuantity"];
        match component["valueCodeableConcept"]["coding"][0]["code"].as_str() {
            Some(code) => code.to_owned(),
            None if quantity.is_object() => {
                format!(
                    "{} {}",
                    quantity["value"].as_f64().unwrap(),
                    text(&quantity["code"])
                )
            }
            None => component["valueInteger"].as_i64().map_or_else(
                || text(&component["valueString"]).to_owned(),
                |count| count.to_string(),
            ),
        }
    };
    let named = |it: &Value| format!("{} {}", text(&it["code"]["coding"][0]["code"]), value(it));
    items(&observation["component"]).map(named).collect()
}

const ROOT: &str = "1.2.826.0.1.3680043.8.498.77";

/// That what is stored is what the generator wrote.
pub(crate) fn check(all: &[Value]) {
    let of = |at: u8| of_instance(all, &format!("{ROOT}.{at}.3"));
    check_x_ray_summary(&of(1));
    check_x_ray_events(&of(1));
    check_ct(&of(2));
    check_mammography(&of(3));
    check_administration(&of(4));
}

fn check_x_ray_summary(x_ray: &[Value]) {
    assert_eq!(x_ray.len(), 4);
    assert_eq!(
        values(&x_ray[0]),
        [
            "121058 113704",
            "113722 0.00321 Gy.m2",
            "113725 0.412 Gy",
            "113726 0.00321 Gy.m2",
            "113728 0.412 Gy",
            "113730 184 s",
            "113729 0 Gy",
            "113855 0 s",
            "113731 0",
            "113722 0.002 Gy.m2",
            "113725 0.261 Gy",
            "113726 0.002 Gy.m2",
            "113728 0.261 Gy",
            "113730 16.5 s",
            "113729 0 Gy",
            "113855 0 s",
            "113731 96",
        ]
    );
    assert_eq!(
        x_ray[0]["device"]["identifier"]["value"],
        format!("urn:oid:{ROOT}.1.8")
    );
    assert_eq!(x_ray[0]["performer"][0]["display"], "Dr. Meredith Grey");
    assert_eq!(x_ray[0]["effectiveDateTime"], "2024-04-15T17:00:00+02:00");
    assert_eq!(x_ray[0]["hasMember"].as_array().unwrap().len(), 3);
}

fn check_x_ray_events(x_ray: &[Value]) {
    let started: Vec<_> = x_ray[1..]
        .iter()
        .map(|it| text(&it["effectiveDateTime"]))
        .collect();
    assert!(
        started.contains(&"2024-04-15T16:31:05.25+02:00"),
        "{started:?}"
    );
    for event in &x_ray[1..] {
        assert_eq!(event["bodySite"]["coding"][0]["code"], "80891009");
        assert_eq!(values(event).len(), 9, "{:?}", values(event));
    }
}

fn check_ct(ct: &[Value]) {
    assert_eq!(ct.len(), 3);
    let period =
        json!({ "start": "2024-04-15T09:00:00+02:00", "end": "2024-04-15T09:07:30+02:00" });
    assert!(ct.iter().all(|it| it["effectivePeriod"] == period));
    let totals = values(&ct[0]);
    assert_eq!(totals.len(), 4, "{totals:?}");
    assert_eq!(totals[1], "113812 2");
    assert!(
        ct.iter()
            .all(|it| it == &ct[0] || it["bodySite"]["coding"][0]["code"] == "51185008")
    );
    let acquisition = ct
        .iter()
        .map(values)
        .find(|values| values.contains(&"113830 8.46 mGy".into()));
    assert!(acquisition.unwrap().contains(&"113835 113691".to_owned()));
}

fn check_mammography(breast: &[Value]) {
    let texts: Vec<_> = items(&breast[0]["component"])
        .map(|it| text(&it["code"]["text"]))
        .collect();
    assert!(
        texts.contains(&"Accumulated Average Glandular Dose, Right breast"),
        "{texts:?}"
    );
    assert_eq!(breast[1]["bodySite"]["text"], "Breast, Left breast");
}

fn check_administration(injection: &[Value]) {
    assert_eq!(injection.len(), 2);
    let said = [
        "349358000 35321007",
        "89457008 77004003",
        "113507 250.5 MBq",
        "113508 262 MBq",
        "113509 11.5 MBq",
        "123005 2.5 cm3",
        "410675002 47625008",
    ];
    assert_eq!(values(&injection[1]), said);
    assert_eq!(values(&injection[0])[1..], said);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_arrive_are_revised_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let report = reports(folder.path());
    let services = Services::start().await;
    let mut last = 0;
    for name in ["x_ray", "ct", "mammography", "administration"] {
        last = services.store_json(&report(name).to_string());
    }
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    let observations = || services.fhir.resources("Observation").unwrap();
    check(&observations());
    assert_eq!(observations().len(), 11);
    let versions = services.fhir.versions_written().unwrap();
    Daemon::of(&services).run_until_settled(last).await;
    assert_eq!(services.fhir.versions_written().unwrap(), versions);

    let revised = report("x_ray_revised");
    let uid = |tag: &str| text(&revised[tag]["Value"][0]).to_owned();
    let (study, series, instance) = (uid("0020000D"), uid("0020000E"), uid("00080018"));
    let delete = || {
        services
            .dicom
            .delete(None, &study, Some(&series), Some(&instance))
            .unwrap()
    };
    assert_eq!(delete(), 1);
    last = services.store_json(&revised.to_string());
    daemon.run_until_settled(last).await;
    let now = of_instance(&observations(), &instance);
    assert_eq!(now.len(), 3);
    assert_eq!(now[0]["hasMember"].as_array().unwrap().len(), 2);
    assert!(values(&now[0]).contains(&"113722 0.0042 Gy.m2".to_owned()));

    assert_eq!(delete(), 1);
    daemon.run_until_settled(last + 1).await;
    assert_eq!(of_instance(&observations(), &instance), Vec::<Value>::new());
    assert_eq!(observations().len(), 7);
    assert!(daemon.records().await.is_empty());
}
