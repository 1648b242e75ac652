//! helios-hfs, a FHIR server that others wrote, in a process of its own.

use std::error::Error;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::site::http_client;

/// How long the server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server, empty at first; killed when dropped.
pub(crate) struct Hfs {
    process: Child,
    pub(crate) address: String,
    _folder: TempDir,
}

/// Where the server is installed, if the environment says so (`tests/tools/hfs`).
pub(crate) fn installation() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("RADCAST_TEST_HFS")?);
    folder.join("bin/hfs").is_file().then_some(folder)
}

impl Hfs {
    pub(crate) async fn start(installation: &Path) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let address = format!("http://127.0.0.1:{port}");
        let log = File::create(folder.path().join("log"))?;
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
            .envs([("HFS_MAX_BODY_SIZE", "67108864")])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut hfs = Self {
            process,
            address,
            _folder: folder,
        };
        hfs.until_it_answers().await?;
        Ok(hfs)
    }

    /// All resources of a type.
    pub(crate) async fn all(&self, resource_type: &str) -> Result<Vec<Value>, Box<dyn Error>> {
        let http = http_client()?;
        let mut all = Vec::new();
        let mut next = Some(format!("{}/{resource_type}?_count=200", self.address));
        while let Some(url) = next {
            let answer = http.get(url).send().await?.error_for_status()?;
            let mut page: Value = serde_json::from_slice(&answer.bytes().await?)?;
            let mut links = page["link"].as_array().into_iter().flatten();
            let link = links.find(|link| link["relation"] == "next");
            next = link.and_then(|link| Some(link["url"].as_str()?.to_owned()));
            let entries = page["entry"].as_array_mut().into_iter().flatten();
            all.extend(entries.map(|entry| entry["resource"].take()));
        }
        Ok(all)
    }

    async fn until_it_answers(&mut self) -> Result<(), Box<dyn Error>> {
        let http = http_client()?;
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("helios-hfs has ended: {status}").into());
            }
            let health = http.get(format!("{}/health", self.address)).send().await;
            if health.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("helios-hfs does not answer".into())
    }
}

impl Drop for Hfs {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
