//! What is printed: progress on standard error, tables on standard output.

use super::figures::{Figures, Way};
use super::goals::Goal;
use super::scan::Scan;

/// A line for each quarter of the way.
pub(crate) struct Progress {
    what: &'static str,
    end: u64,
    quarters: u64,
}

impl Progress {
    pub(crate) const fn new(what: &'static str, end: u64) -> Self {
        Self {
            what,
            end,
            quarters: 0,
        }
    }

    pub(crate) fn reached(&mut self, entry: u64) {
        let quarters = (entry * 4 / self.end.max(1)).min(4);
        if quarters > self.quarters {
            self.quarters = quarters;
            eprintln!("  {} {entry} of {}", self.what, self.end);
        }
    }
}

/// One line a run.
pub(crate) fn figures(all: &[Figures]) {
    println!(
        "\n{:<12} {:>6} {:<9} {:>9} {:>8} {:>9} {:>8} {:>10} {:>8} {:>8} {:>8} {:>7} {:>7}",
        "feed",
        "FHIR",
        "way",
        "entries",
        "seconds",
        "entries/s",
        "FHIR req",
        "FHIR bytes",
        "feed req",
        "CPU µs",
        "peak MiB",
        "1st req",
        "1st res"
    );
    println!(
        "{:<12} {:>6} {:<9} {:>9} {:>8} {:>9} {:>8} {:>10} {:>8} {:>8} {:>8} {:>7} {:>7}",
        "", "", "", "", "", "", "/entry", "/entry", "/entry", "/entry", "", "ms", "ms"
    );
    all.iter().for_each(line);
    if all.iter().any(|one| one.entries < one.of) {
        println!(
            "* so far it came in the time it had; a study that goes on growing would slow it further"
        );
    }
}

fn line(one: &Figures) {
    let way = match one.way {
        Way::Daemon => "daemon",
        Way::Baseline => "baseline",
        Way::Floor => "floor",
        Way::FloorWithPages => "+ pages",
    };
    let prefix = if one.entries < one.of { "*" } else { "" };
    println!(
        "{:<12} {:>6} {way:<9} {:>9} {:>8.2} {:>9.0} {:>8.4} {:>10.0} {:>8.4} {:>8} {:>8} {:>7} {:>7}",
        one.scenario,
        one.target,
        format!("{prefix}{}", one.entries),
        one.seconds,
        one.entries_per_second,
        one.fhir_requests_per_entry,
        one.fhir_bytes_per_entry,
        one.feed_requests_per_entry,
        optional(one.cpu_us_per_entry),
        optional(one.peak_resident_mib),
        optional(one.ms_to_first_feed_request),
        optional(one.ms_to_first_resource),
    );
}

fn optional(figure: Option<f64>) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.1}"))
}

/// The requests of each daemon's run by kind, and its memory by quarter.
pub(crate) fn details(all: &[Figures]) {
    println!(
        "\nThe daemon's requests, and its resident MiB as each quarter was settled (most before)"
    );
    for one in all.iter().filter(|one| one.way == Way::Daemon) {
        let requests: Vec<_> = one
            .fhir_requests
            .iter()
            .map(|(kind, n)| format!("{n} {kind}"))
            .collect();
        let quarters = one.resident_mib_by_quarter.iter();
        let quarters: Vec<_> = quarters
            .map(|[end, most]| format!("{end:.0} ({most:.0})"))
            .collect();
        println!(
            "{:<12} {:>6}  {}; {} transactions at once; {}; services {} CPU µs/entry",
            one.scenario,
            one.target,
            requests.join(", "),
            one.fhir_transactions_at_once,
            quarters.join(" "),
            optional(one.services_cpu_us_per_entry)
        );
        let is_same = |floor: &&Figures| {
            floor.way == Way::FloorWithPages
                && (&floor.scenario, &floor.target) == (&one.scenario, &one.target)
        };
        if let Some(floor) = all.iter().find(is_same) {
            let ratio = one.seconds / floor.seconds;
            println!("{:<20} {ratio:.2} times the floor with the pages", "");
        }
        if !one.fhir_refusals.is_empty() {
            println!("{:<20} refused: {:?}", "", one.fhir_refusals);
        }
    }
}

/// What scanning costs.
pub(crate) fn scans(all: &[Scan]) {
    println!("\nScanning the same pages, CPU µs/entry");
    for one in all {
        println!(
            "{:<12} {:>6.0} bytes/entry, into RawValue {:.2}, into Value {:.2}",
            one.scenario, one.bytes_per_entry, one.raw_us_per_entry, one.value_us_per_entry
        );
    }
}

/// The goals and what became of them.
pub(crate) fn goals(all: &[Goal]) {
    println!("\n{:<62} {:>10} {:>10}", "goal", "", "measured");
    for goal in all {
        let measured = goal
            .measured
            .map_or_else(|| "-".to_owned(), |figure| format!("{figure:.3}"));
        println!(
            "{:<62} {:>10} {measured:>10}  {}",
            goal.figure,
            goal.bound.to_string(),
            goal.outcome()
        );
    }
}
