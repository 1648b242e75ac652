//! What to measure.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use super::hfs;
use super::scenario::{FIXED, Scenario, Target};

/// Measures the daemon, the entry-at-a-time way and the floor
///
/// Without arguments: what the goals need, with 250,000 entries for memory.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Arguments {
    /// Every feed with every FHIR server, and 1,000,000 entries for memory
    #[arg(long)]
    pub(crate) all: bool,
    /// Only these feeds: ct-100, ct-1000, ct-10000, cr-1000, enhanced-90,
    /// enhanced-500, day-10000, day-100000, memory
    #[arg(long, value_name = "FEED", value_delimiter = ',')]
    only: Vec<String>,
    /// Only the sandbox with this latency in ms (any number)
    #[arg(long, value_name = "MS", value_delimiter = ',')]
    latency: Vec<u64>,
    /// Only helios-hfs, or it too when --latency is given
    #[arg(long)]
    hfs: bool,
    /// Leave out helios-hfs
    #[arg(long)]
    without_hfs: bool,
    /// Leave out the entry-at-a-time way
    #[arg(long)]
    without_baseline: bool,
    /// Leave out the bare posts
    #[arg(long)]
    without_floor: bool,
    /// How long the entry-at-a-time way may take for one feed, in seconds; without it, 45 where a
    /// goal is held against it, 10 elsewhere
    #[arg(long, value_name = "SECONDS")]
    baseline_seconds: Option<u64>,
    /// Entries for memory
    #[arg(long)]
    entries: Option<u64>,
    /// How many times as large as usual the CT and MR studies for memory are
    #[arg(long, default_value_t = 1)]
    scale: u32,
    /// How much later the DICOMweb service answers, in ms
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub(crate) feed_latency: u64,
    /// A setting of the daemon, such as DicomWeb__ApiVersion=v2; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// Where the results are written as JSON
    #[arg(long, default_value = "bench/results.json")]
    pub(crate) results: PathBuf,
    /// Given by `cargo bench`, and not by `cargo test --all-targets`, which starts this too
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

fn setting(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("has to be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Where a goal is held against the entry-at-a-time way.
const GOALS: [(Scenario, Target); 3] = [
    (Scenario::Ct(1_000), Target::latency(5)),
    (Scenario::Cr(1_000), Target::latency(5)),
    (Scenario::Day(10_000), Target::Hfs),
];

/// A feed, a FHIR server, and what the daemon is held against there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) scenario: Scenario,
    pub(crate) target: Target,
    pub(crate) baseline: bool,
    pub(crate) floor: bool,
}

impl Arguments {
    /// What is to be measured, in order.
    ///
    /// # Errors
    /// A feed that there is not.
    pub(crate) fn cells(&self) -> Result<Vec<Cell>, String> {
        let memory = self.memory();
        let chosen = !self.only.is_empty() || !self.latency.is_empty() || self.hfs;
        let mut cells = if self.all || chosen {
            let scenarios = FIXED.into_iter().chain([memory]);
            let wanted = scenarios.filter(|one| self.wants(*one));
            wanted.flat_map(|one| self.everywhere(one)).collect()
        } else {
            for_the_goals(memory)
        };
        if let Some(unknown) = self.only.iter().find(|name| !is_known(name)) {
            return Err(format!("there is no feed {unknown}; --help lists them"));
        }
        if self.without_hfs || hfs::installation().is_none() {
            let before = cells.len();
            cells.retain(|cell| cell.target != Target::Hfs);
            if before > cells.len() && !self.without_hfs {
                eprintln!("helios-hfs is left out: set RADCAST_TEST_HFS=$(tests/tools/hfs)");
            }
        }
        for cell in &mut cells {
            cell.baseline &= !self.without_baseline;
            cell.floor &= !self.without_floor;
        }
        Ok(cells)
    }

    /// How long the entry-at-a-time way may take in a cell.
    pub(crate) fn longest_baseline(&self, cell: &Cell) -> Duration {
        let is_for_a_goal = GOALS.contains(&(cell.scenario, cell.target));
        let default = if is_for_a_goal { 45 } else { 10 };
        Duration::from_secs(self.baseline_seconds.unwrap_or(default))
    }

    const fn memory(&self) -> Scenario {
        let entries = match self.entries {
            Some(entries) => entries,
            None if self.all => 1_000_000,
            None => 250_000,
        };
        Scenario::Memory(entries, self.scale)
    }

    fn wants(&self, scenario: Scenario) -> bool {
        self.only.is_empty() || self.only.contains(&scenario.to_string())
    }

    fn everywhere(&self, scenario: Scenario) -> Vec<Cell> {
        if scenario.is_for_memory() {
            return vec![cell(scenario, Target::latency(0))];
        }
        let latencies: &[u64] = match self.latency.as_slice() {
            [] if self.hfs => &[],
            [] => &[0, 5, 50],
            given => given,
        };
        let targets = latencies.iter().map(|ms| Target::latency(*ms));
        let hfs = (self.latency.is_empty() || self.hfs).then_some(Target::Hfs);
        targets
            .chain(hfs)
            .map(|target| cell(scenario, target))
            .collect()
    }
}

fn is_known(name: &str) -> bool {
    name == "memory" || FIXED.iter().any(|known| known.to_string() == name)
}

/// With baseline and, where there is no latency, with floor.
fn cell(scenario: Scenario, target: Target) -> Cell {
    Cell {
        scenario,
        target,
        baseline: !scenario.is_for_memory(),
        floor: !scenario.is_for_memory() && target == Target::latency(0),
    }
}

fn for_the_goals(memory: Scenario) -> Vec<Cell> {
    let without_latency = FIXED.map(|scenario| Cell {
        baseline: false,
        ..cell(scenario, Target::latency(0))
    });
    let others = GOALS.into_iter().chain([(memory, Target::latency(0))]);
    let others = others.map(|(scenario, target)| cell(scenario, target));
    without_latency.into_iter().chain(others).collect()
}
