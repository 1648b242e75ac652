//! `radcast check`: what works, and how to mend what does not.

use std::fmt::Display;

use super::exit::{self, Exit};
use super::{SettingsArgument, assembly, storage};
use crate::settings::{Loaded, Settings};
use crate::telemetry::visible;
use radcast_engine::Target as _;
use radcast_engine::failure::{Code, Failure};

pub(super) async fn check(argument: &SettingsArgument) -> Exit {
    let Loaded { settings, warnings } = match assembly::settings(argument, Vec::new()) {
        Ok(loaded) => loaded,
        Err(problems) => return exit::unusable(&problems),
    };
    for warning in &warnings {
        println!("settings  note    {}", visible(&warning.to_string()));
    }
    println!("settings  ok      usable");
    let latest = dicom(&settings).await;
    let mut results = vec![
        report("DICOM", latest.as_ref().map(|(_, text)| text)),
        report("FHIR", fhir(&settings).await.as_ref()),
        report(
            "store",
            store(&settings, latest.ok().map(|(latest, _)| latest))
                .await
                .as_ref(),
        ),
    ];
    if settings.lease.is_some() {
        results.push(report("lease", lease(&settings).await.as_ref()));
    }
    if settings.archive {
        results.push(report("archive", archive(&settings).await.as_ref()));
    }
    if results.into_iter().all(|works| works) {
        Exit::Done
    } else {
        Exit::Failed
    }
}

fn report(what: &str, result: Result<&impl Display, &Failure>) -> bool {
    match result {
        Ok(text) => println!("{what:<9} ok      {}", visible(&text.to_string())),
        Err(failure) => {
            let told = failure.to_string();
            println!("{what:<9} FAILED  {}", visible(&told));
            println!("{:<9} mend    {}", "", failure.cure());
        }
    }
    result.is_ok()
}

async fn dicom(settings: &Settings) -> Result<(u64, String), Failure> {
    let latest = assembly::feed_client(settings)?.latest().await?.sequence;
    let version = settings.dicom_web.api_version;
    let address = settings.dicom_web.request_base();
    let newest = match latest {
        0 => "it is empty".to_owned(),
        latest => format!("its newest entry is {latest}"),
    };
    Ok((
        latest,
        format!(
            "{address}: the change feed ({}) is readable; {newest}",
            version.as_str()
        ),
    ))
}

async fn fhir(settings: &Settings) -> Result<String, Failure> {
    let capability = assembly::fhir_client(settings)?.capability().await?;
    assembly::fhir_target(settings)?.probe().await?;
    let software = capability.software.map(|software| format!(" ({software})"));
    Ok(format!(
        "{}: FHIR {} with transactions{}",
        settings.fhir.endpoint,
        capability.fhir_version,
        software.unwrap_or_default()
    ))
}

async fn store(settings: &Settings, latest: Option<u64>) -> Result<String, Failure> {
    let store = storage::open_store(settings)?;
    store.check().await?;
    let position = store.sync_state().await?.map(|(state, _)| state.sequence);
    let place = storage::store_place(settings);
    match (position, latest) {
        (Some(position), Some(latest)) if position > latest => {
            let message = format!("the position is {position}, but the feed ends at {latest}");
            Err(Failure::new(Code::DicomPositionAhead, message))
        }
        (Some(position), Some(latest)) => Ok(format!(
            "{place}: readable and writable; the position is {position}, {} behind the newest",
            latest - position
        )),
        (Some(position), None) => Ok(format!(
            "{place}: readable and writable; the position is {position}"
        )),
        (None, _) => Ok(format!(
            "{place}: readable and writable; the feed is read from its start"
        )),
    }
}

async fn lease(settings: &Settings) -> Result<String, Failure> {
    let held = match storage::open_lease(settings)? {
        Some(lease) => lease.is_held().await?,
        None => false,
    };
    let place = blobs(settings);
    Ok(if held {
        format!("{place}: held by a replica; others wait for its end")
    } else {
        format!("{place}: held by nobody")
    })
}

async fn archive(settings: &Settings) -> Result<String, Failure> {
    if let Some(archive) = storage::open_archive(settings)? {
        archive.check().await?;
    }
    Ok(format!("{}: writable", blobs(settings)))
}

/// Where the blobs are, without what lets one in.
fn blobs(settings: &Settings) -> String {
    settings
        .blob_store
        .as_ref()
        .map_or_else(String::new, |blobs| {
            format!(
                "container {} of {}",
                blobs.container, blobs.account.endpoint
            )
        })
}
