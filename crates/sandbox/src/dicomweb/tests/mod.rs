//! The service over HTTP.

mod faults;
mod feed_v1;
mod feed_v2;
mod query;
mod retrieve;
mod store;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::server::Server;
use super::{Clock, DicomService};

/// A running service, a client of it, and a clock in the hand of the test.
struct Running {
    service: DicomService,
    server: Server,
    client: Client,
    time: Arc<Mutex<Timestamp>>,
    _folder: Option<TempDir>,
}

impl Running {
    /// Without files.
    async fn in_memory() -> Self {
        Self::with(DicomService::in_memory().unwrap(), None).await
    }

    /// With files.
    async fn in_folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = DicomService::open(folder.path()).unwrap();
        Self::with(service, Some(folder)).await
    }

    async fn with(service: DicomService, folder: Option<TempDir>) -> Self {
        let time = Arc::new(Mutex::new("2024-06-02T08:00:00Z".parse().unwrap()));
        let shared = Arc::clone(&time);
        let clock: Clock = Arc::new(move || *shared.lock().unwrap());
        let service = service.with_clock(clock);
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(30));
        Self {
            server: Server::start(service.router(), 0).await.unwrap(),
            service,
            client: client.build().unwrap(),
            time,
            _folder: folder,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.base_url())
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    async fn status(&self, path: &str) -> StatusCode {
        self.get(path).await.status()
    }

    /// The body of a 200 as JSON.
    async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    async fn delete(&self, path: &str) -> StatusCode {
        let request = self.client.delete(self.url(path));
        request.send().await.unwrap().status()
    }

    async fn post(&self, path: &str, content_type: &str, body: Vec<u8>) -> Response {
        self.client
            .post(self.url(path))
            .header("content-type", content_type)
            .body(body)
            .send()
            .await
            .unwrap()
    }

    /// Stores files in one request.
    async fn stow(&self, path: &str, files: &[&[u8]]) -> Response {
        let content_type = "multipart/related; type=\"application/dicom\"; boundary=between";
        self.post(path, content_type, parts(files)).await
    }

    fn create(&self, instance: u32) -> u64 {
        let metadata = metadata("1.2.3", instance).to_string();
        self.service.store_metadata(None, &metadata).unwrap()
    }

    fn advance(&self, seconds: i64) {
        *self.time.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    /// Sequence, action and state of the entries of a page.
    async fn entries(&self, path: &str) -> Vec<(u64, String, String)> {
        let page = self.json(path).await;
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
        let entries = page.as_array().unwrap().iter();
        entries
            .map(|e| {
                (
                    e["sequence"].as_u64().unwrap(),
                    text(e, "action"),
                    text(e, "state"),
                )
            })
            .collect()
    }

    /// The sequences of the entries of a page.
    async fn sequences(&self, path: &str) -> Vec<u64> {
        let entries = self.entries(path).await;
        entries.into_iter().map(|(sequence, ..)| sequence).collect()
    }
}

/// The metadata of an instance in series `{study}.1`.
fn metadata(study: &str, instance: u32) -> Value {
    json!({
        "00080018": { "vr": "UI", "Value": [format!("{study}.1.{instance}")] },
        "00080020": { "vr": "DA", "Value": ["20240601"] },
        "00080050": { "vr": "SH", "Value": [format!("A-{study}")] },
        "00080060": { "vr": "CS", "Value": ["CT"] },
        "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "Rossi^Maria" }] },
        "00100020": { "vr": "LO", "Value": ["PID-77"] },
        "0020000D": { "vr": "UI", "Value": [study] },
        "0020000E": { "vr": "UI", "Value": [format!("{study}.1")] },
        "00200013": { "vr": "IS", "Value": [instance] },
    })
}

/// The files as a multipart body with boundary `between`.
fn parts(files: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    for file in files {
        body.extend(b"--between\r\nContent-Type: application/dicom\r\n\r\n");
        body.extend(*file);
        body.extend(b"\r\n");
    }
    body.extend(b"--between--\r\n");
    body
}

/// A file of each sample study, by the study's folder.
fn sample(study: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let samples = super::super::samples::write(folder.path()).unwrap();
    let of_study = |path: &std::path::Path| path.ancestors().any(|f| f.ends_with(study));
    let sample = samples.iter().find(|s| of_study(&s.path)).unwrap();
    std::fs::read(&sample.path).unwrap()
}
