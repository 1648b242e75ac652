//! `RetryConfiguration`: what happens when a request fails.

use std::num::NonZeroU32;
use std::time::Duration;

use super::policies::Policies;
use super::table;
use super::values::Values;

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

    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let total_duration = values.duration(&table::RETRY_TOTAL_DURATION);
        let max_attempts = values.integer::<u32>(&table::RETRY_MAX_ATTEMPTS);
        let when_healthy = values.integer::<u32>(&table::RETRY_MAX_ATTEMPTS_WHEN_HEALTHY);
        let order = values.choice(&table::RETRY_ORDER, |word| match word {
            "strict" => Some(Order::Strict),
            "relaxed" => Some(Order::Relaxed),
            _ => None,
        });
        let max_retry_after = values.duration(&table::RETRY_MAX_RETRY_AFTER);
        let initial_delay = values.duration(&table::RETRY_INITIAL_DELAY);
        let max_delay = values.duration(&table::RETRY_MAX_DELAY);
        let on_outage = values.choice(&table::RETRY_ON_OUTAGE, |word| match word {
            "pause" => Some(OnOutage::Pause),
            "record" => Some(OnOutage::Record),
            _ => None,
        });
        let signal_interval = values.duration(&table::RETRY_SIGNAL_INTERVAL);
        let policies = Policies::read(values);
        if initial_delay? > max_delay? {
            let cure = "may not be less than RetryConfiguration:InitialDelay";
            values.problem(&table::RETRY_MAX_DELAY, cure);
        }
        Some(Self {
            total_duration: total_duration?,
            max_attempts: NonZeroU32::new(max_attempts??),
            max_attempts_when_healthy: NonZeroU32::new(when_healthy??)?,
            order: order??,
            max_retry_after: max_retry_after?,
            initial_delay: initial_delay?,
            max_delay: max_delay?,
            on_outage: on_outage??,
            signal_interval: signal_interval?,
            policies: policies?,
        })
    }
}
