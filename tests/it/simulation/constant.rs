//! Peers that always answer the same: whatever that is, they are not asked over and over.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use radcast::settings::ApiVersion;
use radcast_dicomweb::{FeedClient, SequenceWindows, TimeWindows};
use radcast_engine::failure::Symptom;
use radcast_engine::store::SyncState;
use radcast_engine::{Engine, Status, known_feed};
use radcast_fhir::client::FhirClient;
use radcast_fhir::target::FhirTarget;
use radcast_http::{Answer, Exchange, Outgoing, TransportError};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::model::{ModelStore, World};
use super::scene::{engine, simulated};
use crate::cast_world::rules;

/// How long the peers are watched.
const HOUR: Duration = Duration::from_secs(3_600);

/// The most requests at one peer in ten seconds, and in the hour.
const MOST: (usize, usize) = (150, 20_000);

/// Status and body of an answer; none where there is no connection.
type Given = Option<(u16, String)>;

/// A peer that answers the same to each kind of question.
#[derive(Debug)]
struct Constant {
    answer: fn(&Outgoing, &Given) -> Given,
    given: Given,
    asked: Mutex<Vec<Instant>>,
}

impl Constant {
    fn new(answer: fn(&Outgoing, &Given) -> Given, given: Given) -> Arc<Self> {
        Arc::new(Self {
            answer,
            given,
            asked: Mutex::default(),
        })
    }

    /// The most requests in ten seconds, and all of them.
    fn load(&self) -> (usize, usize) {
        let asked = self.asked.lock().unwrap();
        let (mut most, mut first) = (0, 0);
        for (last, at) in asked.iter().enumerate() {
            while *at - asked[first] > Duration::from_secs(10) {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        (most, asked.len())
    }
}

#[async_trait]
impl Exchange for Constant {
    async fn exchange(&self, request: Outgoing) -> Result<Answer, TransportError> {
        self.asked.lock().unwrap().push(Instant::now());
        tokio::time::sleep(Duration::from_millis(5)).await;
        match (self.answer)(&request, &self.given) {
            Some((status, body)) => Ok(Answer {
                status,
                retry_after: None,
                location: None,
                body: body.into(),
            }),
            None => Err(TransportError {
                symptom: Symptom::NoConnection,
                reason: "refused".to_owned(),
            }),
        }
    }
}

fn entry(sequence: u64) -> Value {
    json!({
        "sequence": sequence, "action": "Create", "state": "Current",
        "timestamp": "2024-06-02T08:15:30Z",
        "studyInstanceUid": "1.2", "seriesInstanceUid": "1.3", "sopInstanceUid": "1.4",
        "metadata": {
            "00080016": { "vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"] },
            "00080018": { "vr": "UI", "Value": ["1.4"] },
            "0020000D": { "vr": "UI", "Value": ["1.2"] },
            "0020000E": { "vr": "UI", "Value": ["1.3"] },
            "00080060": { "vr": "CS", "Value": ["CT"] },
            "00100020": { "vr": "LO", "Value": ["P1"] },
        },
    })
}

/// A feed of one entry.
fn honest_feed(request: &Outgoing, _: &Given) -> Given {
    let url = request.url.as_str();
    let is_first = !url.contains("offset=") || url.contains("offset=0");
    let body = match url.contains("/latest") {
        true => entry(1),
        false if is_first => json!([entry(1)]),
        false => json!([]),
    };
    Some((200, body.to_string()))
}

fn as_given(_: &Outgoing, given: &Given) -> Given {
    given.clone()
}

/// The newest entry is of this number, and no page holds it.
fn names_alone(request: &Outgoing, given: &Given) -> Given {
    match request.url.contains("/latest") {
        true => given.clone(),
        false => Some((200, "[]".to_owned())),
    }
}

/// Everything that a FHIR server needs to be found alive, and this to transactions and reads.
fn fhir_alive(request: &Outgoing, given: &Given) -> Given {
    let url = request.url.as_str();
    let body = request.body.as_deref().unwrap_or_default();
    if String::from_utf8_lossy(body).contains("radcast-no-resource") {
        let refusal = json!({ "issue": [{ "severity": "error", "code": "not-found" }] });
        return Some((404, refusal.to_string()));
    }
    let statement = json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
                            "rest": [{ "interaction": [{ "code": "transaction" }] }] });
    let nothing = json!({ "resourceType": "Bundle", "type": "searchset" });
    match url {
        _ if url.ends_with("/metadata") => Some((200, statement.to_string())),
        _ if url.contains('?') => Some((200, nothing.to_string())),
        _ => given.clone(),
    }
}

