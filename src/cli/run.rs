//! `radcast run`: the daemon.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::exit::{self, Exit};
use super::shutdown::Signals;
use super::{SettingsArgument, daemon};
use crate::settings::{Loaded, Settings};
use crate::sync::{Status, Unobserved};
use crate::telemetry;

pub(super) async fn run(argument: &SettingsArgument) -> Exit {
    let signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(error) => return exit::failed(&format!("Signals cannot be caught: {error}")),
    };
    let Loaded { settings, warnings } = match daemon::settings(argument, Vec::new()) {
        Ok(loaded) => loaded,
        Err(problems) => return exit::unusable(&problems),
    };
    let terminal = io::stdout().is_terminal();
    if let Err(error) = telemetry::init(
        &settings.logging,
        rust_log().as_deref(),
        terminal,
        io::stdout,
    ) {
        return exit::failed(&error);
    }
    for warning in &warnings {
        warn!(event = "setting_ignored", "{warning}");
    }
    info!(
        version = env!("CARGO_PKG_VERSION"),
        dicom = %settings.dicom_web.request_base(),
        fhir = %settings.fhir.endpoint,
        store = %settings.store.path.display(),
        "radcast starts"
    );
    follow_until_signalled(&settings, signals).await
}

/// The value of `RUST_LOG`.
pub(super) fn rust_log() -> Option<String> {
    std::env::vars_os()
        .find(|(name, _)| name == "RUST_LOG")
        .map(|(_, value)| value.to_string_lossy().into_owned())
}

async fn follow_until_signalled(settings: &Settings, mut signals: Signals) -> Exit {
    let stop = CancellationToken::new();
    let (status, _) = watch::channel(Status::default());
    let following = daemon::follow(settings, Arc::new(Unobserved), status, stop.clone());
    tokio::pin!(following);
    let ended = tokio::select! {
        ended = &mut following => ended,
        () = signals.requested() => {
            info!("stopping; studies under way are finished first");
            stop.cancel();
            following.await
        }
    };
    match ended {
        Ok(()) => {
            info!("stopped");
            Exit::Done
        }
        Err(failure) => {
            error!(code = %failure.code, cure = failure.cure(), "{failure}");
            Exit::Failed
        }
    }
}
