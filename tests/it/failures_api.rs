//! The HTTP API of the failed entries.

use std::sync::Arc;
use std::time::Duration;

use radcast::ops::failures::{ApiKey, failures_api};
use radcast_engine::failure::{Code, Disposition, Dispositions};
use radcast_engine::store::Store;
use radcast_sandbox::Server;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::ops::Ops;
use crate::support::records::{MIXED, asked_for, failed, idle_with, json as printed, records, run};
use crate::support::services::Services;

const KEY: &str = "correct horse";

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A key as the settings have to give it.
const LONG_KEY: &str = "correct-horse-battery-staple-0123456789";

struct Api {
    daemon: Daemon,
    server: Server,
    key: Option<&'static str>,
}

impl Api {
    async fn start(entries: &[(u64, Code)]) -> Self {
        Self::with_key(entries, Some(KEY)).await
    }

    async fn with_key(entries: &[(u64, Code)], key: Option<&'static str>) -> Self {
        let daemon = idle_with(entries).await;
        let store = Arc::new(daemon.store());
        let dispositions = Dispositions::default().with(Code::FhirTooLarge, Disposition::Never);
        let key = key.and_then(ApiKey::new);
        let router = failures_api(store, key, dispositions, LIMIT);
        let server = Server::start(router, 0).await.unwrap();
        Self {
            daemon,
            server,
            key: Some(KEY),
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let client = Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/api/v1/failures{path}", self.server.base_url());
        let mut request = client.request(method, url);
        if let Some(key) = self.key {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r23_pages_hold_what_the_command_lists() {
    let entries = (1..=25)
        .map(|n| (n, Code::FhirRejected))
        .chain((26..=40).map(|n| (n, Code::FhirTimeout)));
    let api = Api::start(&entries.collect::<Vec<_>>()).await;
    let (mut cursor, mut paged, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        let (status, page) = api.get(&format!("?limit=10&cursor={cursor}")).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        paged.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
        pages += 1;
    }
    assert_eq!(pages, 4);
    let list = printed(&api.daemon, &["failures", "list", "-o", "json"]);
    assert_eq!(Value::from(paged), list);
    let columns = list[0].as_object().unwrap();
    for column in [
        "category",
        "sequence",
        "study",
        "series",
        "instance",
        "action",
        "code",
        "message",
        "cure",
        "attempts",
        "firstFailed",
        "lastFailed",
        "state",
    ] {
        assert!(!columns[column].is_null(), "{column} in {columns:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r23_filters_are_those_of_the_command_and_one_record_is_found_by_its_id() {
    let api = Api::start(&MIXED).await;
    for (query, found) in [
        ("?category=fhir", vec![1, 4]),
        ("?class=dicom", vec![2]),
        ("?code=fhir.timeout", vec![3]),
        ("?study=1.2.4", vec![4]),
        ("?since=1970-01-01T03:00:00Z&category=fhir", vec![4]),
        ("?since=2h", vec![]),
    ] {
        let (_, page) = api.get(query).await;
        let items = page["items"].as_array().unwrap().iter();
        let sequences: Vec<u64> = items
            .map(|item| item["sequence"].as_u64().unwrap())
            .collect();
        assert_eq!(sequences, found, "{query}");
    }
    let shown = printed(&api.daemon, &["failures", "show", "4", "-o", "json"]);
    for id in ["/4", "/fhir%2F4"] {
        assert_eq!(api.get(id).await, (StatusCode::OK, shown.clone()));
    }
    let (status, problem) = api.get("/5").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(
        problem["detail"].as_str().unwrap().contains("near it: 4"),
        "{problem}"
    );
    for wrong in [
        "?clas=fhir",
        "?limit=0",
        "?limit=9999",
        "?cursor=x",
        "?code=fhir.x",
    ] {
        let (status, problem) = api.get(wrong).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_what_was_given_up_counts_as_intransient() {
    let api = Api::start(&MIXED).await;
    let (_, page) = api.get("?class=intransient").await;
    assert_eq!(page["items"].as_array().unwrap().len(), 4);
    let (_, exhausted) = api.get("/3").await;
    assert_eq!(exhausted["category"], "transient-exhausted");
    assert_eq!(exhausted["intransient"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn r25_a_bad_instance_is_not_retried_unless_forced() {
    let api = Api::start(&MIXED).await;
    let (status, problem) = api.post("/2/retry", json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("store it again"),
        "{problem}"
    );
    assert_eq!(problem["cure"], Code::DicomMissingAttribute.cure());
    assert!(asked_for(&api.daemon).await.is_empty());
    let (status, _) = api.post("/2/retry?force=true", json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(asked_for(&api.daemon).await, [2]);
    assert_eq!(
        api.post("/2/retry?forse=true", json!({})).await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        api.post("/77/retry", json!({})).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r29_an_entry_whose_code_is_never_to_be_retried_is_not_unless_forced() {
    let api = Api::start(&[(1, Code::FhirTooLarge), (2, Code::FhirRejected)]).await;
    let (status, problem) = api.post("/1/retry", json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    let (_, answer) = api.post("/retry", json!({"all": true})).await;
    assert_eq!(answer["requested"], 1, "{answer}");
    assert_eq!(asked_for(&api.daemon).await, [2]);
    let (status, _) = api.post("/1/retry?force=true", json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn r45_a_retry_is_asked_for_in_three_ways_with_the_same_effect() {
    let single = Api::start(&MIXED[..1]).await;
    let (status, answer) = single.post("/1/retry", json!({})).await;
    assert_eq!(
        (status, answer),
        (StatusCode::ACCEPTED, json!({ "requested": ["1"] }))
    );
    let bulk = Api::start(&MIXED[..1]).await;
    let (status, answer) = bulk
        .post("/retry", json!({ "code": "fhir.multiple-matches" }))
        .await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(answer, json!({ "requested": 1, "refused": [] }));
    let command = Api::start(&MIXED[..1]).await;
    assert_eq!(
        run(&command.daemon, &["failures", "retry", "1"]).code,
        Some(0)
    );
    let mut kept = Vec::new();
    for api in [&single, &bulk, &command] {
        assert_eq!(asked_for(&api.daemon).await, [1]);
        kept.push(records(&api.daemon).await);
    }
    assert_eq!(kept[0], kept[1]);
    assert_eq!(kept[0], kept[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn r45_nobody_without_the_key_is_let_in() {
    let mut api = Api::start(&MIXED).await;
    let requests = [
        (Method::GET, ""),
        (Method::GET, "/1"),
        (Method::POST, "/1/retry"),
        (Method::POST, "/retry"),
        (Method::DELETE, "/1"),
    ];
    for key in [None, Some("wrong horse"), Some("")] {
        api.key = key;
        for (method, path) in &requests {
            let (status, problem) = api.ask(method.clone(), path, None).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
            assert!(
                problem["detail"].as_str().unwrap().contains("Bearer"),
                "{problem}"
            );
        }
    }
    assert!(asked_for(&api.daemon).await.is_empty());
    assert_eq!(records(&api.daemon).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_configured_key_the_api_is_closed_and_says_which_setting_opens_it() {
    let mut api = Api::with_key(&MIXED, None).await;
    for key in [None, Some(KEY), Some("")] {
        api.key = key;
        let (status, problem) = api.get("").await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(
            problem["detail"].as_str().unwrap().contains("Ops:ApiKey"),
            "{problem}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_retry_needs_a_filter_or_the_word_all() {
    let api = Api::start(&MIXED).await;
    for body in [
        json!({}),
        json!({ "all": true, "code": "fhir.rejected" }),
        json!({ "all": "true" }),
        json!({ "cod": "fhir.rejected" }),
        json!([]),
    ] {
        let (status, _) = api.post("/retry", body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    assert!(asked_for(&api.daemon).await.is_empty());
    let (_, answer) = api.post("/retry", json!({ "from": 2, "to": 3 })).await;
    assert_eq!(answer["requested"], 1);
    assert_eq!(answer["refused"][0]["first"], json!(["2"]));
    let (_, answer) = api.post("/retry", json!({ "all": true })).await;
    assert_eq!(answer["requested"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_a_bulk_retry_that_takes_too_long_says_where_to_go_on() {
    const COUNT: u64 = 1_500;
    let entries: Vec<_> = (1..=COUNT).map(|n| (n, Code::FhirRejected)).collect();
    let daemon = idle_with(&entries).await;
    let store = Arc::new(daemon.store());
    let dispositions = Dispositions::default();
    let limit = Duration::from_millis(200);
    let router = failures_api(store, ApiKey::new(KEY), dispositions, limit);
    let api = Api {
        daemon,
        server: Server::start(router, 0).await.unwrap(),
        key: Some(KEY),
    };
    let (mut asked, mut body, mut requests) = (0, json!({ "all": true }), 0);
    loop {
        let (status, answer) = api.post("/retry", body.clone()).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        asked += answer["requested"].as_u64().unwrap();
        requests += 1;
        if answer["next"].is_null() {
            break;
        }
        body["cursor"] = answer["next"].clone();
    }
    assert!(requests > 1);
    assert_eq!(asked, COUNT);
    assert_eq!(asked_for(&api.daemon).await.len() as u64, COUNT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_record_is_gone() {
    let api = Api::start(&MIXED).await;
    let (status, body) = api.ask(Method::DELETE, "/1", None).await;
    assert_eq!(
        (status, body),
        (StatusCode::NO_CONTENT, Value::String(String::new()))
    );
    assert_eq!(
        api.ask(Method::DELETE, "/1", None).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(records(&api.daemon).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_daemon_serves_it_to_those_who_show_its_key() {
    let services = Services::start().await;
    let daemon = Daemon::of(&services)
        .with("Ops__Listen", "127.0.0.1:0")
        .with("Ops__ApiKey", LONG_KEY);
    daemon
        .store()
        .record(vec![failed(1, Code::FhirRejected)])
        .await
        .unwrap();
    let running = daemon.start();
    let ops = Ops::of(&daemon).await;
    assert_eq!(
        ops.get("/api/v1/failures").await.0,
        StatusCode::UNAUTHORIZED
    );
    let (status, page) = ops.json_with_key("/api/v1/failures", LONG_KEY).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(page["items"][0]["id"], "1");
    assert_eq!(running.terminate().await, Some(0));
}