/// Follows the feed for an hour; the load of the feed and of the FHIR server.
fn live(version: ApiVersion, feed: &Arc<Constant>, fhir: &Arc<Constant>) {
    let (feed, fhir) = (Arc::clone(feed), Arc::clone(fhir));
    simulated(async move {
        let world = World::default();
        let address = "http://dicom.example".parse().unwrap();
        let client = FeedClient::over(feed, &address, version);
        let address = "http://fhir.example".parse().unwrap();
        let target = FhirTarget::new(FhirClient::over(fhir, &address), rules());
        let model = engine(&world);
        let engine = Engine {
            target: Arc::new(target),
            store: Arc::new(ModelStore(world.clone())),
            archive: None,
            present: Arc::new(client.clone()),
            worker: model.worker,
            retry: Arc::new(super::ailing::defaults(radcast::settings::Order::Strict)),
            escalation: model.escalation,
            clock: model.clock,
            observer: model.observer,
            most_waiting: 100,
        };
        let stop = CancellationToken::new();
        let (status, _) = watch::channel(Status::default());
        let settle = Duration::from_secs(30);
        let stopped = stop.clone();
        let running = async move {
            if version == ApiVersion::V2 {
                let open = |from: SyncState| {
                    TimeWindows::new(client, 10, from.sequence, from.timestamp, settle)
                        .known_by(known_feed(&from))
                };
                engine.run(open, status, stopped).await
            } else {
                let open = |from: SyncState| {
                    SequenceWindows::new(client, 10, from.sequence, settle)
                        .known_by(known_feed(&from))
                };
                engine.run(open, status, stopped).await
            }
        };
        let stopping = async {
            tokio::time::sleep(HOUR).await;
            stop.cancel();
        };
        drop(tokio::join!(running, stopping));
    });
}

fn assert_bearable(what: &str, peer: &Constant) {
    let (in_ten_seconds, in_all) = peer.load();
    assert!(
        in_ten_seconds <= MOST.0 && in_all <= MOST.1,
        "{in_ten_seconds} requests in ten seconds and {in_all} in an hour: {what}"
    );
}

#[test]
fn a_feed_that_always_answers_the_same_is_not_asked_over_and_over() {
    let page = json!([entry(1)]).to_string();
    let bodies = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "<html>".to_owned(),
        "[null]".to_owned(),
        r#"[{"sequence":7}]"#.to_owned(),
        entry(1).to_string(),
        page,
        entry(1_000_000_000_000).to_string(),
        entry(40_000).to_string(),
        json!((1..=10).map(entry).collect::<Vec<_>>()).to_string(),
    ];
    let statuses = [200, 204, 304, 400, 401, 404, 429, 500];
    let cases = bodies.iter().map(|body| Some((200, body.clone())));
    let cases = cases
        .chain(statuses.map(|status| Some((status, String::new()))))
        .chain([None]);
    for given in cases {
        for version in [ApiVersion::V1, ApiVersion::V2] {
            for answer in [as_given as fn(&Outgoing, &Given) -> Given, names_alone] {
                let feed = Constant::new(answer, given.clone());
                let fhir = Constant::new(fhir_alive, Some((422, String::new())));
                live(version, &feed, &fhir);
                let case = format!("{version:?} {given:?}");
                assert_bearable(&case, &feed);
                assert_bearable(&case, &fhir);
            }
        }
    }
}

#[test]
fn a_fhir_server_that_always_answers_the_same_is_not_asked_over_and_over() {
    let bundle = |kind: &str, status: &str| {
        let response =
            json!({ "status": status, "location": "Patient/1/_history/1", "etag": "W/\"1\"" });
        let entry = json!({ "response": response });
        json!({ "resourceType": "Bundle", "type": kind, "entry": [entry] }).to_string()
    };
    let patient = json!({ "resourceType": "Patient", "id": "1", "meta": { "versionId": "1" },
                          "identifier": [{ "system": "urn:mrn", "value": "P1" }] });
    let bodies = [
        String::new(),
        "{}".to_owned(),
        "<html>".to_owned(),
        patient.to_string(),
        bundle("searchset", "200"),
        bundle("transaction-response", "201 Created"),
        bundle("transaction-response", "200 OK"),
        bundle("transaction-response", "412"),
    ];
    let cases = bodies.iter().map(|body| Some((200, body.clone())));
    let statuses = [201, 304, 400, 401, 404, 409, 412, 413, 422, 429, 500, 503];
    let cases = cases
        .chain(statuses.map(|status| Some((status, String::new()))))
        .chain([None]);
    for given in cases {
        for answer in [as_given as fn(&Outgoing, &Given) -> Given, fhir_alive] {
            let feed = Constant::new(honest_feed, None);
            let fhir = Constant::new(answer, given.clone());
            live(ApiVersion::V1, &feed, &fhir);
            assert_bearable(&format!("{given:?}"), &feed);
            assert_bearable(&format!("{given:?}"), &fhir);
        }
    }
}
