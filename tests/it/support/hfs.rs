//! A FHIR server that others wrote: helios-hfs, in a process of its own.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use reqwest::header::IF_MATCH;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::daemon::until;
use super::environment::from_make;

/// How many ports are tried: one that is free may be taken before the server listens.
const PORTS: usize = 5;

/// A running server, empty at first; killed when dropped.
pub struct Hfs {
    process: Mutex<Child>,
    folder: tempfile::TempDir,
    address: String,
    http: Client,
}

impl Hfs {
    pub async fn start() -> Self {
        let mut log = String::new();
        for _ in 0..PORTS {
            let hfs = Self::spawn();
            until("helios-hfs", async || hfs.ended() || hfs.answers().await).await;
            if hfs.is_who_answers().await {
                hfs.check_search().await;
                return hfs;
            }
            log = std::fs::read_to_string(hfs.folder.path().join("log")).unwrap();
        }
        panic!("helios-hfs does not start on {PORTS} free ports; the last time it said:\n{log}");
    }

    fn spawn() -> Self {
        let installation = from_make("RADCAST_TEST_HFS");
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let address = format!("http://127.0.0.1:{port}");
        let log = File::create(folder.path().join("log")).unwrap();
        let process = Command::new(installation.join("bin/hfs"))
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--base-url", &address, "--log-level", "warn"])
            .arg("--database-url")
            .arg(folder.path().join("fhir.db"))
            .arg("--data-dir")
            .arg(installation.join("data"))
            .env_clear()
            // Storing the search parameters as resources too would take seconds.
            .envs([("HFS_SEED_CONFORMANCE", "false"), ("HFS_UI_ENABLED", "false")])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self {
            process: Mutex::new(process),
            folder,
            address,
            http: http_client(),
        }
    }

    fn ended(&self) -> bool {
        let status = self.process.lock().unwrap().try_wait();
        status.unwrap().is_some()
    }

    async fn answers(&self) -> bool {
        let health = self.http.get(format!("{}/health", self.address)).send();
        health
            .await
            .is_ok_and(|answer| answer.status().is_success())
    }

    /// Whether this process is the one that answers at the address: what is stored there lands in
    /// its folder.
    async fn is_who_answers(&self) -> bool {
        let id = self.folder.path().file_name().unwrap().to_str().unwrap();
        let mark = json!({ "resourceType": "Basic", "id": id, "code": { "text": "mark" } });
        let stored = self
            .request(Method::PUT, &format!("Basic/{id}"), Some(&mark))
            .send()
            .await;
        stored.is_ok_and(|answer| answer.status().is_success())
            && !self.ended()
            && database_files(self.folder.path())
                .any(|file| memchr::memmem::find(&file, id.as_bytes()).is_some())
    }

    /// Without its search parameters the server ignores filters, and finds everything.
    async fn check_search(&self) {
        let patient = json!({ "resourceType": "Patient" });
        let stored = self.create(&patient).await;
        assert_eq!(self.all("Patient").await.len(), 1);
        let missed = self.search("Patient?identifier=urn:oid:1.2%7Cnobody").await;
        assert_eq!(missed, Vec::<Value>::new(), "a filter is ignored");
        let path = format!("Patient/{}", stored["id"].as_str().unwrap());
        self.send(Method::DELETE, &path, None).await;
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// All resources of a type.
    pub async fn all(&self, resource_type: &str) -> Vec<Value> {
        self.search(&format!("{resource_type}?_count=1000")).await
    }

    /// What a search finds, which has to fit on one page.
    pub async fn search(&self, query: &str) -> Vec<Value> {
        let (status, mut page) = self.send(Method::GET, query, None).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let links = page["link"].as_array().unwrap();
        assert!(links.iter().all(|link| link["relation"] != "next"));
        match page["entry"].take() {
            Value::Array(entries) => entries
                .into_iter()
                .map(|mut entry| entry["resource"].take())
                .collect(),
            _ => Vec::new(),
        }
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
        let answer = self
            .request(Method::PUT, &reference(resource), Some(resource))
            .header(IF_MATCH, version)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
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

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let answer = self.request(method, path, body).send().await.unwrap();
        let status = answer.status();
        let body = answer.bytes().await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::RequestBuilder {
        let url = format!("{}/{path}", self.address);
        let request = self.http.request(method, url);
        match body {
            Some(body) => request.json(body),
            None => request,
        }
    }
}

impl Drop for Hfs {
    fn drop(&mut self) {
        if let Ok(process) = self.process.get_mut() {
            // It may have ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// `Type/id` of a stored resource.
pub fn reference(resource: &Value) -> String {
    let text = |element: &str| resource[element].as_str().unwrap().to_owned();
    format!("{}/{}", text("resourceType"), text("id"))
}

/// For requests that a test waits for.
pub fn http_client() -> Client {
    let client = Client::builder().timeout(Duration::from_secs(60));
    client.build().unwrap()
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// The database and its write-ahead log.
fn database_files(folder: &Path) -> impl Iterator<Item = Vec<u8>> {
    ["fhir.db", "fhir.db-wal"]
        .map(|name| folder.join(name))
        .into_iter()
        .filter_map(|path| std::fs::read(path).ok())
}
