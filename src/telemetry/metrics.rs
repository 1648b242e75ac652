//! The instruments: counters that are told, gauges that are read.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use opentelemetry::metrics::noop::NoopMeterProvider;
use opentelemetry::metrics::{Counter, Meter, MeterProvider};
use opentelemetry::{InstrumentationScope, KeyValue};

use super::names::{self, Name};
use radcast_engine::failure::{Class, Code};

/// What the gauges show at one moment; what is not known is not shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gauges {
    /// The state that the daemon is in, one of `states`.
    pub state: &'static str,
    /// Every state that there is.
    pub states: &'static [&'static str],
    /// Every entry up to this sequence is settled.
    pub position: Option<u64>,
    /// The newest sequence of the feed.
    pub latest: Option<u64>,
    /// How many sequence numbers the position is behind.
    pub lag_entries: Option<u64>,
    /// How long ago everything of the feed was settled; zero while it is.
    pub lag: Option<Duration>,
    /// When a study was last brought in step.
    pub last_success: Option<Timestamp>,
    /// Whether this process is the one that works.
    pub leader: bool,
}

/// Every instrument of the daemon. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    meter: Meter,
    entries: Counter<u64>,
    gave_up: Counter<u64>,
    attempts_failed: Counter<u64>,
    pauses: Counter<u64>,
    dicom_cast: DicomCast,
}

impl Default for Metrics {
    /// Instruments that nobody reads.
    fn default() -> Self {
        Self::new(&NoopMeterProvider::new())
    }
}

impl Metrics {
    pub(super) fn new(provider: &impl MeterProvider) -> Self {
        let meter = provider.meter("radcast");
        let counter = |Name { name, unit, help }| {
            let counter = meter.u64_counter(name);
            counter.with_unit(unit).with_description(help).build()
        };
        let metrics = Self {
            entries: counter(names::ENTRIES),
            gave_up: counter(names::GAVE_UP),
            attempts_failed: counter(names::ATTEMPTS_FAILED),
            pauses: counter(names::PAUSES),
            dicom_cast: DicomCast::new(provider),
            meter,
        };
        metrics.show_zeros();
        metrics
    }

    /// Rates and alerts need the first failure to be a step from 0 to 1.
    fn show_zeros(&self) {
        for result in [names::APPLIED, names::SKIPPED] {
            self.entries.add(0, &[KeyValue::new(names::RESULT, result)]);
        }
        for class in [Class::Fhir, Class::Dicom, Class::Internal] {
            self.add_failed(class, 0);
        }
        for class in [Class::Transient, Class::Conflict] {
            self.add_failed(class, 0);
            self.gave_up.add(0, &[class_attribute(class)]);
        }
    }

    /// An entry was applied.
    pub fn entry_applied(&self) {
        let result = KeyValue::new(names::RESULT, names::APPLIED);
        self.entries.add(1, &[result]);
    }

    /// An entry needed nothing to be done.
    pub fn entry_skipped(&self) {
        let result = KeyValue::new(names::RESULT, names::SKIPPED);
        self.entries.add(1, &[result]);
    }

    /// An entry failed and is recorded; of a transient class, that is after the retries ran out.
    pub fn entry_failed(&self, class: Class) {
        self.add_failed(class, 1);
        if matches!(class, Class::Transient | Class::Conflict) {
            self.gave_up.add(1, &[class_attribute(class)]);
        }
    }

    fn add_failed(&self, class: Class, entries: u64) {
        let result = KeyValue::new(names::RESULT, names::FAILED);
        self.entries.add(entries, &[result, class_attribute(class)]);
    }

    /// An attempt to read the feed or to write a study failed.
    pub fn attempt_failed(&self, code: Code) {
        let code = KeyValue::new(names::CODE, code.as_str());
        self.attempts_failed.add(1, &[code]);
    }

    /// Work was paused, until a dependency or the set-up is mended.
    pub fn paused(&self, code: Code) {
        let attribute = KeyValue::new(names::CODE, code.as_str());
        self.pauses.add(1, &[attribute]);
        self.dicom_cast.counter(code).add(1, &[]);
    }

