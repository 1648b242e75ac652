//! The metrics as Prometheus reads them: text format 0.0.4.

use std::fmt::{self, Display, Write as _};
use std::sync::{Arc, Weak};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, HistogramDataPoint, Metric, MetricData, ResourceMetrics,
};
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{InstrumentKind, ManualReader, Pipeline, Temporality};

/// The metrics, read when asked for. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Prometheus(Arc<ManualReader>);

impl Prometheus {
    /// All metrics as they are now; empty once telemetry was closed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut read = ResourceMetrics::default();
        let mut text = String::new();
        if self.0.collect(&mut read).is_ok() {
            for metric in read.scope_metrics().flat_map(|scope| scope.metrics()) {
                // Writing to a string does not fail.
                let _ = write_metric(&mut text, metric);
            }
        }
        text
    }
}

impl MetricReader for Prometheus {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

fn write_metric(text: &mut String, metric: &Metric) -> fmt::Result {
    match metric.data() {
        AggregatedMetrics::F64(data) => write_data(text, metric, data),
        AggregatedMetrics::U64(data) => write_data(text, metric, data),
        AggregatedMetrics::I64(data) => write_data(text, metric, data),
    }
}

fn write_data<T: Display + Copy>(
    text: &mut String,
    metric: &Metric,
    data: &MetricData<T>,
) -> fmt::Result {
    let mut name = full_name(metric);
    let mut lines = Vec::new();
    let kind = match data {
        MetricData::Sum(sum) => {
            if sum.is_monotonic() {
                name.push_str("_total");
            }
            for point in sum.data_points() {
                lines.push(line(&name, point.attributes(), None, point.value()));
            }
            if sum.is_monotonic() {
                "counter"
            } else {
                "gauge"
            }
        }
        MetricData::Gauge(gauge) => {
            for point in gauge.data_points() {
                lines.push(line(&name, point.attributes(), None, point.value()));
            }
            "gauge"
        }
        MetricData::Histogram(histogram) => {
            for point in histogram.data_points() {
                lines.extend(histogram_lines(&name, point));
            }
            "histogram"
        }
        // Has no form in this format, and nothing here makes one.
        MetricData::ExponentialHistogram(_) => return Ok(()),
    };
    if kind != "histogram" {
        lines.sort_unstable();
    }
    let help = metric
        .description()
        .replace('\\', "\\\\")
        .replace('\n', "\\n");
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
    lines.iter().try_for_each(|line| writeln!(text, "{line}"))
}

fn histogram_lines<T: Display + Copy>(name: &str, point: &HistogramDataPoint<T>) -> Vec<String> {
    let bounds = point.bounds().map(|bound| bound.to_string());
    let mut below = 0;
    let mut lines: Vec<_> = bounds
        .chain(["+Inf".to_owned()])
        .zip(point.bucket_counts())
        .map(|(bound, count)| {
            below += count;
            let bucket = format!("{name}_bucket");
            line(&bucket, point.attributes(), Some(&bound), below)
        })
        .collect();
    let (sum, count) = (format!("{name}_sum"), format!("{name}_count"));
    lines.push(line(&sum, point.attributes(), None, point.sum()));
    lines.push(line(&count, point.attributes(), None, point.count()));
    lines
}

/// A sample; `below` is the bound of a histogram's bucket.
fn line<'a>(
    name: &str,
    attributes: impl Iterator<Item = &'a KeyValue>,
    below: Option<&str>,
    value: impl Display,
) -> String {
    let mut labels: Vec<_> = attributes
        .map(|KeyValue { key, value, .. }| label(&plain(key.as_str()), &value.as_str()))
        .collect();
    labels.sort_unstable();
    labels.extend(below.map(|bound| label("le", bound)));
    if labels.is_empty() {
        format!("{name} {value}")
    } else {
        format!("{name}{{{}}} {value}", labels.join(","))
    }
}

fn label(name: &str, value: &str) -> String {
    let value = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("{name}=\"{value}\"")
}

/// The name with its unit, as the OpenTelemetry specification translates it for Prometheus.
fn full_name(metric: &Metric) -> String {
    let name = plain(metric.name());
    match metric.unit() {
        "s" => format!("{name}_seconds"),
        "By" => format!("{name}_bytes"),
        _ => name,
    }
}

fn plain(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

#[cfg(test)]
mod tests {
    use opentelemetry::metrics::MeterProvider as _;
    use opentelemetry_sdk::metrics::SdkMeterProvider;

    use super::*;

    /// What is shown after `record` has used the meter.
    fn shown(record: impl FnOnce(&opentelemetry::metrics::Meter)) -> String {
        let prometheus = Prometheus::default();
        let provider = SdkMeterProvider::builder().with_reader(prometheus.clone());
        let provider = provider.build();
        record(&provider.meter("test"));
        prometheus.text()
    }

    #[test]
    fn counters_and_gauges_have_names_with_unit_and_sorted_lines() {
        let text = shown(|meter| {
            let counter = meter.u64_counter("cast.entries").with_unit("{entry}");
            let counter = counter.with_description("Entries.").build();
            counter.add(2, &[KeyValue::new("result", "skipped")]);
            counter.add(7, &[KeyValue::new("result", "applied")]);
            counter.add(1, &[KeyValue::new("result", "applied")]);
            let gauge = meter.f64_gauge("cast.feed.lag").with_unit("s").build();
            gauge.record(1.5, &[]);
        });
        let mut metrics: Vec<_> = text.split("# HELP ").skip(1).collect();
        metrics.sort_unstable();
        assert_eq!(
            metrics,
            [
                "cast_entries_total Entries.\n# TYPE cast_entries_total counter\n\
                 cast_entries_total{result=\"applied\"} 8\n\
                 cast_entries_total{result=\"skipped\"} 2\n",
                "cast_feed_lag_seconds \n# TYPE cast_feed_lag_seconds gauge\n\
                 cast_feed_lag_seconds 1.5\n",
            ]
        );
    }

    #[test]
    fn a_histogram_counts_what_is_below_each_bound() {
        let text = shown(|meter| {
            let histogram = meter.f64_histogram("d").with_unit("s");
            let histogram = histogram.with_boundaries(vec![0.1, 1.0]).build();
            for duration in [0.05, 0.5, 0.25, 7.0] {
                histogram.record(duration, &[KeyValue::new("b.c", "x\"y")]);
            }
        });
        let samples: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(
            samples,
            [
                r#"d_seconds_bucket{b_c="x\"y",le="0.1"} 1"#,
                r#"d_seconds_bucket{b_c="x\"y",le="1"} 3"#,
                r#"d_seconds_bucket{b_c="x\"y",le="+Inf"} 4"#,
                r#"d_seconds_sum{b_c="x\"y"} 7.8"#,
                r#"d_seconds_count{b_c="x\"y"} 4"#,
            ]
        );
    }
}
