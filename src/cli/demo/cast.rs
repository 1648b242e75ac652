//! Casting: the daemon's own engine, pointed at the embedded services.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::services::Services;
use super::{Failed, progress, while_doing};
use crate::cli::{assembly, storage};
use crate::settings::{Settings, SettingsFile};
use radcast_engine::failure::Failure;
use radcast_engine::{Counts, Status, Tally};

/// The engine at work.
pub(super) struct Casting {
    tally: Arc<Tally>,
    status: watch::Receiver<Status>,
    stop: CancellationToken,
    engine: AbortOnDropHandle<Result<(), Failure>>,
}

impl Casting {
    pub(super) fn start(services: &Services) -> Result<Self, Failed> {
        let settings = settings(services)?;
        let tally = Arc::new(Tally::default());
        let stop = CancellationToken::new();
        let (told, status) = watch::channel(Status::default());
        let (observer, stopping) = (Arc::clone(&tally), stop.clone());
        let engine = AbortOnDropHandle::new(tokio::spawn(async move {
            let (feed, store) = (
                assembly::feed_client(&settings)?,
                storage::own_store(&settings)?,
            );
            assembly::follow(&settings, feed, store, observer, told, stopping).await
        }));
        Ok(Self {
            tally,
            status,
            stop,
            engine,
        })
    }

    /// Waits until everything that is in the feed now is settled.
    pub(super) async fn catch_up(&mut self, services: &Services) -> Result<(), Failed> {
        let latest = services
            .dicom
            .latest_sequence()
            .map_err(while_doing("reading the feed"))?;
        let bar = progress(latest, "casting");
        loop {
            let position = self.status.borrow_and_update().position;
            bar.set_position(position);
            if position >= latest {
                bar.finish_and_clear();
                return Ok(());
            }
            if self.status.changed().await.is_err() {
                let ended = (&mut self.engine).await.map_err(while_doing("casting"))?;
                let why =
                    ended.map_or_else(|failure| failure.to_string(), |()| "stopped".to_owned());
                return Err(Failed {
                    what: "the engine ended",
                    why,
                });
            }
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.tally.counts()
    }

    pub(super) async fn stop(self) -> Result<(), Failed> {
        self.stop.cancel();
        let ended = self.engine.await.map_err(while_doing("stopping"))?;
        ended.map_err(while_doing("stopping"))
    }
}

/// The daemon's settings, as its environment would give them.
fn settings(services: &Services) -> Result<Settings, Failed> {
    let store = services.folder().join("radcast.db").into_os_string();
    let given = [
        ("DicomWeb__Endpoint", services.dicom_address().into()),
        ("Fhir__Endpoint", services.fhir_address().into()),
        ("Store__Path", store),
        ("DicomCastWorker__PollInterval", "00:00:01".into()),
        // Nobody else stores here: a missing number will not be committed late.
        ("DicomWeb__GapSettleTime", "00:00:00".into()),
        ("Patient__PatientSystemId", "urn:oid:2.25.0.demo".into()),
    ];
    let environment = given.map(|(name, value)| (OsString::from(name), value));
    // No settings file: the demo is the same everywhere.
    let nowhere = Path::new("radcast-demo-has-no-settings-file.json");
    let loaded = Settings::load(SettingsFile::IfPresent(nowhere), environment);
    loaded
        .map(|loaded| loaded.settings)
        .map_err(while_doing("the demo's settings"))
}
