//! Bad input at scale: answers of a FHIR server, stored resources and settings that were mutated at
//! random, but the same ones each time. Nothing panics, and no failure quotes what came.
//!
//! `RADCAST_FUZZ_SECONDS=600` goes on for so long with every kind; `RADCAST_MUTATION=4711` replays that
//! mutation of each kind.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use fastrand::Rng;
use futures_util::FutureExt;
use radcast::settings::{Settings, SettingsFile};
use radcast_engine::failure::Failure;
use radcast_fhir::cast::{Resource, Rules, StudyDelta, merge};
use radcast_fhir::client::{FhirClient, Request};
use radcast_http::{Answer, Exchange, Outgoing, TransportError};
use serde_json::json;

use crate::cast_world::{World, create, delete, key, rules};
use crate::mutated_pages::mutation::{CANARY, mutate};

/// How many mutations of each kind there are, unless a time is set.
const MUTATIONS: u64 = 2_000;

/// A server that answers this to everything.
#[derive(Debug, Default)]
struct Parrot(Mutex<(u16, Bytes)>);

#[async_trait]
impl Exchange for Parrot {
    async fn exchange(&self, _: Outgoing) -> Result<Answer, TransportError> {
        let (status, body) = self.0.lock().unwrap().clone();
        Ok(Answer {
            status,
            retry_after: None,
            location: None,
            body,
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is chosen for a test, and no setting of the daemon"
)]
fn chosen(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Does this with each mutation of one of the texts.
fn with_mutations(kind: &str, texts: &[String], mut check: impl FnMut(&[u8])) {
    let begun = Instant::now();
    let seconds = chosen("RADCAST_FUZZ_SECONDS").map(Duration::from_secs);
    let one = chosen("RADCAST_MUTATION");
    for seed in one.unwrap_or(0).. {
        let mut rng = Rng::with_seed(seed);
        let mut text = rng.choice(texts).unwrap().clone().into_bytes();
        for _ in 0..rng.usize(..4) {
            mutate(&mut text, &mut rng);
        }
        if one.is_some() {
            println!("{kind}: {}", String::from_utf8_lossy(&text));
        }
        let checked = catch_unwind(AssertUnwindSafe(|| check(&text)));
        assert!(
            checked.is_ok(),
            "{kind} {seed} failed; RADCAST_MUTATION={seed} replays it"
        );
        let is_over = match seconds {
            Some(seconds) => begun.elapsed() >= seconds,
            None => seed >= MUTATIONS,
        };
        if is_over || one.is_some() {
            println!("{kind}: {seed} mutations");
            return;
        }
    }
}

fn assert_quotes_nothing<T>(outcome: Result<T, Failure>) {
    if let Err(failure) = outcome {
        assert!(!failure.message.contains(CANARY), "{failure}");
        let is_plain = |c: char| !c.is_control();
        assert!(failure.message.chars().all(is_plain), "{failure}");
    }
}

fn bundle(kind: &str) -> String {
    let patient = json!({ "resourceType": "Patient", "id": "1", "meta": { "versionId": "1" },
                          "identifier": [{ "system": "urn:mrn", "value": CANARY }] });
    let entry = json!({ "fullUrl": "http://fhir.example/Patient/1", "resource": patient,
                        "response": { "status": "201 Created", "location": "Patient/1/_history/1",
                                      "etag": "W/\"1\"" } });
    let link = json!([{ "relation": "next", "url": "http://fhir.example/Patient?page=2" }]);
    json!({ "resourceType": "Bundle", "type": kind, "link": link, "entry": [entry] }).to_string()
}

fn outcome() -> String {
    json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "error", "code": "value",
            "diagnostics": format!("{CANARY} is HAPI-0450"), "expression": ["Patient.name[0]", CANARY],
            "details": { "text": CANARY, "coding": [{ "system": "urn:x", "code": CANARY }] } }] })
    .to_string()
}

fn statement() -> String {
    json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
            "software": { "name": CANARY, "version": "1" },
            "rest": [{ "interaction": [{ "code": "transaction" }],
                       "resource": [{ "type": "Patient", "versioning": "versioned" }] }] })
    .to_string()
}

