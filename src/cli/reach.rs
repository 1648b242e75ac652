//! What every command needs that looks into the store.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::command_error::CommandError;
use super::shutdown::stop_at_signal;
use super::{SettingsArgument, assembly, storage};
use crate::settings::Settings;
use radcast_engine::failure::{Dispositions, Failure};
use radcast_engine::store::Store;
use radcast_engine::system_clock;

/// An address that is not asked for anything.
const STAND_IN: &str = "http://localhost";

/// The store of the settings, and what else a command needs.
pub(super) struct Reached {
    pub(super) store: Arc<dyn Store>,
    pub(super) settings: Settings,
    /// Where the DICOMweb service is, if the settings say so.
    pub(super) dicom: Option<String>,
    pub(super) dispositions: Dispositions,
    pub(super) stop: CancellationToken,
    pub(super) now: Timestamp,
}

/// Reaches a store that is there already. Neither of the two services is needed for that, nor
/// their addresses.
pub(super) fn existing(argument: &SettingsArgument) -> Result<Reached, CommandError> {
    reach(argument, storage::existing_store)
}

/// Reaches a store, which is made if it is not there.
pub(super) fn any(argument: &SettingsArgument) -> Result<Reached, CommandError> {
    reach(argument, storage::open_store)
}

fn reach(
    argument: &SettingsArgument,
    open: impl Fn(&Settings) -> Result<Arc<dyn Store>, Failure>,
) -> Result<Reached, CommandError> {
    let (loaded, stood_in) = assembly::settings_without_endpoints(argument, STAND_IN)?;
    let stop = stop_at_signal().map_err(|error: io::Error| {
        CommandError::Told(format!("Signals cannot be caught: {error}"))
    })?;
    let dicom_web = &loaded.settings.dicom_web;
    let base = dicom_web.request_base().as_str().trim_end_matches('/');
    Ok(Reached {
        store: open(&loaded.settings)?,
        dicom: (!stood_in).then(|| format!("{base}/{}", dicom_web.api_version.as_str())),
        dispositions: loaded.settings.retry.policies.dispositions(),
        stop,
        now: system_clock()(),
        settings: loaded.settings,
    })
}
