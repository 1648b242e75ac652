//! What the daemon costs: memory, requests and time, while the backlog of a hospital streams
//! through it, and for one large study.
//!
//! The binary as users run it, between two services in this process, over real HTTP. Fails when
//! an entry is lost, and where a bound is set: on resident memory, and on the FHIR requests of the
//! one study.

mod backlog;
mod daemon;
mod hospital;
mod measurement;
mod process;
mod report;
mod site;
mod study;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

use backlog::Backlog;
use daemon::Daemon;
use hospital::Hospital;
use measurement::Measurement;
use site::Site;
use study::{Headers, Modality, Study};

/// Resident memory that the daemon stays under, whatever the backlog.
const RESIDENT_MIB: u64 = 64;

/// FHIR requests that a CT study of a thousand instances may cost.
const MOST_FHIR_REQUESTS: u64 = 40;

/// Measures the daemon while a feed streams through it.
#[derive(Debug, Parser)]
struct Arguments {
    /// Entries in the feed of the hospital; 0 leaves it out
    #[arg(long, default_value_t = 100_000)]
    entries: u64,
    /// How many times as large as usual the CT and MR studies of the hospital are
    #[arg(long, default_value_t = 1)]
    scale: u32,
    /// Instances of the one CT study, in four series; 0 leaves it out
    #[arg(long, default_value_t = 1_000)]
    instances: u32,
    /// A setting of the daemon, such as DicomWeb__ApiVersion=v2; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// Given by `cargo bench`, and not by `cargo test --all-targets`, which starts this too
    #[arg(long, hide = true)]
    bench: bool,
}

fn setting(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("has to be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.bench {
        return ExitCode::SUCCESS;
    }
    match measure(&arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures what is asked for; whether all of it is within its bounds.
async fn measure(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let headers = Headers::read()?;
    let mut within = true;
    if arguments.instances > 0 {
        let measured = one_study(arguments, &headers).await?;
        report::one_study(arguments.instances, &measured);
        if arguments.instances <= 1_000 {
            let few = measured.fhir_requests <= MOST_FHIR_REQUESTS;
            within &= report::bound(&format!("at most {MOST_FHIR_REQUESTS} FHIR requests"), few);
        }
    }
    if arguments.entries > 0 {
        let site = Site::start().await?;
        let hospital = Hospital::new(&headers, arguments.scale, arguments.entries);
        let backlog = Backlog::of_a_hospital(&site, hospital, arguments.entries)?;
        report::backlog(&backlog);
        let measured = stream(arguments, &site, &backlog).await?;
        report::streamed(&backlog, &measured);
        let small = measured.peak_resident_kib < RESIDENT_MIB << 10;
        within &= report::bound(&format!("under {RESIDENT_MIB} MiB resident"), small);
    }
    Ok(within)
}

async fn one_study(
    arguments: &Arguments,
    headers: &Headers,
) -> Result<Measurement, Box<dyn Error>> {
    let site = Site::start().await?;
    let study = Study {
        number: 0,
        patient: 0,
        modality: Modality::Ct,
        series: 4,
        instances_per_series: arguments.instances.div_ceil(4),
    };
    let backlog = Backlog::of_one(&site, headers, &study)?;
    stream(arguments, &site, &backlog).await
}

/// Runs the daemon from the start of the feed to its end, and checks what has arrived.
async fn stream(
    arguments: &Arguments,
    site: &Site,
    backlog: &Backlog,
) -> Result<Measurement, Box<dyn Error>> {
    let mut daemon = Daemon::start(site, &arguments.settings)?;
    let measured = measurement::until_settled(&mut daemon, site, backlog.last).await;
    let measured = measured.map_err(|error| daemon.with_log(&*error))?;
    daemon.terminate()?;
    backlog.check_arrived(site).await?;
    Ok(measured)
}
