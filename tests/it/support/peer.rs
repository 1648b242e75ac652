//! FHIR servers that others wrote.

use std::any::Any;

use reqwest::header::{CACHE_CONTROL, IF_MATCH};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

use super::hapi;
use super::hfs::{self, http_client};

/// Which server, and what is particular about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    Hfs,
    Hapi,
}

impl Peer {
    /// Starts one, or takes one that nobody else uses now; it is empty.
    pub async fn start(self) -> PeerServer {
        match self {
            Self::Hfs => hfs::start().await,
            Self::Hapi => hapi::take().await,
        }
    }

    /// Whether it refuses to delete what has changed since: R4 leaves open what `ifMatch` is for.
    pub const fn heeds_versions_of_deletes(self) -> bool {
        matches!(self, Self::Hfs)
    }

    /// What it says of itself in its `CapabilityStatement`.
    pub const fn software(self) -> &'static str {
        match self {
            Self::Hfs => "Helios FHIR Server 0.2.7",
            Self::Hapi => "HAPI FHIR Server 8.8.0",
        }
    }
}

/// A server that runs until it is dropped.
pub struct PeerServer {
    peer: Peer,
    address: String,
    http: Client,
    _process: Box<dyn Any + Send + Sync>,
}

impl PeerServer {
    /// The server at an address, as long as `process` is held.
    pub fn new(peer: Peer, address: String, process: Box<dyn Any + Send + Sync>) -> Self {
        Self {
            peer,
            address,
            http: http_client(),
            _process: process,
        }
    }

    pub const fn peer(&self) -> Peer {
        self.peer
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// All resources of a type.
    pub async fn all(&self, resource_type: &str) -> Vec<Value> {
        self.search(&format!("{resource_type}?_count=1000")).await
    }

    /// What a search finds, on all pages.
    pub async fn search(&self, query: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut next = Some(format!("{}/{query}", self.address));
        while let Some(url) = next {
            // HAPI remembers for a minute what a search found.
            let request = self.http.get(url).header(CACHE_CONTROL, "no-cache");
            let (status, mut page) = answer(request).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            if let Value::Array(entries) = page["entry"].take() {
                found.extend(
                    entries
                        .into_iter()
                        .map(|mut entry| entry["resource"].take()),
                );
            }
            let links = page["link"].as_array().unwrap();
            let link = links.iter().find(|link| link["relation"] == "next");
            next = link.map(|link| link["url"].as_str().unwrap().to_owned());
        }
        found
    }

    /// The one resource of a type.
    pub async fn only(&self, resource_type: &str) -> Value {
        let mut all = self.all(resource_type).await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// Creates a resource, and gives it as it was stored.
    pub async fn create(&self, resource: &Value) -> Value {
        let resource_type = resource["resourceType"].as_str().unwrap();
        let (status, stored) = self.send(Method::POST, resource_type, Some(resource)).await;
        assert_eq!(status, StatusCode::CREATED, "{stored}");
        stored
    }

    /// Updates a resource that was read, unless it has changed since.
    pub async fn update(&self, resource: &Value) {
        let version = format!("W/{}", resource["meta"]["versionId"]);
        let request = self
            .request(Method::PUT, &reference(resource), Some(resource))
            .header(IF_MATCH, version);
        let (status, stored) = answer(request).await;
        assert_eq!(status, StatusCode::OK, "{stored}");
    }

    pub async fn delete(&self, resource: &Value) {
        let (status, answer) = self.send(Method::DELETE, &reference(resource), None).await;
        assert!(status.is_success(), "{answer}");
    }

    /// What the server's own validation finds wrong with a resource (`$validate`).
    pub async fn problems(&self, resource: &Value) -> Vec<Value> {
        let resource_type = resource["resourceType"].as_str().unwrap();
        let path = format!("{resource_type}/$validate");
        let (status, mut outcome) = self.send(Method::POST, &path, Some(resource)).await;
        assert_eq!(status, StatusCode::OK, "{outcome}");
        let Value::Array(mut issues) = outcome["issue"].take() else {
            panic!("no issues in {outcome}");
        };
        issues.retain(|issue| issue["severity"] == "error" || issue["severity"] == "fatal");
        issues
    }

    /// Posts a transaction, or calls an operation.
    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        answer(self.request(method, path, body)).await
    }

    pub fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::RequestBuilder {
        let url = format!("{}/{path}", self.address);
        let request = self.http.request(method, url);
        match body {
            Some(body) => request.json(body),
            None => request,
        }
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let body = answer.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// `Type/id` of a stored resource.
pub fn reference(resource: &Value) -> String {
    let text = |element: &str| resource[element].as_str().unwrap().to_owned();
    format!("{}/{}", text("resourceType"), text("id"))
}
