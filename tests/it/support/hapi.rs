//! HAPI FHIR, in a process of its own. It takes long to start, so that tests share one: each has it
//! to itself, and finds it empty.

use std::fs::File;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};

use reqwest::StatusCode;
use serde_json::json;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::daemon::until;
use super::environment::from_make;
use super::peer::{Peer, PeerServer};

/// A running server; killed when dropped. One that is never dropped ends with these tests: its
/// standard input ends with them.
pub struct Hapi {
    process: Mutex<Child>,
    _input: ChildStdin,
    folder: tempfile::TempDir,
}

type Shared = Arc<AsyncMutex<Option<(Hapi, String)>>>;

static SHARED: LazyLock<Shared> = LazyLock::new(Shared::default);

/// The shared server, emptied. Nobody else gets it before it is dropped.
pub async fn take() -> PeerServer {
    let mut shared = Arc::clone(&SHARED).lock_owned().await;
    let runs = shared.as_ref().is_some_and(|(hapi, _)| !hapi.ended());
    if !runs {
        *shared = Some(spawn(&[]).await);
    }
    let (_, address) = shared.as_ref().unwrap();
    let server = |held| PeerServer::new(Peer::Hapi, address.clone(), held);
    if runs {
        empty(&server(Box::new(()))).await;
    }
    let address = address.clone();
    let held: Box<OwnedMutexGuard<_>> = Box::new(shared);
    PeerServer::new(Peer::Hapi, address, held)
}

/// A server of its own with these options.
pub async fn start_with(options: &[&str]) -> PeerServer {
    let (hapi, address) = spawn(options).await;
    PeerServer::new(Peer::Hapi, address, Box::new(hapi))
}

/// Starts a server, which says its address when it is ready.
async fn spawn(options: &[&str]) -> (Hapi, String) {
    let installation = from_make("RADCAST_TEST_HAPI");
    let folder = tempfile::tempdir().unwrap();
    let [said, log] = ["said", "log"].map(|name| folder.path().join(name));
    let java = std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "JAVA_HOME");
    let mut process = Command::new(installation.join("bin/hapi"))
        .args(options)
        .env_clear()
        .envs(java)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(File::create(&said).unwrap())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let hapi = Hapi {
        _input: process.stdin.take().unwrap(),
        process: Mutex::new(process),
        folder,
    };
    let line = || std::fs::read_to_string(&said).unwrap();
    until("HAPI", async || hapi.ended() || line().ends_with('\n')).await;
    let address = line().trim_end().to_owned();
    assert!(
        address.starts_with("http"),
        "HAPI does not start:\n{}",
        std::fs::read_to_string(hapi.folder.path().join("log")).unwrap()
    );
    (hapi, address)
}

/// Removes all resources with their history.
async fn empty(server: &PeerServer) {
    let everything = json!({
        "resourceType": "Parameters",
        "parameter": [{ "name": "expungeEverything", "valueBoolean": true }],
    });
    let (status, answer) = server.post("$expunge", &everything).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

impl Hapi {
    fn ended(&self) -> bool {
        let status = self.process.lock().unwrap().try_wait();
        status.unwrap().is_some()
    }
}

impl Drop for Hapi {
    fn drop(&mut self) {
        if let Ok(process) = self.process.get_mut() {
            // It may have ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
