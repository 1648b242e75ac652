//! What was set as goals, held against what was measured. Ratios within one run.

use std::fmt;

use serde::{Serialize, Serializer};

use super::figures::{Figures, Way};
use super::scan::Scan;

/// A goal and its measure.
#[derive(Debug, Serialize)]
pub(crate) struct Goal {
    pub(crate) figure: &'static str,
    pub(crate) bound: Bound,
    /// `None` when the run left out what it needs.
    pub(crate) measured: Option<f64>,
}

/// On which side of a number it has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    Most(f64),
    Least(f64),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Most(bound) => write!(f, "≤ {bound}"),
            Self::Least(bound) => write!(f, "≥ {bound}"),
        }
    }
}

impl Serialize for Bound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Goal {
    pub(crate) fn outcome(&self) -> &'static str {
        match (self.measured, self.bound) {
            (None, _) => "not measured",
            (Some(measured), Bound::Most(bound)) if measured <= bound => "met",
            (Some(measured), Bound::Least(bound)) if measured >= bound => "met",
            (Some(_), _) => "MISSED",
        }
    }
}

/// Everything that was measured.
pub(crate) struct Measured<'a> {
    pub(crate) figures: &'a [Figures],
    pub(crate) scans: &'a [Scan],
}

impl Measured<'_> {
    fn find(&self, scenario: &str, target: &str, way: Way) -> Option<&Figures> {
        let mut all = self.figures.iter();
        all.find(|one| one.scenario == scenario && one.target == target && one.way == way)
    }

    /// A figure of the daemon over the same one of another run.
    fn ratio(
        &self,
        [scenario, target]: [&str; 2],
        figure: impl Fn(&Figures) -> f64,
        (other, way): (&str, Way),
    ) -> Option<f64> {
        let daemon = self.find(scenario, target, Way::Daemon)?;
        Some(figure(daemon) / figure(self.find(other, target, way)?))
    }

    fn against_baseline(&self, scenario: &str, target: &str) -> Option<f64> {
        let speed = |one: &Figures| one.entries_per_second;
        self.ratio([scenario, target], speed, (scenario, Way::Baseline))
    }

    fn against_floor(&self, scenario: &str) -> Option<f64> {
        self.ratio(
            [scenario, "0 ms"],
            |one| one.seconds,
            (scenario, Way::Floor),
        )
    }

    fn against_scan(&self, scenario: &str) -> Option<f64> {
        let scan = self.scans.iter().find(|scan| scan.scenario == scenario)?;
        let daemon = self.find(scenario, "0 ms", Way::Daemon)?;
        Some(daemon.cpu_us_per_entry? / scan.raw_us_per_entry)
    }

    fn memory(&self) -> Option<&Figures> {
        self.find("memory", "0 ms", Way::Daemon)
    }

    fn peak_resident(&self, scenario: &str) -> Option<f64> {
        let daemon = self.find(scenario, "0 ms", Way::Daemon)?;
        daemon.peak_resident_mib
    }

    /// The most in the last quarter over the most in the second, by when everything is in motion.
    fn growth(&self) -> Option<f64> {
        let quarters = &self.memory()?.resident_mib_by_quarter;
        Some(quarters.get(3)?[1] / quarters.get(1)?[1])
    }

    /// The median of all runs: the processors may be busy with something else at a start.
    fn cold_start(&self) -> Option<f64> {
        let times = self
            .figures
            .iter()
            .filter_map(|one| one.ms_to_first_feed_request);
        let mut times: Vec<_> = times.collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied()
    }
}

/// Every goal.
pub(crate) fn all(measured: &Measured<'_>) -> Vec<Goal> {
    let of_wire = of_wire(measured).into_iter();
    let of_wire = of_wire.chain(against_floor(measured));
    of_wire
        .chain(of_time(measured))
        .chain(of_process(measured))
        .collect()
}

fn most(figure: &'static str, bound: f64, measured: Option<f64>) -> Goal {
    Goal {
        figure,
        bound: Bound::Most(bound),
        measured,
    }
}

fn least(figure: &'static str, bound: f64, measured: Option<f64>) -> Goal {
    Goal {
        bound: Bound::Least(bound),
        ..most(figure, bound, measured)
    }
}

fn of_wire(measured: &Measured<'_>) -> [Goal; 2] {
    let ct = measured.find("ct-1000", "0 ms", Way::Daemon);
    let requests = ct.map(|one| one.fhir_requests_per_entry);
    let large = ["ct-10000", "0 ms"];
    let bytes = measured.ratio(
        large,
        |one| one.fhir_bytes_per_entry,
        ("ct-1000", Way::Daemon),
    );
    [
        most("FHIR requests per entry, CT 1,000", 0.02, requests),
        most("FHIR bytes per entry, CT 10,000 / CT 1,000", 1.3, bytes),
    ]
}

fn of_time(measured: &Measured<'_>) -> [Goal; 4] {
    let ct = measured.against_baseline("ct-1000", "5 ms");
    let cr = measured.against_baseline("cr-1000", "5 ms");
    let day = measured.against_baseline("day-10000", "hfs");
    let large = ["day-100000", "0 ms"];
    let tenfold = measured.ratio(large, |one| one.seconds, ("day-10000", Way::Daemon));
    [
        least("entries/s against baseline, CT 1,000, 5 ms", 100.0, ct),
        least("entries/s against baseline, CR 1,000 x 2, 5 ms", 15.0, cr),
        least(
            "entries/s against baseline, hospital day, helios-hfs",
            20.0,
            day,
        ),
        most("time for 10 times the entries, hospital day", 10.5, tenfold),
    ]
}

fn against_floor(measured: &Measured<'_>) -> [Goal; 4] {
    let goal = |figure, scenario| most(figure, 1.5, measured.against_floor(scenario));
    [
        goal("wall time against the floor, CT 1,000, 0 ms", "ct-1000"),
        goal("wall time against the floor, CT 10,000, 0 ms", "ct-10000"),
        goal("wall time against the floor, CR 1,000 x 2, 0 ms", "cr-1000"),
        goal(
            "wall time against the floor, hospital day 100,000, 0 ms",
            "day-100000",
        ),
    ]
}

fn of_process(measured: &Measured<'_>) -> [Goal; 8] {
    let ct = measured.against_scan("ct-1000");
    let large = measured.against_scan("ct-10000");
    let day = measured.against_scan("day-100000");
    let peak = |figure, scenario| most(figure, 64.0, measured.peak_resident(scenario));
    [
        most("CPU per entry against the raw scan, CT 1,000", 3.0, ct),
        most("CPU per entry against the raw scan, CT 10,000", 3.0, large),
        most(
            "CPU per entry against the raw scan, hospital day 100,000",
            3.0,
            day,
        ),
        peak("peak resident MiB, memory", "memory"),
        peak(
            "peak resident MiB, one page of 90 entries of 2 MB",
            "enhanced-90",
        ),
        peak("peak resident MiB, 500 entries of 2 MB", "enhanced-500"),
        most(
            "resident, last quarter / second quarter",
            1.1,
            measured.growth(),
        ),
        most(
            "ms from cold start to the first feed request, median",
            100.0,
            measured.cold_start(),
        ),
    ]
}
