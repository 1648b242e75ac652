//! What is printed: progress on standard error, results on standard output.

use std::time::Duration;

use crate::backlog::Backlog;
use crate::measurement::Measurement;

/// A line for each tenth of the way.
pub(crate) struct Progress {
    what: &'static str,
    end: u64,
    tenths: u64,
}

impl Progress {
    pub(crate) const fn new(what: &'static str, end: u64) -> Self {
        Self {
            what,
            end,
            tenths: 0,
        }
    }

    pub(crate) fn reached(&mut self, entry: u64) {
        let tenths = (entry * 10 / self.end.max(1)).min(10);
        if tenths > self.tenths {
            self.tenths = tenths;
            eprintln!("  {} {entry} of {}", self.what, self.end);
        }
    }
}

/// Says what the feed is filled with.
pub(crate) fn backlog(backlog: &Backlog) {
    println!("\nThe backlog of a hospital");
    row("entries", backlog.last);
    row("images stored", backlog.images);
    row(
        "bytes of DICOM JSON per image",
        backlog.bytes / backlog.images.max(1),
    );
    row("deletes", backlog.deletes);
    row("updates", backlog.updates);
    row("entries that have to fail", backlog.refused);
}

/// Says what it took to settle it.
pub(crate) fn streamed(backlog: &Backlog, measured: &Measurement) {
    let entries = count(backlog.last);
    let requests = count(measured.fhir_requests + measured.feed_requests);
    println!("\nThe daemon until all of it is settled");
    row("seconds", seconds(measured.settled));
    row(
        "entries/s",
        format!("{:.0}", entries / measured.settled.as_secs_f64()),
    );
    costs(measured);
    row("requests per entry", format!("{:.3}", requests / entries));
    let per_thousand = measured.cpu.as_secs_f64() * 1_000.0 / entries;
    row(
        "CPU seconds per 1,000 entries",
        format!("{per_thousand:.3}"),
    );
    for (quarter, memory) in (1..).zip(&measured.quarters) {
        let name = format!("resident MiB at {} % (most before)", quarter * 25);
        let (at_end, most) = (mib(memory.at_end), mib(memory.most));
        row(&name, format!("{at_end} ({most})"));
    }
}

/// Says what one study cost.
pub(crate) fn one_study(instances: u32, measured: &Measurement) {
    println!("\nOne CT study of {instances} instances");
    let first = measured.first_request.as_secs_f64() * 1_000.0;
    row("ms to the first request to the feed", format!("{first:.0}"));
    row("seconds until settled", seconds(measured.settled));
    costs(measured);
}

fn costs(measured: &Measurement) {
    row("FHIR requests", measured.fhir_requests);
    row("feed requests", measured.feed_requests);
    row("CPU seconds", seconds(measured.cpu));
    row("peak resident MiB", mib(measured.peak_resident_kib));
}

/// Says whether a bound is kept, and answers the same.
pub(crate) fn bound(bound: &str, kept: bool) -> bool {
    row(bound, if kept { "kept" } else { "BROKEN" });
    kept
}

fn row(name: &str, value: impl ToString) {
    println!("  {name:<36} {:>16}", value.to_string());
}

fn seconds(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64())
}

fn mib(kib: u64) -> String {
    format!("{:.1}", count(kib) / 1_024.0)
}

#[expect(clippy::cast_precision_loss, reason = "printed with a few digits")]
fn count(number: u64) -> f64 {
    number as f64
}
