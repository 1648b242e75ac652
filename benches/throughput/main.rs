//! What the daemon costs: time, requests, bytes, memory; held against the entry-at-a-time way and
//! against the least that is possible.
//!
//! The binary as users run it, between two services in this process, over real HTTP. Fails only
//! when an entry is lost: figures are printed with the goals and written down, not judged.

mod arguments;
mod baseline;
mod daemon;
mod feed;
mod figures;
mod floor;
mod goals;
mod header;
mod hfs;
mod hospital;
mod measurement;
mod process;
mod report;
mod scan;
mod scenario;
mod service;
mod site;
mod study;
mod wire;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::json;

use arguments::{Arguments, Cell};
use daemon::Daemon;
use feed::Feed;
use figures::{Figures, Run, Way};
use floor::Transactions;
use goals::Measured;
use header::Headers;
use scan::Scan;
use site::Site;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.bench {
        return ExitCode::SUCCESS;
    }
    match measure(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures what is asked for, cell by cell.
async fn measure(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let headers = Arc::new(Headers::read()?);
    let (mut figures, mut scans): (Vec<Figures>, Vec<Scan>) = (Vec::new(), Vec::new());
    for cell in arguments.cells()? {
        let feed = Arc::new(cell.scenario.feed());
        let (scenario, target) = (cell.scenario.to_string(), cell.target.to_string());
        eprintln!(
            "{scenario}, {target}: {} ({:.0?})",
            feed.mix(),
            began.elapsed()
        );
        let of = (scenario.as_str(), target.as_str());
        let bench = Bench {
            arguments,
            cell,
            feed,
            headers: headers.clone(),
            of,
        };
        figures.extend(bench.run().await?);
        if scans.iter().all(|scan| scan.scenario != scenario) {
            scans.push(scan::measure(of.0, &bench.feed, &headers)?);
        }
    }
    let goals = goals::all(&Measured {
        figures: &figures,
        scans: &scans,
    });
    report::figures(&figures);
    report::details(&figures);
    report::scans(&scans);
    report::goals(&goals);
    let results = json!({ "figures": figures, "scans": scans, "goals": goals });
    if let Some(folder) = arguments.results.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&arguments.results, serde_json::to_string_pretty(&results)?)?;
    eprintln!("{} ({:.0?})", arguments.results.display(), began.elapsed());
    Ok(())
}

/// One feed and one FHIR server.
struct Bench<'a> {
    arguments: &'a Arguments,
    cell: Cell,
    feed: Arc<Feed>,
    headers: Arc<Headers>,
    /// Names of feed and server.
    of: (&'a str, &'a str),
}

impl Bench<'_> {
    /// The daemon, and what it is held against.
    async fn run(&self) -> Result<Vec<Figures>, Box<dyn Error>> {
        let site = self.site(self.cell.floor).await?;
        let daemon = self.daemon(&site).await?;
        let at_once = daemon.fhir_transactions_at_once;
        let mut all = vec![daemon];
        if self.cell.floor {
            let kept = site.wire.take_kept();
            drop(site);
            for way in [Way::Floor, Way::FloorWithPages] {
                let transactions = Transactions::repeatable(&kept)?;
                let site = self.site(false).await?;
                all.push(floor::measure(&site, transactions, at_once, self.by(way)).await?);
            }
        }
        if self.cell.baseline {
            let site = self.site(false).await?;
            let longest = self.arguments.longest_baseline(&self.cell);
            all.push(baseline::measure(&site, self.by(Way::Baseline), longest).await?);
        }
        Ok(all)
    }

    async fn site(&self, keeps: bool) -> Result<Site, Box<dyn Error>> {
        let latency = Duration::from_millis(self.arguments.feed_latency);
        Site::start(
            self.cell.target,
            (&self.feed, &self.headers),
            latency,
            keeps,
        )
        .await
    }

    fn by(&self, way: Way) -> Run<'_> {
        Run {
            scenario: self.of.0,
            target: self.of.1,
            way,
            entries: self.feed.entries(),
            of: self.feed.entries(),
            took: Duration::ZERO,
        }
    }

    /// Runs the daemon from the start of the feed to its end, and checks what has arrived.
    async fn daemon(&self, site: &Site) -> Result<Figures, Box<dyn Error>> {
        let mut daemon = Daemon::start(site, &self.arguments.settings)?;
        let measured = measurement::until_settled(&mut daemon, site, self.by(Way::Daemon)).await;
        let measured = measured.map_err(|error| daemon.with_log(&*error))?;
        daemon.terminate()?;
        site.check_arrived(&self.feed).await?;
        Ok(measured)
    }
}
