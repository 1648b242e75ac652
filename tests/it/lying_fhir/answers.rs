//! Answers to transactions that name what was not written, or do not say what was.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::model::Lie;
use super::{Scene, image, stranger};
use crate::cast_world::text;

/// Lies about one field of each answer.
fn lies() -> Vec<(&'static str, Lie)> {
    let each = |change: fn(&mut Value)| -> Lie {
        Arc::new(move |answer: &mut Value| {
            let entries = answer["entry"].as_array_mut().unwrap();
            entries.iter_mut().for_each(change);
        })
    };
    vec![
        (
            "another patient",
            each(|it| replace_location(it, "Patient/other/_history/1")),
        ),
        (
            "another study",
            each(|it| replace_location(it, "ImagingStudy/other/_history/1")),
        ),
        (
            "no location",
            each(|it| drop(it["response"].as_object_mut().unwrap().remove("location"))),
        ),
        ("empty location", each(|it| replace_location(it, ""))),
        (
            "another version",
            each(|it| it["response"]["etag"] = json!("W/\"7\"")),
        ),
        (
            "no version",
            each(|it| drop(it["response"].as_object_mut().unwrap().remove("etag"))),
        ),
        (
            "found, not created",
            each(|it| it["response"]["status"] = json!("200")),
        ),
        (
            "created, not updated",
            each(|it| it["response"]["status"] = json!("201")),
        ),
        (
            "another resource",
            each(|it| {
                it["resource"] = stranger("Patient", "other", "urn:mrn", "P1");
                it["resource"]["meta"] = json!({ "versionId": "1" });
            }),
        ),
    ]
}

fn replace_location(entry: &mut Value, location: &str) {
    entry["response"]["location"] = json!(location);
}

/// Whatever an answer says, other resources stay as they are, and what is written in the end is of
/// the right key.
#[tokio::test]
async fn no_field_of_an_answer_is_believed_without_the_resource() {
    for gives_representation in [true, false] {
        for (name, lie) in lies() {
            let scene = Scene::new();
            let strangers = [
                stranger("Patient", "other", "urn:mrn", "P999"),
                stranger("ImagingStudy", "other", "urn:dicom:uid", "urn:oid:1.2.999"),
            ];
            let names = strangers.map(|it| scene.fhir.lock().put(it));
            let before = names
                .clone()
                .map(|it| scene.fhir.lock().resources[&it].clone());
            scene.fhir.lock().gives_representation = gives_representation;
            for (study, instance) in [("1.2.1", 1), ("1.2.1", 2), ("1.2.2", 1), ("1.2.1", 3)] {
                scene.fhir.lock().lie = Some(lie.clone());
                let first = scene.apply(image(study, instance)).await;
                scene.fhir.lock().lie = None;
                if first.is_err() {
                    scene
                        .apply_in_the_end(&image(study, instance))
                        .await
                        .unwrap();
                }
                check(&scene, name);
            }
            let after = names.map(|it| scene.fhir.lock().resources[&it].clone());
            assert_eq!(after, before, "{name}");
            let state = scene.fhir.lock();
            assert_eq!(state.all("Patient").len(), 3, "{name}");
            let instances: u64 = state
                .all("ImagingStudy")
                .iter()
                .filter_map(|it| it["numberOfInstances"].as_u64())
                .sum();
            assert_eq!(instances, 4, "{name}");
        }
    }
}

fn check(scene: &Scene, name: &str) {
    let state = scene.fhir.lock();
    let studies = state.all("ImagingStudy");
    for study in studies.iter().filter(|it| it["id"] != "other") {
        let subject = text(&study["subject"]["reference"]);
        let id = text(&state.resources[subject]["identifier"][0]["value"]);
        let uid = text(&study["identifier"][0]["value"]);
        let number = uid.rsplit('.').next().unwrap();
        assert_eq!(id, format!("P{number}"), "{name}: {uid}");
    }
}

/// A gateway swaps the answers of two requests.
#[tokio::test]
async fn swapped_answers_are_noticed() {
    for gives_representation in [true, false] {
        for warm_up in [0, 1] {
            let scene = Scene::new();
            scene.fhir.lock().gives_representation = gives_representation;
            for study in ["1.2.1", "1.2.2"].into_iter().take(2 * warm_up) {
                scene.apply(image(study, 9)).await.unwrap();
            }
            // The second answer is the first one's, and the other way round.
            let held: Arc<Mutex<Option<Value>>> = Arc::default();
            let swap: Lie = Arc::new(move |answer: &mut Value| {
                let mut held = held.lock().unwrap();
                let own = answer.clone();
                if let Some(other) = held.take() {
                    *answer = other;
                }
                *held = Some(own);
            });
            for instance in 1..4 {
                for study in ["1.2.1", "1.2.2"] {
                    scene.fhir.lock().lie = Some(swap.clone());
                    let first = scene.apply(image(study, instance)).await;
                    scene.fhir.lock().lie = None;
                    if first.is_err() {
                        scene
                            .apply_in_the_end(&image(study, instance))
                            .await
                            .unwrap();
                    }
                }
            }
            scene.check_references();
            let state = scene.fhir.lock();
            assert_eq!(state.all("Patient").len(), 2);
            for study in state.all("ImagingStudy") {
                let warmed = u64::try_from(warm_up).unwrap();
                assert_eq!(study["numberOfInstances"], 3 + warmed);
            }
        }
    }
}
