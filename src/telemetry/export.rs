//! What takes logs, metrics and traces out of the process, on threads of its own: nothing that
//! happens there holds up the feed. Queues are bounded; what does not fit is dropped.

use std::time::Duration;

use futures_util::future::join_all;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig, WithHttpConfig};
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LoggerProviderBuilder, SdkLoggerProvider};
use opentelemetry_sdk::metrics::{MeterProviderBuilder, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, TracerProviderBuilder};
use reqwest::Url;
use reqwest::blocking::Client;

use super::application_insights;
use super::exceptions::ErrorsAsExceptions;
use super::process::Process;
use super::prometheus::Prometheus;
use crate::settings;

/// How long one request of an exporter may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The providers of the three signals. Without a place to export to there are metrics alone.
#[derive(Debug)]
pub(super) struct Export {
    pub(super) metrics: SdkMeterProvider,
    /// Takes the log; `None` when it is not exported.
    pub(super) logs: Option<SdkLoggerProvider>,
    /// Takes the spans; `None` when they are not exported.
    pub(super) traces: Option<SdkTracerProvider>,
}

/// The providers in the making.
struct Builders {
    metrics: MeterProviderBuilder,
    logs: LoggerProviderBuilder,
    traces: TracerProviderBuilder,
    /// To how many places they export.
    places: usize,
}

impl Export {
    /// Sets up what the settings ask for, and says what of it cannot be had.
    pub(super) fn open(
        settings: &settings::Telemetry,
        process: &Process,
        prometheus: Prometheus,
    ) -> (Self, Vec<String>) {
        let resource = process.resource();
        let mut builders = Builders {
            metrics: SdkMeterProvider::builder()
                .with_resource(resource.clone())
                .with_reader(prometheus),
            logs: SdkLoggerProvider::builder()
                .with_resource(resource.clone())
                .with_log_processor(ErrorsAsExceptions),
            traces: SdkTracerProvider::builder().with_resource(resource),
            places: 0,
        };
        let mut trouble = Vec::new();
        if settings.application_insights.is_some() || settings.otlp_endpoint.is_some() {
            match client() {
                Ok(client) => builders = builders.add_places(settings, &client, &mut trouble),
                Err(why) => trouble.push(why),
            }
        }
        (builders.build(), trouble)
    }

    /// Takes the spans; `None` when there are none to be exported.
    pub(super) fn tracer(&self) -> Option<SdkTracer> {
        let traces = self.traces.as_ref()?;
        Some(traces.tracer("radcast"))
    }

    /// Sends what is left, all three at once and for this long at most. Whether that was enough.
    pub(super) async fn close(self, within: Duration) -> bool {
        let Self {
            metrics,
            logs,
            traces,
        } = self;
        if logs.is_none() && traces.is_none() {
            return true;
        }
        let mut ends: Vec<Box<dyn FnOnce() -> OTelSdkResult + Send>> = Vec::new();
        ends.push(Box::new(move || metrics.shutdown_with_timeout(within)));
        if let Some(logs) = logs {
            ends.push(Box::new(move || logs.shutdown_with_timeout(within)));
        }
        if let Some(traces) = traces {
            ends.push(Box::new(move || traces.shutdown_with_timeout(within)));
        }
        let ends = ends.into_iter().map(tokio::task::spawn_blocking);
        let ended = tokio::time::timeout(within, join_all(ends)).await;
        ended.is_ok_and(|ends| ends.into_iter().all(|end| matches!(end, Ok(Ok(())))))
    }
}

impl Builders {
    fn add_places(
        mut self,
        settings: &settings::Telemetry,
        client: &Client,
        trouble: &mut Vec<String>,
    ) -> Self {
        if let Some(connection_string) = &settings.application_insights {
            match application_insights::exporter(connection_string, client.clone()) {
                Ok(exporter) => self = self.add_application_insights(&exporter),
                Err(why) => trouble.push(why),
            }
        }
        if let Some(endpoint) = &settings.otlp_endpoint {
            match Otlp::new(endpoint, client) {
                Ok(exporters) => self = self.add_otlp(exporters),
                Err(why) => trouble.push(format!("OpenTelemetry:OtlpEndpoint: {why}")),
            }
        }
        self
    }

    fn add_application_insights(
        self,
        exporter: &application_insights::ApplicationInsights,
    ) -> Self {
        let reader = PeriodicReader::builder(exporter.clone()).build();
        Self {
            metrics: self.metrics.with_reader(reader),
            logs: self.logs.with_batch_exporter(exporter.clone()),
            traces: self.traces.with_batch_exporter(exporter.clone()),
            places: self.places + 1,
        }
    }

    fn add_otlp(self, exporters: Otlp) -> Self {
        let reader = PeriodicReader::builder(exporters.metrics).build();
        Self {
            metrics: self.metrics.with_reader(reader),
            logs: self.logs.with_batch_exporter(exporters.logs),
            traces: self.traces.with_batch_exporter(exporters.traces),
            places: self.places + 1,
        }
    }

    fn build(self) -> Export {
        let exported = self.places > 0;
        Export {
            metrics: self.metrics.build(),
            logs: exported.then(|| self.logs.build()),
            traces: exported.then(|| self.traces.build()),
        }
    }
}

/// The exporters to an OpenTelemetry collector.
struct Otlp {
    metrics: MetricExporter,
    logs: LogExporter,
    traces: SpanExporter,
}

impl Otlp {
    fn new(endpoint: &Url, client: &Client) -> Result<Self, ExporterBuildError> {
        let base = endpoint.as_str().trim_end_matches('/');
        Ok(Self {
            metrics: MetricExporter::builder()
                .with_http()
                .with_http_client(client.clone())
                .with_endpoint(format!("{base}/v1/metrics"))
                .build()?,
            logs: LogExporter::builder()
                .with_http()
                .with_http_client(client.clone())
                .with_endpoint(format!("{base}/v1/logs"))
                .build()?,
            traces: SpanExporter::builder()
                .with_http()
                .with_http_client(client.clone())
                .with_endpoint(format!("{base}/v1/traces"))
                .build()?,
        })
    }
}

/// The HTTP client of all exporters. It blocks: also to make it takes a thread outside the runtime.
fn client() -> Result<Client, String> {
    let make = || Client::builder().timeout(TIMEOUT).build();
    match std::thread::spawn(make).join() {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(format!(
            "no telemetry is exported, because no HTTP client can be made: {error}"
        )),
        Err(_) => Err("no telemetry is exported, because no HTTP client can be made".to_owned()),
    }
}
