//! The daemon as users run it.

use std::error::Error;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use radcast_engine::store::{SqliteStore, Store};

use super::process::Process;
use super::site::Site;

/// A running daemon; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
    store: SqliteStore,
    pub(crate) started: Instant,
}

impl Daemon {
    /// Starts it between the services of a site, with these settings besides, and nothing else in
    /// its environment.
    pub(crate) fn start(site: &Site, more: &[(String, String)]) -> Result<Self, Box<dyn Error>> {
        let folder = site.folder();
        let (store, log) = (folder.join("radcast.db"), folder.join("radcast.log"));
        let opened = SqliteStore::open(&store)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_radcast"));
        command
            .arg("run")
            .env_clear()
            .env("DicomWeb__Endpoint", site.service.address())
            .env("Fhir__Endpoint", site.fhir_address())
            .env("Store__Path", &store)
            .env("DicomCastWorker__PollInterval", "00:00:00.1")
            .env("Patient__PatientSystemId", "urn:oid:1.2.3")
            .envs(more.iter().cloned())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(File::create(&log)?);
        let started = Instant::now();
        Ok(Self {
            child: command.spawn()?,
            log,
            store: opened,
            started,
        })
    }

    /// Its process, as long as it runs.
    pub(crate) fn process(&mut self) -> Result<Process, Box<dyn Error>> {
        match self.child.try_wait()? {
            Some(status) => Err(format!("the daemon has ended: {status}").into()),
            None => Ok(Process::of(self.child.id())),
        }
    }

    /// The stored position.
    pub(crate) async fn position(&self) -> Result<u64, Box<dyn Error>> {
        let state = self.store.sync_state().await?;
        Ok(state.map(|(state, _)| state.sequence).unwrap_or_default())
    }

    /// SIGTERM, after which it has to end in order.
    pub(crate) fn terminate(mut self) -> Result<(), Box<dyn Error>> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let status = self.child.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(self.with_log(&*Box::<dyn Error>::from(format!(
            "the daemon ended with {status}"
        ))))
    }

    /// An error with the last lines of the log.
    pub(crate) fn with_log(&self, error: &dyn Error) -> Box<dyn Error> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(10)..);
        format!("{error}\n{}", last.unwrap_or_default().join("\n")).into()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
