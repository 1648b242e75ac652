//! `radcast run`: the daemon.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use tracing::{error, info, warn};

use super::daemon::Daemon;
use super::exit::{self, Exit};
use super::shutdown::Signals;
use super::watching::listen;
use super::{SettingsArgument, assembly, storage};
use crate::ops::Server;
use crate::settings::{Loaded, Settings};
use crate::telemetry::{Process, Telemetry};
use radcast_engine::failure::Failure;

/// How long the last telemetry may take to be sent, within the grace period.
const FLUSH: Duration = Duration::from_secs(5);

pub(super) async fn run(argument: &SettingsArgument) -> Exit {
    let mut signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(error) => return exit::failed(&format!("Signals cannot be caught: {error}")),
    };
    let Loaded { settings, warnings } = match assembly::settings(argument, Vec::new()) {
        Ok(loaded) => loaded,
        Err(problems) => return exit::unusable(&problems),
    };
    let server = match listen(&settings.ops).await {
        Ok(server) => server,
        Err(problem) => return exit::failed(&problem),
    };
    let terminal = io::stdout().is_terminal();
    let process = Process::of(std::env::vars_os());
    let telemetry = match Telemetry::start(&settings, &process, terminal, io::stdout) {
        Ok(telemetry) => telemetry,
        Err(error) => return exit::failed(&error),
    };
    for warning in &warnings {
        warn!(event = "setting_ignored", "{warning}");
    }
    tell_of_start(&settings, server.as_ref());
    let grace = settings.worker.shutdown_grace_period;
    let daemon = Daemon::from_settings(settings).shown_by(&telemetry, server);
    let mut told = None;
    let stop = async {
        signals.requested().await;
        told = Some(Instant::now());
    };
    let ended = daemon.run(stop).await;
    let exit = tell_of_end(&ended);
    let taken = told.map(|told| told.elapsed()).unwrap_or_default();
    telemetry
        .close(grace.saturating_sub(taken).min(FLUSH))
        .await;
    exit
}

/// The value of `RUST_LOG`.
pub(super) fn rust_log() -> Option<String> {
    Process::of(std::env::vars_os()).rust_log
}

fn tell_of_start(settings: &Settings, server: Option<&Server>) {
    info!(
        event = "starting",
        version = env!("CARGO_PKG_VERSION"),
        dicom = %settings.dicom_web.request_base(),
        fhir = %settings.fhir.endpoint,
        store = storage::store_place(settings),
        validation = settings.cast.validation.as_str(),
        ops = server.map(|server| server.address().to_string()),
        "radcast starts"
    );
}

fn tell_of_end(result: &Result<(), Failure>) -> Exit {
    match result {
        Ok(()) => {
            info!(event = "stopped", "stopped");
            Exit::Done
        }
        Err(failure) => {
            error!(event = "ended", code = %failure.code, cure = failure.cure(), "{failure}");
            Exit::Failed
        }
    }
}
