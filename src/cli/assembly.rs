//! The parts of the daemon, made from settings.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{SettingsArgument, storage};
use crate::settings::{ApiVersion, Loaded, Problem, Settings, SettingsFile, Unusable};
use radcast_dicomweb::{FeedClient, SequenceWindows, TimeWindows};
use radcast_engine::failure::Failure;
use radcast_engine::store::{Store, SyncState};
use radcast_engine::{Engine, Observer, Status, known_feed, system_clock};
use radcast_fhir::cast::{Rules, wanted};
use radcast_fhir::client::FhirClient;
use radcast_fhir::target::{FhirOptions, FhirTarget};

/// The settings of the process: file and environment, and `more` as if it were in the environment.
pub(super) fn settings(
    argument: &SettingsArgument,
    more: Vec<(OsString, OsString)>,
) -> Result<Loaded, Unusable> {
    let file = match &argument.file {
        Some(file) => SettingsFile::Named(file),
        None => SettingsFile::IfPresent(Path::new("appsettings.json")),
    };
    Settings::load(file, std::env::vars_os().chain(more))
}

/// As [`settings`]; where endpoints are missing and nothing else is wrong, with `stand_in` for them
/// and `true`.
pub(super) fn settings_without_endpoints(
    argument: &SettingsArgument,
    stand_in: &str,
) -> Result<(Loaded, bool), Unusable> {
    let unusable = match settings(argument, Vec::new()) {
        Ok(loaded) => return Ok((loaded, false)),
        Err(unusable) => unusable,
    };
    let missing = unusable
        .problems
        .iter()
        .filter(|problem| problem.value.is_none());
    let stand_in = |problem: &Problem| (problem.key.replace(':', "__").into(), stand_in.into());
    let stand_ins = missing
        .filter(|problem| problem.key.ends_with(":Endpoint"))
        .map(stand_in);
    Ok((settings(argument, stand_ins.collect())?, true))
}

/// How attributes are mapped, by these settings.
pub(super) fn rules(settings: &Settings) -> Rules {
    Rules {
        dicom_endpoint: settings.dicom_web.endpoint.to_string(),
        wado_version: settings.dicom_web.api_version.as_str().to_owned(),
        patient_system: settings.patient.system_id.clone(),
        home_issuers: settings.patient.home_issuers.clone(),
        on_unknown_issuer: settings.patient.on_unknown_issuer,
        issuer_as_system: settings.patient.is_issuer_id_used,
        validation: settings.cast.validation,
        time_zone: settings.cast.time_zone.clone(),
        issuers: settings.issuers.clone(),
        patient_policy: settings.patient.policy,
        missing_id: settings.patient.missing_id,
        placeholder_ids: settings.patient.placeholder_ids.clone(),
        accession_system: settings.imaging_study.accession_system.clone(),
        list_instances_up_to: settings.imaging_study.list_instances_up_to,
        references: settings.imaging_study.references,
        dose_observations: settings.cast.generate_observations,
        body_observations: settings.patient.generate_observations,
        on_other_patient: settings.imaging_study.on_other_patient,
        fhir_base: Some(settings.fhir.endpoint.to_string()),
    }
}

/// A client of the FHIR server of these settings.
pub(super) fn fhir_client(settings: &Settings) -> Result<FhirClient, Failure> {
    let client = FhirClient::new(&settings.fhir.endpoint, settings.fhir.timeout)?;
    let client = client.holding(settings.fhir.max_response_bytes);
    let client = client.asking_at_once(2 * settings.worker.max_concurrency);
    Ok(client.showing_text(settings.fhir.show_server_text))
}

/// The FHIR server of these settings as a target.
pub(super) fn fhir_target(settings: &Settings) -> Result<FhirTarget, Failure> {
    let options = FhirOptions {
        max_entries: settings.fhir.max_entries,
        require_versions: settings.fhir.require_versions,
        require_marks: settings.fhir.require_marks,
    };
    Ok(FhirTarget::new(fhir_client(settings)?, rules(settings)).with(options))
}

/// A client of the change feed of these settings.
pub(super) fn feed_client(settings: &Settings) -> Result<FeedClient, Failure> {
    let dicom_web = &settings.dicom_web;
    FeedClient::new(
        dicom_web.request_base(),
        dicom_web.api_version,
        dicom_web.timeout,
    )
    .map(|client| {
        client
            .keeping_raw(settings.archive)
            .holding(dicom_web.max_response_bytes, wanted)
    })
}

/// Follows the feed of these settings until stopped.
///
/// # Errors
/// What is configured cannot be opened, or the engine ended by itself.
pub(super) async fn follow(
    settings: &Settings,
    feed: FeedClient,
    store: Arc<dyn Store>,
    observer: Arc<dyn Observer>,
    status: watch::Sender<Status>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let engine = engine(settings, feed.clone(), store, observer)?;
    let page = u64::from(settings.dicom_web.page_size);
    let settle = settings.dicom_web.gap_settle_time;
    let unparsable = settings.dicom_web.on_unparsable;
    let at_once = settings.dicom_web.pages_at_once;
    match settings.dicom_web.api_version {
        ApiVersion::V1 => {
            let open = |from: SyncState| {
                SequenceWindows::new(feed, page, from.sequence, settle)
                    .known_by(known_feed(&from))
                    .on_unparsable(unparsable)
                    .pages_at_once(at_once)
            };
            engine.run(open, status, stop).await
        }
        ApiVersion::V2 => {
            let open = |from: SyncState| {
                TimeWindows::new(feed, page, from.sequence, from.timestamp, settle)
                    .known_by(known_feed(&from))
                    .on_unparsable(unparsable)
                    .pages_at_once(at_once)
            };
            engine.run(open, status, stop).await
        }
    }
}

fn engine(
    settings: &Settings,
    client: FeedClient,
    store: Arc<dyn Store>,
    observer: Arc<dyn Observer>,
) -> Result<Engine<FhirTarget>, Failure> {
    let page = usize::try_from(settings.dicom_web.page_size).unwrap_or(usize::MAX);
    let archive = storage::open_archive(settings)?;
    Ok(Engine {
        target: Arc::new(fhir_target(settings)?.reading(Arc::new(client.clone()))),
        store,
        archive: archive.map(|archive| Arc::new(archive) as _),
        present: Arc::new(client),
        worker: settings.worker.clone(),
        retry: Arc::new(settings.retry.clone()),
        escalation: settings.escalation.clone(),
        clock: system_clock(),
        observer,
        most_waiting: settings.worker.pages_ahead.saturating_mul(page),
    })
}
