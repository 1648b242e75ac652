//! Servers that match more than what was asked for, that answer with what was not asked for, or
//! that do not do what FHIR says: no resource of another key is referred to, and none is changed.

mod answers;
mod habits;
mod matching;
mod model;

use std::sync::Arc;

use radcast_engine::failure::{Code, Failure};
use radcast_engine::{Applied, Target};
use radcast_fhir::cast::Change;
use radcast_fhir::client::FhirClient;
use radcast_fhir::target::{FhirOptions, FhirTarget};
use serde_json::{Value, json};

use crate::cast_world::{create, items, key, rules, text};
use model::LyingFhir;

/// A target at a server.
struct Scene {
    fhir: LyingFhir,
    target: FhirTarget,
}

impl Scene {
    fn new() -> Self {
        Self::at(LyingFhir::new())
    }

    /// A target that remembers nothing.
    fn at(fhir: LyingFhir) -> Self {
        let address = "http://fhir.example".parse().unwrap();
        let client = FhirClient::over(Arc::new(fhir.clone()), &address);
        let target = FhirTarget::new(client, rules()).with(FhirOptions::default());
        Self { fhir, target }
    }

    async fn apply(&self, change: Change) -> Result<Applied, Failure> {
        let delta = self.target.fold(&[change]).unwrap();
        self.target.apply(&delta).await
    }

    /// Applies as the engine does: a conflict is tried again.
    async fn apply_in_the_end(&self, change: &Change) -> Result<Applied, Failure> {
        for _ in 0..5 {
            match self.apply(change.clone()).await {
                Err(failure) if failure.code == Code::FhirConflict => {}
                outcome => return outcome,
            }
        }
        self.apply(change.clone()).await
    }

    /// Applies as [`Self::apply_in_the_end`].
    async fn apply_in_the_end_owned(&self, change: Change) -> Result<Applied, Failure> {
        self.apply_in_the_end(&change).await
    }

    /// Every reference is to a resource of the right key.
    fn check_references(&self) {
        let state = self.fhir.lock();
        for study in state.all("ImagingStudy") {
            let patient = &state.resources[text(&study["subject"]["reference"])];
            let uid = text(&study["identifier"][0]["value"]);
            let expected = patient_of(uid.trim_start_matches("urn:oid:"));
            let ids: Vec<_> = items(&patient["identifier"])
                .map(|it| text(&it["value"]))
                .collect();
            assert!(ids.contains(&expected.as_str()), "{uid}: {ids:?}");
            for endpoint in items(&study["endpoint"]) {
                let endpoint = &state.resources[text(&endpoint["reference"])];
                assert_eq!(endpoint["address"], "https://dicom.example/v2");
            }
        }
        for observation in state.all("Observation") {
            let study = text(&observation["partOf"][0]["reference"]);
            let subject = &state.resources[study]["subject"]["reference"];
            assert_eq!(&observation["subject"]["reference"], subject);
        }
    }
}

/// The id of the patient of a study: `1.2.<number>` is that of patient `P<number>`, unless a test
/// says otherwise by its own ids.
fn patient_of(study: &str) -> String {
    let ids = [
        ("1.2.901", "AB12"),
        ("1.2.902", "Müller1"),
        ("1.2.903", "患者1"),
    ];
    let own = ids.iter().find(|(uid, _)| *uid == study);
    own.map_or_else(
        || format!("P{}", study.rsplit('.').next().unwrap()),
        |(_, id)| (*id).to_owned(),
    )
}

/// An image of a study, whose patient is the one of [`patient_of`].
fn image(study: &str, instance: u32) -> Change {
    image_with(study, instance, &[])
}

/// As [`image`], with an accession number, which is told from those of others by an element id.
fn ordered(study: &str, instance: u32) -> Change {
    let accession = r#"{"vr":"SH","Value":["A1"]}"#;
    image_with(study, instance, &[("00080050", accession)])
}

fn image_with(study: &str, instance: u32, elements: &[(&str, &str)]) -> Change {
    let id = json!({ "vr": "LO", "Value": [patient_of(study)] }).to_string();
    let key = key(
        study,
        &format!("{study}.1"),
        &format!("{study}.1.{instance}"),
    );
    let elements: Vec<_> = [("00100020", id.as_str())]
        .into_iter()
        .chain(elements.iter().copied())
        .collect();
    create(u64::from(instance), key, &elements)
}

/// Another resource, whose content must not change.
fn stranger(kind: &str, id: &str, system: &str, value: &str) -> Value {
    json!({ "resourceType": kind, "id": id, "status": "available", "note": "not ours",
            "identifier": [{ "system": system, "value": value }] })
}
