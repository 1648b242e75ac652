//! `radcast run`: the daemon.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::exit::{self, Exit};
use super::shutdown::Signals;
use super::watching::{Watching, listen};
use super::{SettingsArgument, daemon};
use crate::failure::Failure;
use crate::ops::Server;
use crate::settings::{Loaded, Settings};
use crate::sync::Status;
use crate::telemetry::{Process, Telemetry};

/// How long the last telemetry may take to be sent, within the grace period.
const FLUSH: Duration = Duration::from_secs(5);

pub(super) async fn run(argument: &SettingsArgument) -> Exit {
    let signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(error) => return exit::failed(&format!("Signals cannot be caught: {error}")),
    };
    let Loaded { settings, warnings } = match daemon::settings(argument, Vec::new()) {
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
    let ended = follow_until_signalled(&settings, signals, &telemetry, server).await;
    let exit = tell_of_end(&ended.result);
    let left = ended.time_left(settings.worker.shutdown_grace_period);
    telemetry.close(left.min(FLUSH)).await;
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
        store = %settings.store.path.display(),
        validation = settings.cast.validation.as_str(),
        ops = server.map(|server| server.address().to_string()),
        "radcast starts"
    );
}

/// How the engine ended, and when it was told to.
struct Ended {
    result: Result<(), Failure>,
    told: Option<Instant>,
}

impl Ended {
    /// What is left of the grace period.
    fn time_left(&self, grace: Duration) -> Duration {
        let taken = self.told.map(|told| told.elapsed()).unwrap_or_default();
        grace.saturating_sub(taken)
    }
}

async fn follow_until_signalled(
    settings: &Settings,
    mut signals: Signals,
    telemetry: &Telemetry,
    server: Option<Server>,
) -> Ended {
    let stop = CancellationToken::new();
    let (status, watched) = watch::channel(Status::default());
    let watching = match Watching::start(settings, telemetry, watched, server) {
        Ok(watching) => watching,
        Err(failure) => {
            return Ended {
                result: Err(failure),
                told: None,
            };
        }
    };
    let observer = Arc::clone(&watching.observer);
    let following = daemon::follow(settings, observer, status, stop.clone());
    let following = watching.heartbeat.accompany(following);
    tokio::pin!(following);
    tokio::select! {
        result = &mut following => Ended { result, told: None },
        () = signals.requested() => {
            info!(event = "stopping", "stopping; studies under way are finished first");
            let told = Some(Instant::now());
            stop.cancel();
            Ended { result: following.await, told }
        }
    }
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
