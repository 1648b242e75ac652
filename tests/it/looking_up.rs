//! What casting asks the FHIR server before it writes: as little as it can, and no less.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use radcast_engine::{Applied, Target};
use radcast_fhir::cast::Change;
use radcast_fhir::client::FhirClient;
use radcast_fhir::target::FhirTarget;
use radcast_http::{Answer, Exchange, HttpExchange, Outgoing, TransportError};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::cast_world::{create, delete, items, key, rules};
use crate::support::services::Services;

/// Over HTTP, and writes down what is asked.
#[derive(Debug)]
struct Recording {
    http: HttpExchange,
    asked: Mutex<Vec<String>>,
    /// Status and length of each answer.
    answered: Mutex<Vec<(u16, usize)>>,
    latency: Duration,
    /// Whether a search for several is refused.
    refuses_several: bool,
}

#[async_trait]
impl Exchange for Recording {
    async fn exchange(&self, request: Outgoing) -> Result<Answer, TransportError> {
        let path = request.url.split_once("/fhir").unwrap().1;
        let method = if request.body.is_some() {
            "POST"
        } else {
            "GET"
        };
        self.asked.lock().unwrap().push(format!("{method} {path}"));
        tokio::time::sleep(self.latency).await;
        if self.refuses_several && path.contains("%2C") {
            return Ok(Answer {
                status: 400,
                retry_after: None,
                location: None,
                body: "{}".into(),
            });
        }
        let answer = self.http.exchange(request).await?;
        let answered = (answer.status, answer.body.len());
        self.answered.lock().unwrap().push(answered);
        Ok(answer)
    }
}

/// A target at the FHIR server of services.
struct Scene {
    services: Services,
    recording: Arc<Recording>,
    target: FhirTarget,
}

impl Scene {
    async fn start() -> Self {
        Self::start_with(Duration::ZERO, false).await
    }

    async fn start_with(latency: Duration, refuses_several: bool) -> Self {
        let services = Services::start().await;
        let recording = Arc::new(Recording {
            http: HttpExchange::new(Duration::from_secs(30)).unwrap(),
            asked: Mutex::default(),
            answered: Mutex::default(),
            latency,
            refuses_several,
        });
        let address = services.fhir_address().parse().unwrap();
        let client = FhirClient::over(Arc::clone(&recording) as _, &address);
        Self {
            target: FhirTarget::new(client, rules()),
            services,
            recording,
        }
    }

    /// One that remembers nothing.
    fn another_target(&self) -> FhirTarget {
        let address = self.services.fhir_address().parse().unwrap();
        let client = FhirClient::over(Arc::clone(&self.recording) as _, &address);
        FhirTarget::new(client, rules())
    }

    async fn apply(&self, change: Change) -> Applied {
        let delta = self.target.fold(&[change]).unwrap();
        self.target.apply(&delta).await.unwrap()
    }

