//! `RetryConfiguration`: what happens when a request fails.

use std::num::NonZeroU32;

pub use radcast_engine::options::{OnOutage, Order, Retry};

use super::policies::Policies;

use super::table;
use super::values::{FromValues, Values};

impl FromValues for Retry {
    fn read(values: &mut Values) -> Option<Self> {
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
