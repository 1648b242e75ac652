//! The binary as users run it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use radcast::settings::{Settings, SettingsFile};
use radcast_engine::store::{FailureRecord, RecordFilter, SqliteStore, Store};
use serde_json::Value;

use super::services::Services;

/// Longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// `radcast` with nothing in its environment but what is given.
pub fn radcast<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_radcast"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs a command to its end.
pub fn ended(command: &mut Command) -> Ended {
    command.output().unwrap().into()
}

/// A daemon between two services, with its store in a folder of its own.
pub struct Daemon {
    environment: Vec<(String, String)>,
    folder: tempfile::TempDir,
}

/// A running daemon; killed when dropped.
pub struct Running {
    process: Child,
    log: PathBuf,
    /// How much had been logged before it started.
    logged: usize,
}

impl Daemon {
    pub fn of(services: &Services) -> Self {
        Self::between(&services.dicom_address(), &services.fhir_address())
    }

    pub fn between(dicom: &str, fhir: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("radcast.db").display().to_string();
        let environment = [
            ("DicomWeb__Endpoint", dicom),
            ("Fhir__Endpoint", fhir),
            ("Store__Path", &store),
            ("DicomCastWorker__PollInterval", "00:00:00.1"),
            ("DicomWeb__GapSettleTime", "00:00:00"),
            ("RetryConfiguration__InitialDelay", "00:00:00.05"),
            ("Patient__PatientSystemId", "urn:oid:1.2.3"),
        ];
        let owned = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            environment: owned.to_vec(),
            folder,
        }
    }

    /// With a setting, which may have been another.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its settings, for a daemon in this process.
    pub fn settings(&self) -> Settings {
        let environment = self.environment.iter();
        let environment = environment.map(|(name, value)| (name.into(), value.into()));
        let file = SettingsFile::IfPresent(Path::new("nowhere/appsettings.json"));
        Settings::load(file, environment).unwrap().settings
    }

    pub fn store_path(&self) -> PathBuf {
        self.folder.path().join("radcast.db")
    }

    /// A command with this daemon's settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = radcast(arguments);
        command
            .envs(self.environment.iter().cloned())
            .current_dir(self.folder.path());
        command
    }

    /// Starts it; its log goes to `radcast.log` in its folder.
    pub fn start(&self) -> Running {
        let log = self.folder.path().join("radcast.log");
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let logged = usize::try_from(file.metadata().unwrap().len()).unwrap();
        let process = self.command(&["run"]).stdout(file).spawn().unwrap();
        Running {
            process,
            log,
            logged,
        }
    }

    /// What it logged, all starts together.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("radcast.log")).unwrap()
    }

    /// The lines it logged, all starts together; the last may still be being written.
    pub fn lines(&self) -> Vec<Value> {
        let log = self.log();
        let complete = log.rsplit_once('\n').map_or("", |(lines, _)| lines);
        let lines = complete.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The lines of this event.
    pub fn events(&self, event: &str) -> Vec<Value> {
        let mut lines = self.lines();
        lines.retain(|line| line["event"] == event);
        lines
    }

    pub fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.store_path()).unwrap()
    }

    /// What is recorded as failed.
    pub async fn records(&self) -> Vec<FailureRecord> {
        let failed = RecordFilter::default();
        self.store().records(&failed, None, 1_000).await.unwrap()
    }

    /// The stored position.
    pub async fn position(&self) -> u64 {
        let state = self.store().sync_state().await.unwrap();
        state.map(|(state, _)| state.sequence).unwrap_or_default()
    }

    /// Waits until the stored position has reached `sequence`.
    pub async fn until_settled(&self, sequence: u64) {
        let store = self.store();
        until("the position", async || {
            let state = store.sync_state().await.unwrap();
            state.is_some_and(|(state, _)| state.sequence >= sequence)
        })
        .await;
    }

    /// Runs it until the stored position has reached `sequence`, and stops it with SIGTERM.
    pub async fn run_until_settled(&self, sequence: u64) {
        let running = self.start();
        self.until_settled(sequence).await;
        assert_eq!(running.terminate().await, Some(0), "{}", self.log());
    }
}

/// Waits, within reason, until something holds.
pub async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(
            Instant::now() < deadline,
            "{what} is not reached in {PATIENCE:?}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Running {
    /// The id of its process, as long as that runs.
    pub fn pid(&mut self) -> Option<u32> {
        let runs = self.process.try_wait().unwrap().is_none();
        runs.then(|| self.process.id())
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM, once it has said that it starts, and the exit code that follows.
    pub async fn terminate(mut self) -> Option<i32> {
        until("the start", async || {
            let log = std::fs::read_to_string(&self.log).unwrap();
            log.get(self.logged..)
                .is_some_and(|log| log.contains("radcast starts"))
        })
        .await;
        let pid = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        tokio::task::spawn_blocking(move || self.process.wait().unwrap().code())
            .await
            .unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
