//! The store over real HTTP.

mod create;
mod faults;
mod preconditions;
mod refusals;
mod search;
mod single;
mod transaction;

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::FhirStore;
use crate::Server;

/// A store that is being served, and a client of it.
struct Service {
    store: FhirStore,
    server: Server,
    http: reqwest::Client,
}

/// An answer, read.
#[derive(Debug)]
struct Answered {
    status: StatusCode,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn diagnostics(&self) -> String {
        let outcome = self.json();
        assert_eq!(outcome["resourceType"], "OperationOutcome");
        outcome["issue"][0]["diagnostics"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

impl Service {
    async fn start() -> Self {
        let store = FhirStore::open(None).unwrap();
        let server = Server::start(store.router(), 0).await.unwrap();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .no_proxy()
            .build()
            .unwrap();
        Self {
            store,
            server,
            http,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/fhir{path}", self.server.base_url())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, self.url(path))
            .header("content-type", "application/fhir+json")
    }

    async fn get(&self, path: &str) -> Answered {
        send(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answered {
        send(self.request(Method::POST, path).body(body.to_string())).await
    }

    async fn put(&self, path: &str, body: &Value) -> Answered {
        send(self.request(Method::PUT, path).body(body.to_string())).await
    }

    async fn delete(&self, path: &str) -> Answered {
        send(self.request(Method::DELETE, path)).await
    }

    async fn transact(&self, entries: Value) -> Answered {
        let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
        self.post("", &bundle).await
    }

    async fn search(&self, path: &str, parameters: &[(&str, &str)]) -> Answered {
        send(self.request(Method::GET, path).query(parameters)).await
    }

    /// The ids that a search finds, in order.
    async fn found(&self, path: &str, parameters: &[(&str, &str)]) -> Vec<String> {
        let answered = self.search(path, parameters).await;
        assert_eq!(answered.status, 200, "{}", answered.text);
        let bundle = answered.json();
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

async fn send(request: RequestBuilder) -> Answered {
    let response = request.send().await.unwrap();
    Answered {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

fn patient(identifier: &str) -> Value {
    json!({
        "resourceType": "Patient",
        "identifier": [{"system": "urn:mrn", "value": identifier}],
    })
}

fn study(subject: &str) -> Value {
    json!({
        "resourceType": "ImagingStudy",
        "status": "available",
        "subject": {"reference": subject},
        "series": [{
            "uid": "1.2",
            "modality": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CT"},
            "instance": [{"uid": "1.2.3", "sopClass": {"code": "urn:oid:1.2"}}],
        }],
    })
}

fn post_entry(full_url: &str, resource: &Value) -> Value {
    json!({
        "fullUrl": full_url,
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"]},
    })
}