#[test]
fn no_answer_of_a_fhir_server_panics_or_is_quoted() {
    let parrot = Arc::new(Parrot::default());
    let exchange: Arc<dyn Exchange> = parrot.clone();
    let client = FhirClient::over(exchange, &"http://fhir.example".parse().unwrap());
    let texts = [
        bundle("searchset"),
        bundle("transaction-response"),
        outcome(),
        statement(),
    ];
    let delete = || Request::Delete {
        resource_type: "Patient".to_owned(),
        id: "1".to_owned(),
        version: "1".to_owned(),
    };
    with_mutations("answers", &texts, |text| {
        for status in [200, 304, 400, 412, 500] {
            *parrot.0.lock().unwrap() = (status, Bytes::copy_from_slice(text));
            let all = async {
                assert_quotes_nothing(client.search("Patient", "identifier=x").await);
                assert_quotes_nothing(client.read("Patient", "1").await);
                assert_quotes_nothing(client.is_present("Patient", "1", "1").await);
                assert_quotes_nothing(client.transaction(&mut [delete()]).await);
                assert_quotes_nothing(client.capability().await);
                assert_quotes_nothing(client.test_transaction().await);
            };
            all.now_or_never().expect("the parrot waits for nothing");
        }
    });
}

#[test]
fn no_stored_resource_panics_or_is_quoted() {
    let rules = Rules {
        body_observations: true,
        ..rules()
    };
    let instance = |n: u64| key("1.2", "1.3", &format!("1.4.{n}"));
    let mut world = World::default();
    let canary = format!(r#"{{"Value":["{CANARY}"]}}"#);
    let elements = [("00100020", canary.as_str()), ("00081030", canary.as_str())];
    world
        .cast_by(&rules, [create(1, instance(1), &elements)])
        .unwrap();
    world
        .cast_by(
            &rules,
            [create(
                2,
                instance(2),
                &[("00081030", r#"{"Value":["x"]}"#), elements[0]],
            )],
        )
        .unwrap();
    let names: Vec<String> = world.resources.keys().cloned().collect();
    let texts: Vec<String> = world.resources.values().cloned().collect();
    let deltas = [
        StudyDelta::of(create(3, instance(1), &elements)),
        StudyDelta::of(create(3, instance(3), &[])),
        StudyDelta::of(delete(3, instance(1))),
    ];
    with_mutations("resources", &texts, |text| {
        let Ok(text) = std::str::from_utf8(text) else {
            return;
        };
        if Resource::parse(text).is_err() {
            return;
        }
        for name in &names {
            let mut world = world.clone();
            world.resources.insert(name.clone(), text.to_owned());
            for delta in &deltas {
                let found = world.found_for(delta, &rules);
                drop(delta.reread(&found.study, &rules));
                assert_quotes_nothing(merge(delta, &found, &rules));
            }
        }
    });
}

#[test]
fn no_settings_file_and_no_connection_string_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("appsettings.json");
    let texts = [std::fs::read_to_string("appsettings.json").unwrap()];
    with_mutations("settings", &texts, |text| {
        std::fs::write(&path, text).unwrap();
        let nothing: [(OsString, OsString); 0] = [];
        drop(Settings::load(SettingsFile::Named(&path), nothing));
    });
    let texts = [
        format!(
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={CANARY}==;EndpointSuffix=core.windows.net"
        ),
        "UseDevelopmentStorage=true".to_owned(),
        format!("TableEndpoint=https://a.example/;SharedAccessSignature=sv=2024&sig={CANARY}"),
    ];
    with_mutations("connection strings", &texts, |text| {
        let text = String::from_utf8_lossy(text).into_owned();
        let variables = [
            ("DicomWeb__Endpoint", "http://dicom.example"),
            ("Fhir__Endpoint", "http://fhir.example"),
            ("TableStore__ConnectionString", text.as_str()),
        ];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let missing = folder.path().join("none.json");
        let loaded = Settings::load(SettingsFile::IfPresent(&missing), variables);
        if let Err(unusable) = loaded {
            assert!(!unusable.to_string().contains(CANARY), "{unusable}");
        }
    });
}