    /// What was asked since this was called before, up to the `?`.
    fn asked(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.recording.asked.lock().unwrap());
        let path = |asked: String| asked.split('?').next().unwrap().to_owned();
        asked.into_iter().map(path).collect()
    }

    async fn stored(&self, resource_type: &str) -> Vec<Value> {
        let url = format!(
            "{}/{resource_type}?_count=100",
            self.services.fhir_address()
        );
        let bundle: Value = client()
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let resources = items(&bundle["entry"]).map(|entry| entry["resource"].clone());
        resources.collect()
    }

    /// The only study there is.
    async fn study(&self) -> Value {
        let mut studies = self.stored("ImagingStudy").await;
        assert_eq!(studies.len(), 1);
        studies.remove(0)
    }

    async fn put(&self, resource: &Value) {
        let url = self.url_of(resource);
        let answer = client().put(url).json(resource).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }

    async fn remove(&self, resource: &Value) {
        let answer = client().delete(self.url_of(resource)).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    fn url_of(&self, resource: &Value) -> String {
        let text = |name: &str| resource[name].as_str().unwrap();
        let base = self.services.fhir_address();
        format!("{base}/{}/{}", text("resourceType"), text("id"))
    }
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

fn image(study: u32, instance: u32) -> Change {
    let key = key(&format!("1.{study}"), "2", &format!("3.{instance}"));
    create(u64::from(instance), key, &[])
}

/// An image of a study whose patient has no other study.
fn image_of_nobody_else(study: u32) -> Change {
    let patient = format!(r#"{{"vr":"LO","Value":["P{study}"]}}"#);
    create(
        1,
        key(&format!("1.{study}"), "2", "3"),
        &[("00100020", &patient)],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_not_searched_for_again() {
    let scene = Scene::start().await;
    scene.apply(image(1, 1)).await;
    scene.asked();
    for instance in 2..5 {
        scene.apply(image(1, instance)).await;
        let asked = scene.asked();
        // Once it is tried whether versions are heeded.
        let expected: &[&str] = match instance {
            2 => &["GET /Endpoint/1", "POST ", "POST "],
            _ => &["POST "],
        };
        assert_eq!(asked, expected);
    }
    // Another study of the patient, who is read before the study refers to them.
    scene.apply(image(2, 1)).await;
    let patient = scene.stored("Patient").await.remove(0);
    let patient = format!("GET /Patient/{}", patient["id"].as_str().unwrap());
    assert_eq!(scene.asked(), ["GET /ImagingStudy", &patient, "POST "]);
    assert_eq!(scene.stored("Patient").await.len(), 1);
    for study in scene.stored("ImagingStudy").await {
        let count = if study["identifier"][0]["value"] == "urn:oid:1.1" {
            4
        } else {
            1
        };
        assert_eq!(study["numberOfInstances"], count);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_race_costs_one_reading_and_nothing_of_others() {
    let scene = Scene::start().await;
    scene.apply(image(1, 1)).await;
    scene.apply(image(1, 3)).await;
    let mut study = scene.study().await;
    study["note"] = json!([{ "text": "by somebody else" }]);
    scene.put(&study).await;
    scene.asked();
    scene.apply(image(1, 2)).await;
    let asked = scene.asked();
    let of = |what: &str| asked.iter().filter(|it| *it == what).count();
    assert_eq!(of("POST "), 2, "{asked:?}");
    assert_eq!(of("GET /ImagingStudy"), 1, "{asked:?}");
    let stored = scene.study().await;
    assert_eq!(stored["note"], study["note"]);
    assert_eq!(stored["numberOfInstances"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remembered_and_gone_is_not_held_against_an_entry() {
    let scene = Scene::start().await;
    scene.apply(image(1, 1)).await;
    scene.remove(&scene.study().await).await;
    for of_type in ["Patient", "Endpoint"] {
        scene.remove(&scene.stored(of_type).await[0]).await;
    }
    scene.apply(image(2, 1)).await;
    let study = scene.study().await;
    let patients = scene.stored("Patient").await;
    assert_eq!(patients.len(), 1);
    let name = format!("Patient/{}", patients[0]["id"].as_str().unwrap());
    assert_eq!(study["subject"]["reference"], name);
}

#[tokio::test(flavor = "multi_thread")]
async fn that_there_is_nothing_to_write_is_believed_of_the_present_version_alone() {
    let scene = Scene::start().await;
    scene.apply(image(1, 1)).await;
    scene.apply(image(1, 1)).await;
    scene.asked();
    let name = format!(
        "GET /ImagingStudy/{}",
        scene.study().await["id"].as_str().unwrap()
    );
    for _ in 0..2 {
        assert_eq!(scene.apply(image(1, 1)).await, Applied::default());
        assert_eq!(scene.asked(), [name.as_str()]);
        // The resource itself need not come again.
        let answered = scene.recording.answered.lock().unwrap().pop();
        assert_eq!(answered, Some((304, 0)));
    }
    let mut study = scene.study().await;
    study.as_object_mut().unwrap().remove("series");
    scene.put(&study).await;
    assert_ne!(scene.apply(image(1, 1)).await, Applied::default());
    assert_eq!(
        scene.study().await["series"][0]["instance"][0]["uid"],
        "3.1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_study_is_forgotten() {
    let scene = Scene::start().await;
    scene.apply(image(1, 1)).await;
    scene.apply(delete(2, key("1.1", "2", "3.1"))).await;
    assert!(scene.stored("ImagingStudy").await.is_empty());
    scene.asked();
    scene.apply(image(1, 3)).await;
    let posts = scene.asked().into_iter().filter(|it| it == "POST ");
    assert_eq!(posts.count(), 1);
    assert_eq!(scene.study().await["numberOfInstances"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lookups_at_the_same_time_share_their_searches() {
    let scene = Scene::start_with(Duration::from_millis(30), false).await;
    // The Endpoint is there before: of those who create it together all but one do it again.
    scene.apply(image_of_nobody_else(99)).await;
    scene.asked();
    join_all((0..30).map(|study| scene.apply(image_of_nobody_else(study)))).await;
    let asked = scene.asked();
    for search in ["GET /ImagingStudy", "GET /Patient"] {
        let searches = asked.iter().filter(|it| *it == search).count();
        // At most twenty together.
        assert_eq!(searches, 2, "{asked:?}");
    }
    join_all((0..30).map(|study| scene.apply(image_of_nobody_else(study)))).await;
    assert_eq!(scene.stored("ImagingStudy").await.len(), 31);
    assert_eq!(scene.stored("Patient").await.len(), 31);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_ahead_is_not_searched_for_in_its_turn() {
    let scene = Scene::start_with(Duration::from_millis(30), false).await;
    scene.apply(image_of_nobody_else(0)).await;
    scene.asked();
    let images = || (0..10).map(image_of_nobody_else);
    scene.target.look_ahead(images().collect()).await;
    // What was written is known already.
    let mut found = scene.asked();
    found.sort();
    assert_eq!(found, ["GET /ImagingStudy", "GET /Patient"]);
    // Somebody else is quicker: one more reading, and no second study.
    let other = scene.another_target();
    let delta = other.fold(&[image_of_nobody_else(1)]).unwrap();
    other.apply(&delta).await.unwrap();
    scene.asked();
    join_all(images().map(|image| scene.apply(image))).await;
    let asked = scene.asked();
    let searches = asked.iter().filter(|it| *it == "GET /ImagingStudy");
    assert_eq!(searches.count(), 1, "{asked:?}");
    assert_eq!(scene.stored("ImagingStudy").await.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shared_is_dealt_out_to_whom_it_belongs() {
    let scene = Scene::start_with(Duration::from_millis(30), false).await;
    join_all((0..10).map(|study| scene.apply(image_of_nobody_else(study)))).await;
    // Somebody who remembers nothing finds it all as it is.
    let scene = Scene {
        target: scene.another_target(),
        ..scene
    };
    scene.asked();
    let applied = join_all((0..10).map(|study| scene.apply(image_of_nobody_else(study)))).await;
    assert!(applied.iter().all(|it| *it == Applied::default()));
    let asked = scene.asked();
    let searches = asked.iter().filter(|it| *it == "GET /ImagingStudy").count();
    assert_eq!(searches, 1, "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_search_for_several_fails_each_asks_alone() {
    let scene = Scene::start_with(Duration::from_millis(30), true).await;
    scene.apply(image(99, 1)).await;
    join_all((0..10).map(|study| scene.apply(image(study, 1)))).await;
    assert_eq!(scene.stored("ImagingStudy").await.len(), 11);
    assert_eq!(scene.stored("Patient").await.len(), 1);
}
