//! What the daemon tells of itself: logs, metrics and traces.
//!
//! Logs go to standard output: text for people, JSON lines for collectors. Metrics are read at
//! `/metrics`, as [`Prometheus`] shows them. If the settings name an Application Insights resource
//! or an OpenTelemetry collector, logs, metrics and traces are sent there as well; with neither,
//! nothing of that runs.

mod application_insights;
mod exceptions;
mod export;
mod line;
mod logs;
mod metrics;
mod names;
mod own;
mod process;
mod prometheus;
mod visible;

use std::time::Duration;

use tracing::warn;
use tracing_subscriber::fmt::MakeWriter;

pub use logs::{InitError, init};
pub use metrics::{Gauges, Metrics};
pub use process::Process;
pub use prometheus::Prometheus;
pub use visible::{cell, visible, visible_json, visible_lines};

use crate::settings;
use export::Export;

/// The telemetry of the process, from its start to its end.
#[derive(Debug)]
pub struct Telemetry {
    /// The instruments.
    pub metrics: Metrics,
    /// The metrics as text.
    pub prometheus: Prometheus,
    export: Export,
}

impl Telemetry {
    /// Sets up logging for the process as [`init`] does, and export where the settings ask for it.
    /// What cannot be exported to is said in the log, and stops nothing.
    ///
    /// # Errors
    /// `RUST_LOG` is no filter, or logging was set up before.
    pub fn start<W>(
        settings: &settings::Settings,
        process: &Process,
        terminal: bool,
        writer: W,
    ) -> Result<Self, InitError>
    where
        W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    {
        let prometheus = Prometheus::default();
        let (export, trouble) = Export::open(&settings.telemetry, process, prometheus.clone());
        let rust_log = process.rust_log.as_deref();
        logs::start(&settings.logging, rust_log, terminal, writer, &export)?;
        for trouble in trouble {
            warn!(event = "telemetry_not_exported", "{trouble}");
        }
        Ok(Self {
            metrics: Metrics::new(&export.metrics),
            prometheus,
            export,
        })
    }

    /// Sends what has not been sent yet, for as long as this at most.
    pub async fn close(self, within: Duration) {
        if !self.export.close(within).await {
            warn!(
                event = "telemetry_not_flushed",
                "the last telemetry could not be sent in time"
            );
        }
    }
}
