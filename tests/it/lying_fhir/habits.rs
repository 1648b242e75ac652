//! Servers that keep no versions, do not find what they store, or take few entries at once.

use radcast_engine::Target;
use radcast_engine::failure::Code;
use radcast_fhir::target::{FhirOptions, FhirTarget};
use serde_json::{Value, json};

use super::model::Strip;
use super::{Scene, image, ordered, stranger};
use crate::cast_world::{create, delete, key};

#[tokio::test]
async fn a_server_that_does_not_heed_if_match_stops_the_feed_before_anything_is_overwritten() {
    let scene = Scene::new();
    scene.fhir.lock().heeds_if_match = false;
    scene.apply(image("1.2.1", 1)).await.unwrap();
    let failure = scene.apply(image("1.2.1", 2)).await.unwrap_err();
    assert_eq!(failure.code, Code::FhirNoVersions);
    assert_eq!(
        scene.target.probe().await.unwrap_err().code,
        Code::FhirNoVersions
    );
    assert_eq!(
        scene.fhir.lock().all("ImagingStudy")[0]["numberOfInstances"],
        1
    );
    let scene = not_requiring_versions(scene);
    scene.apply(image("1.2.1", 2)).await.unwrap();
    assert_eq!(
        scene.fhir.lock().all("ImagingStudy")[0]["numberOfInstances"],
        2
    );
}

#[tokio::test]
async fn a_server_whose_version_stays_the_same_stops_the_feed() {
    let scene = Scene::new();
    scene.fhir.lock().counts_versions = false;
    scene.apply(image("1.2.1", 1)).await.unwrap();
    let failure = scene.apply(image("1.2.1", 2)).await.unwrap_err();
    assert_eq!(failure.code, Code::FhirNoVersions);
    let scene = not_requiring_versions(scene);
    scene.apply(image("1.2.1", 3)).await.unwrap();
}

fn drop_ids(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(drop_ids),
        Value::Object(members) => {
            members.remove("id");
            members.values_mut().for_each(drop_ids);
        }
        _ => {}
    }
}

fn drop_source(resource: &mut Value) {
    resource["meta"] = json!({});
}

#[tokio::test]
async fn a_server_that_drops_what_tells_our_elements_from_others_stops_the_feed() {
    let cases: [(Strip, &str); 2] = [(drop_ids, "element ids"), (drop_source, "meta.source")];
    for (strips, named) in cases {
        let scene = Scene::new();
        scene.fhir.lock().strips = Some(strips);
        let failure = scene.apply(ordered("1.2.1", 1)).await.unwrap_err();
        assert_eq!(failure.code, Code::FhirDropsMarks, "{named}");
        assert!(failure.message.contains(named), "{failure}");
        let failure = scene.apply(ordered("1.2.2", 1)).await.unwrap_err();
        assert_eq!(failure.code, Code::FhirDropsMarks);
        let scene = dealt_with(
            scene,
            FhirOptions {
                require_marks: false,
                ..FhirOptions::default()
            },
        );
        scene.apply(ordered("1.2.1", 1)).await.unwrap();
    }
}

fn not_requiring_versions(scene: Scene) -> Scene {
    dealt_with(
        scene,
        FhirOptions {
            require_versions: false,
            ..FhirOptions::default()
        },
    )
}

fn dealt_with(scene: Scene, options: FhirOptions) -> Scene {
    let Scene { fhir, .. } = scene;
    let Scene { fhir, target } = Scene::at(fhir);
    let target: FhirTarget = target.with(options);
    Scene { fhir, target }
}

#[tokio::test(start_paused = true)]
async fn a_created_patient_that_is_not_found_stops_the_feed_and_gets_no_twin() {
    let scene = Scene::new();
    scene.fhir.lock().blind.insert("Patient");
    scene.fhir.lock().blind.insert("ImagingStudy");
    // The condition does not find the patient either.
    scene.fhir.lock().same = |_, _| false;
    scene.fhir.lock().loose.insert("Patient");
    for study in ["1.2.1", "1.2.2", "1.2.1"] {
        let failure = scene.apply(image(study, 1)).await.unwrap_err();
        assert_eq!(failure.code, Code::FhirNotFoundAgain);
    }
    assert_eq!(
        scene.target.probe().await.unwrap_err().code,
        Code::FhirNotFoundAgain
    );
    assert_eq!(scene.fhir.lock().all("Patient").len(), 1);
    // Somebody indexes the identifiers: all goes on.
    scene.fhir.lock().blind.clear();
    scene.fhir.lock().loose.clear();
    for study in ["1.2.1", "1.2.2"] {
        scene.apply(image(study, 1)).await.unwrap();
    }
    assert_eq!(scene.fhir.lock().all("Patient").len(), 2);
    scene.check_references();
}

