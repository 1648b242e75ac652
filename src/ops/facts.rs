//! What is known of the daemon while it runs.

use std::sync::Arc;

use super::{Heartbeat, MetricsObserver, Watched};
use crate::settings::Validation;
use crate::telemetry::Prometheus;

/// What the answers are made from. Cheap to clone.
#[derive(Clone)]
pub struct Facts {
    /// The engine as seen from outside.
    pub watched: Arc<Watched>,
    /// The counts since the start.
    pub observer: Arc<MetricsObserver>,
    /// Whether the engine turns.
    pub heartbeat: Heartbeat,
    /// The metrics.
    pub prometheus: Prometheus,
    /// What an invalid value does to its entry.
    pub validation: Validation,
}
