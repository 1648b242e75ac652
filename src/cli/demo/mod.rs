//! `radcast demo`: the whole path on one machine. A folder of DICOM files is stored in an embedded
//! DICOMweb service, whose change feed the daemon's own code casts into an embedded FHIR store,
//! all of it over real HTTP.

mod cast;
mod files;
mod services;
mod summary;
mod upload;

use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::exit::{self, Exit};
use super::run::rust_log;
use super::shutdown::Signals;
use crate::settings::{LogFormat, LogLevel, Logging};
use crate::telemetry;
use cast::Casting;
use files::Source;
use services::Services;
use summary::Summary;
use upload::Upload;

/// What to demonstrate.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder of DICOM files, nested and mixed with others as it may be; without it, a small set
    /// of studies made for the purpose
    #[arg(long, value_name = "DIR")]
    dicom: Option<PathBuf>,
    /// End after the summary instead of staying up until Ctrl-C
    #[arg(long)]
    once: bool,
    /// The port of the FHIR store; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    fhir_port: u16,
    /// The port of the DICOMweb service; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    dicom_port: u16,
    /// Keep the services' data in this folder, and write fhir.ndjson there: every resource made
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

pub(super) async fn demo(arguments: &Arguments) -> Exit {
    let terminal = io::stderr().is_terminal();
    // The summary tells of every failure; logs are for those who ask.
    let logging = Logging {
        format: LogFormat::Auto,
        level: LogLevel::None,
    };
    if let Err(error) = telemetry::init(&logging, rust_log().as_deref(), terminal, io::stderr) {
        return exit::failed(&error);
    }
    match demonstrate(arguments).await {
        Ok(exit) => exit,
        Err(failed) => exit::failed(&failed),
    }
}

/// A sentence about what failed.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
struct Failed {
    what: &'static str,
    why: String,
}

/// Names what was being done when an error came up.
fn while_doing<E: Display>(what: &'static str) -> impl Fn(E) -> Failed {
    move |error| Failed {
        what,
        why: error.to_string(),
    }
}

/// What goes on after the summary.
struct Shown {
    services: Services,
    casting: Casting,
    complete: bool,
}

async fn demonstrate(arguments: &Arguments) -> Result<Exit, Failed> {
    let mut signals = Signals::catch().map_err(while_doing("catching signals"))?;
    let shown = tokio::select! {
        shown = show(arguments) => shown?,
        () = signals.requested() => return Err(while_doing("stopped")("before the end")),
    };
    if !arguments.once {
        println!("\nBoth services stay up, and what you store is cast, until Ctrl-C.");
        signals.requested().await;
    }
    shown.casting.stop().await?;
    shown.services.stop().await?;
    Ok(if shown.complete {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// Everything up to the summary.
async fn show(arguments: &Arguments) -> Result<Shown, Failed> {
    let services = Services::start(arguments).await?;
    services.announce();
    let source = Source::of(arguments.dicom.as_deref(), services.folder())?;
    let upload = Upload::of(&services, &source).await?;
    for path in source.deleted_before_read() {
        upload.delete(&services, path).await?;
    }
    let mut casting = Casting::start(&services)?;
    casting.catch_up(&services).await?;
    for path in source.deleted_after_cast() {
        upload.delete(&services, path).await?;
    }
    casting.catch_up(&services).await?;
    let summary = Summary {
        upload: &upload,
        counts: casting.counts(),
        services: &services,
    };
    let complete = summary.print()?;
    if let Some(folder) = &arguments.keep {
        services.keep_resources(folder)?;
    }
    Ok(Shown {
        services,
        casting,
        complete,
    })
}

fn progress(total: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(what);
    let template = "{msg:<8} {wide_bar} {pos}/{len} {per_sec} {elapsed}";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