    /// Reads from `dropped` from now on, whenever somebody looks, how many notifications found a
    /// full queue since the start.
    pub fn show_dropped(&self, dropped: impl Fn() -> u64 + Send + Sync + 'static) {
        let Name { name, unit, help } = names::NOTIFICATIONS_DROPPED;
        let counter = self.meter.u64_observable_counter(name);
        counter
            .with_unit(unit)
            .with_description(help)
            .with_callback(move |shown| shown.observe(dropped(), &[]))
            .build();
    }

    /// Reads the gauges from `source` from now on, whenever somebody looks at them.
    pub fn show(&self, source: impl Fn() -> Gauges + Send + Sync + 'static) {
        let source: Source = Arc::new(source);
        self.gauge(names::FEED_POSITION, &source, |now| now.position);
        self.gauge(names::FEED_LATEST, &source, |now| now.latest);
        self.gauge(names::FEED_LAG_ENTRIES, &source, |now| now.lag_entries);
        self.gauge(names::LEADER, &source, |now| Some(now.leader.into()));
        self.seconds(names::FEED_LAG, &source, |now| {
            now.lag.map(|lag| lag.as_secs_f64())
        });
        self.seconds(names::LAST_SUCCESS, &source, |now| {
            let at = now.last_success?;
            Some(at.as_duration().as_secs_f64())
        });
        self.state(source);
    }

    fn gauge(&self, name: Name, source: &Source, value: fn(&Gauges) -> Option<u64>) {
        let source = Arc::clone(source);
        let gauge = self.meter.u64_observable_gauge(name.name);
        let described = gauge.with_unit(name.unit).with_description(name.help);
        described
            .with_callback(move |shown| {
                if let Some(value) = value(&source()) {
                    shown.observe(value, &[]);
                }
            })
            .build();
    }

    fn seconds(&self, name: Name, source: &Source, value: fn(&Gauges) -> Option<f64>) {
        let source = Arc::clone(source);
        let gauge = self.meter.f64_observable_gauge(name.name);
        let described = gauge.with_unit(name.unit).with_description(name.help);
        described
            .with_callback(move |shown| {
                if let Some(value) = value(&source()) {
                    shown.observe(value, &[]);
                }
            })
            .build();
    }

    fn state(&self, source: Source) {
        let Name { name, unit, help } = names::STATE_NOW;
        let gauge = self.meter.u64_observable_gauge(name);
        gauge
            .with_unit(unit)
            .with_description(help)
            .with_callback(move |shown| {
                let Gauges { state, states, .. } = source();
                for name in states {
                    let is_now = u64::from(*name == state);
                    shown.observe(is_now, &[KeyValue::new(names::STATE, *name)]);
                }
            })
            .build();
    }
}

type Source = Arc<dyn Fn() -> Gauges + Send + Sync>;

fn class_attribute(class: Class) -> KeyValue {
    KeyValue::new(names::CLASS, class.as_str())
}

/// dicom-cast's own four counters.
#[derive(Debug, Clone)]
struct DicomCast {
    to_fhir_forbidden: Counter<u64>,
    from_dicom_forbidden: Counter<u64>,
    identity_unavailable: Counter<u64>,
    other: Counter<u64>,
}

impl DicomCast {
    fn new(provider: &impl MeterProvider) -> Self {
        let scope = InstrumentationScope::builder(names::DICOM_CAST_METER)
            .with_version(names::DICOM_CAST_METER_VERSION)
            .build();
        let meter = provider.meter_with_scope(scope);
        let counter = |name| {
            let counter = meter.u64_counter(name).build();
            counter.add(0, &[]);
            counter
        };
        Self {
            to_fhir_forbidden: counter(names::CAST_TO_FHIR_FORBIDDEN),
            from_dicom_forbidden: counter(names::DICOM_TO_CAST_FORBIDDEN),
            identity_unavailable: counter(names::CAST_MI_UNAVAILABLE),
            other: counter(names::CASTING_FAILED_FOR_OTHER_REASONS),
        }
    }

    /// The counter for what dicom-cast would have ended with.
    fn counter(&self, code: Code) -> &Counter<u64> {
        match code {
            Code::FhirForbidden => &self.to_fhir_forbidden,
            Code::DicomForbidden => &self.from_dicom_forbidden,
            code if code.as_str().starts_with("identity.") => &self.identity_unavailable,
            _ => &self.other,
        }
    }
}
