//! What was measured of one run, and what follows from it for each entry.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::site::Site;

/// Who did the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    /// radcast.
    Daemon,
    /// An entry at a time, as dicom-cast did it.
    Baseline,
    /// The daemon's own transactions, posted by a client that does nothing else.
    Floor,
    /// The same, with the pages of the feed read and scanned meanwhile.
    FloorWithPages,
}

/// A line of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figures {
    pub(crate) scenario: String,
    pub(crate) target: String,
    pub(crate) way: Way,
    /// Entries that were measured.
    pub(crate) entries: u64,
    /// Entries in the feed; more than `entries` when it took too long.
    pub(crate) of: u64,
    /// From the first request to the feed to the position at its end.
    pub(crate) seconds: f64,
    pub(crate) entries_per_second: f64,
    pub(crate) fhir_requests: BTreeMap<&'static str, u64>,
    pub(crate) fhir_requests_per_entry: f64,
    pub(crate) fhir_bytes_to_server_per_entry: f64,
    pub(crate) fhir_bytes_from_server_per_entry: f64,
    pub(crate) fhir_bytes_per_entry: f64,
    pub(crate) fhir_transactions_at_once: usize,
    pub(crate) fhir_refusals: BTreeMap<u16, u64>,
    pub(crate) feed_requests_per_entry: f64,
    pub(crate) cpu_us_per_entry: Option<f64>,
    /// Of the process with the services, meanwhile.
    pub(crate) services_cpu_us_per_entry: Option<f64>,
    pub(crate) peak_resident_mib: Option<f64>,
    /// Resident MiB as each quarter of the feed was settled, and the most seen within it.
    pub(crate) resident_mib_by_quarter: Vec<[f64; 2]>,
    /// From the start of the process.
    pub(crate) ms_to_first_feed_request: Option<f64>,
    pub(crate) ms_to_first_resource: Option<f64>,
}

/// What is known of one run besides what passed over the wire.
pub(crate) struct Run<'a> {
    pub(crate) scenario: &'a str,
    pub(crate) target: &'a str,
    pub(crate) way: Way,
    pub(crate) entries: u64,
    pub(crate) of: u64,
    pub(crate) took: Duration,
}

impl Figures {
    pub(crate) fn of(run: &Run<'_>, site: &Site) -> Self {
        let traffic = site.wire.traffic();
        let entries = number(run.entries.max(1));
        let (to, from) = (traffic.bytes_to_server, traffic.bytes_from_server);
        Self {
            scenario: run.scenario.to_owned(),
            target: run.target.to_owned(),
            way: run.way,
            entries: run.entries,
            of: run.of,
            seconds: run.took.as_secs_f64(),
            entries_per_second: entries / run.took.as_secs_f64(),
            fhir_requests_per_entry: number(traffic.total()) / entries,
            fhir_requests: traffic.requests,
            fhir_bytes_to_server_per_entry: number(to) / entries,
            fhir_bytes_from_server_per_entry: number(from) / entries,
            fhir_bytes_per_entry: number(to + from) / entries,
            fhir_transactions_at_once: traffic.most_at_once,
            fhir_refusals: traffic.refusals,
            feed_requests_per_entry: number(site.service.requests()) / entries,
            cpu_us_per_entry: None,
            services_cpu_us_per_entry: None,
            peak_resident_mib: None,
            resident_mib_by_quarter: Vec::new(),
            ms_to_first_feed_request: None,
            ms_to_first_resource: None,
        }
    }

    /// With the times from the start of the process.
    pub(crate) fn started(mut self, at: Instant, site: &Site) -> Self {
        let since = |event: Option<Instant>| {
            let later = event?.saturating_duration_since(at);
            Some(later.as_secs_f64() * 1_000.0)
        };
        self.ms_to_first_feed_request = since(site.service.first_request());
        self.ms_to_first_resource = since(site.wire.traffic().first_resource);
        self
    }
}

/// A count, to be calculated with.
#[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
pub(crate) const fn number(count: u64) -> f64 {
    count as f64
}
