//! What happens when a request fails.

use std::num::NonZeroU32;
use std::time::Duration;

use super::Policies;

/// What happens when a request fails for a passing cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How long it is tried again, the first attempt included.
    pub total_duration: Duration,
    /// How often it is tried at most, the first time included; `None`: bounded by time alone.
    pub max_attempts: Option<NonZeroU32>,
    /// How often it is tried at most once the service is known to work for others.
    pub max_attempts_when_healthy: NonZeroU32,
    /// What others do meanwhile.
    pub order: Order,
    /// The longest wait that a service may ask for.
    pub max_retry_after: Duration,
    /// Pause before the second attempt; it doubles from one attempt to the next.
    pub initial_delay: Duration,
    /// The longest pause between two attempts; at least `initial_delay`.
    pub max_delay: Duration,
    /// What happens when the service stays down.
    pub on_outage: OnOutage,
    /// Pause between two looks for records that are to be retried.
    pub signal_interval: Duration,
    /// What becomes of recorded entries, by code.
    pub policies: Policies,
}

/// What happens when a service stays down after the last attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOutage {
    /// The feed waits until the service is back; no entry is recorded.
    Pause,
    /// The entry is recorded as failed and passed, as dicom-cast did.
    Record,
}

/// What becomes of other studies while an entry is retried on a service that works for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// No new one is begun.
    Strict,
    /// They go on.
    Relaxed,
}

impl Retry {
    /// The pause before the next attempt: our own, or what the service asks for within bounds.
    #[must_use]
    pub fn pause(&self, own: Duration, asked: Option<Duration>) -> Duration {
        own.max(asked.unwrap_or_default().min(self.max_retry_after))
    }
}
