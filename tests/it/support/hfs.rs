//! helios-hfs, in a process of its own.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};

use super::daemon::until;
use super::environment::from_make;
use super::peer::{Peer, PeerServer};

/// How many ports are tried: one that is free may be taken before the server listens.
const PORTS: usize = 5;

/// A running server; killed when dropped.
pub struct Hfs {
    process: Mutex<Child>,
    folder: tempfile::TempDir,
    address: String,
    http: Client,
}

/// A server that is empty.
pub async fn start() -> PeerServer {
    let mut log = String::new();
    for _ in 0..PORTS {
        let hfs = Hfs::spawn();
        until("helios-hfs", async || hfs.ended() || hfs.answers().await).await;
        if hfs.is_who_answers().await {
            let address = hfs.address.clone();
            let server = PeerServer::new(Peer::Hfs, address, Box::new(hfs));
            check_search(&server).await;
            return server;
        }
        log = std::fs::read_to_string(hfs.folder.path().join("log")).unwrap();
    }
    panic!("helios-hfs does not start on {PORTS} free ports; the last time it said:\n{log}");
}

impl Hfs {
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
        let stored = self.http.put(format!("{}/Basic/{id}", self.address));
        let stored = stored.json(&mark).send().await;
        stored.is_ok_and(|answer| answer.status().is_success())
            && !self.ended()
            && database_files(self.folder.path())
                .any(|file| memchr::memmem::find(&file, id.as_bytes()).is_some())
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

/// Without its search parameters the server ignores filters, and finds everything.
async fn check_search(server: &PeerServer) {
    let patient = json!({ "resourceType": "Patient" });
    let stored = server.create(&patient).await;
    assert_eq!(server.all("Patient").await.len(), 1);
    let missed = server.search("Patient?identifier=urn:oid:1.2%7Cnobody");
    assert_eq!(missed.await, Vec::<Value>::new(), "a filter is ignored");
    server.delete(&stored).await;
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