#[tokio::test]
async fn what_a_server_adds_to_a_resource_is_not_taken_away_by_the_next_update() {
    let scene = Scene::new();
    scene.fhir.lock().lie = None;
    scene.apply(image("1.2.1", 1)).await.unwrap();
    // Between two updates of ours the server, or somebody else, adds to the study.
    for instance in 2..5 {
        {
            let mut state = scene.fhir.lock();
            let mut study = state.all("ImagingStudy")[0].clone();
            study[format!("added{instance}")] = json!(true);
            state.put(study);
        }
        scene
            .apply_in_the_end(&image("1.2.1", instance))
            .await
            .unwrap();
    }
    let state = scene.fhir.lock();
    let study = state.all("ImagingStudy")[0];
    assert_eq!(study["numberOfInstances"], 4);
    assert!((2..5).all(|it| study[format!("added{it}")] == true));
}

#[tokio::test]
async fn a_study_that_others_refer_to_is_emptied_and_filled_again() {
    let scene = Scene::new();
    scene.fhir.lock().keeps.insert("ImagingStudy");
    scene.apply(image("1.2.1", 1)).await.unwrap();
    let key = key("1.2.1", "1.2.1.1", "1.2.1.1.1");
    scene.apply(delete(2, key)).await.unwrap();
    let study = |scene: &Scene| scene.fhir.lock().all("ImagingStudy")[0].clone();
    assert_eq!(study(&scene)["status"], "registered");
    assert_eq!(study(&scene).get("series"), None);
    scene.apply(image("1.2.1", 2)).await.unwrap();
    assert_eq!(study(&scene)["status"], "available");
    assert_eq!(study(&scene)["numberOfInstances"], 1);
}

#[tokio::test]
async fn reports_that_others_refer_to_are_entered_in_error_until_they_come_back() {
    let concept = |code: &str| {
        let code = format!(r#""00080100":{{"vr":"SH","Value":["{code}"]}}"#);
        format!(r#"{{"vr":"SQ","Value":[{{{code},"00080102":{{"vr":"SH","Value":["DCM"]}}}}]}}"#)
    };
    let event = format!(
        r#"{{"vr":"SQ","Value":[{{"0040A040":{{"vr":"CS","Value":["CONTAINER"]}},"0040A043":{},
            "0040A730":{{"vr":"SQ","Value":[{{"0040A040":{{"vr":"CS","Value":["UIDREF"]}},"0040A043":{},
            "0040A124":{{"vr":"UI","Value":["1.9"]}}}}]}}}}]}}"#,
        concept("113706"),
        concept("113769")
    );
    let key = key("1.2.1", "1.2.1.1", "1.2.1.1.1");
    let of_report = [
        ("00080060", r#"{"vr":"CS","Value":["SR"]}"#.to_owned()),
        (
            "00080016",
            r#"{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.88.67"]}"#.to_owned(),
        ),
        (
            "0040A040",
            r#"{"vr":"CS","Value":["CONTAINER"]}"#.to_owned(),
        ),
        ("0040A043", concept("113701")),
        ("0040A730", event),
    ];
    let elements: Vec<_> = of_report
        .iter()
        .map(|(tag, json)| (*tag, json.as_str()))
        .collect();
    let scene = Scene::new();
    scene
        .fhir
        .lock()
        .keeps
        .extend(["ImagingStudy", "Observation"]);
    let statuses = || -> Vec<String> {
        let state = scene.fhir.lock();
        let observations = state.all("Observation");
        observations
            .iter()
            .map(|it| it["status"].to_string())
            .collect()
    };
    scene
        .apply(create(1, key.clone(), &elements))
        .await
        .unwrap();
    let before = statuses();
    assert_eq!(before.len(), 2);
    for _ in 0..2 {
        scene.apply(delete(2, key.clone())).await.unwrap();
        assert_eq!(statuses(), [r#""entered-in-error""#; 2]);
        assert_eq!(scene.fhir.lock().all("ImagingStudy")[0].get("series"), None);
    }
    scene.apply(create(3, key, &elements)).await.unwrap();
    assert_eq!(statuses(), before);
}

#[tokio::test]
async fn a_patient_that_has_gone_is_not_referred_to() {
    let scene = Scene::new();
    let mut own = stranger("Patient", "own", "urn:mrn", "P1");
    own["active"] = json!(true);
    scene.fhir.lock().put(own);
    scene.apply(image("1.2.1", 1)).await.unwrap();
    scene.fhir.lock().resources.remove("Patient/own");
    let other_study_of_the_patient = image("1.3.1", 1);
    scene
        .apply_in_the_end(&other_study_of_the_patient)
        .await
        .unwrap();
    let state = scene.fhir.lock();
    let studies = state.all("ImagingStudy");
    let study = studies
        .iter()
        .find(|it| it["identifier"][0]["value"] == "urn:oid:1.3.1");
    let subject = study.unwrap()["subject"]["reference"].as_str().unwrap();
    assert_ne!(subject, "Patient/own");
    assert!(state.resources.contains_key(subject));
}
