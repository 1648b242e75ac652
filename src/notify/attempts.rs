//! How long to wait before a notification is tried again, and when to give it up. The clock is the
//! runtime's, so that tests simulate it.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

use crate::settings;

/// The attempts at one notification.
#[derive(Debug)]
pub(super) struct Attempts {
    delays: ExponentialBackoff,
    longest: Duration,
    longest_asked: Duration,
    deadline: Instant,
}

impl Attempts {
    pub(super) fn new(policy: &settings::Retry) -> Self {
        let delays = ExponentialBuilder::default()
            .with_min_delay(policy.initial_delay)
            // Jitter comes on top and at most doubles a delay.
            .with_max_delay(policy.max_delay / 2)
            .with_factor(2.0)
            .with_jitter();
        let delays = match policy.max_attempts {
            Some(most) => delays
                .with_max_times(usize::try_from(most.get() - 1).unwrap_or(usize::MAX))
                .build(),
            None => delays.without_max_times().build(),
        };
        Self {
            delays,
            longest: policy.max_delay,
            longest_asked: policy.max_retry_after,
            deadline: Instant::now() + policy.total_duration,
        }
    }

    /// The delay before the next attempt, not less than the receiver asks for within bounds; `None` when attempts or time have run out. What the receiver asks for beyond our own delay
    /// takes none of the time.
    pub(super) fn next_delay(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let own = self.delays.next()?.min(self.longest);
        let asked = asked.unwrap_or_default().min(self.longest_asked);
        let delay = own.max(asked);
        self.deadline += delay - own;
        (Instant::now() + delay <= self.deadline).then_some(delay)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::settings::{OnOutage, Order, Policies, Retry};

    fn policy(most: u32) -> Retry {
        Retry {
            total_duration: Duration::from_secs(600),
            max_attempts: NonZeroU32::new(most),
            max_attempts_when_healthy: NonZeroU32::MIN,
            order: Order::Strict,
            max_retry_after: Duration::from_secs(300),
            initial_delay: Duration::from_secs(2),
            max_delay: Duration::from_secs(60),
            on_outage: OnOutage::Pause,
            signal_interval: Duration::from_secs(30),
            policies: Policies::default(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_are_bounded_and_their_delays_grow_up_to_the_longest() {
        let mut attempts = Attempts::new(&policy(14));
        let delays: Vec<_> = std::iter::from_fn(|| attempts.next_delay(None)).collect();
        assert_eq!(delays.len(), 13);
        for (number, delay) in (0..).zip(&delays) {
            let least = Duration::from_secs(2 << number.min(8)).min(Duration::from_secs(30));
            assert!(
                *delay >= least && *delay <= Duration::from_secs(60),
                "{delays:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_bound_on_attempts_the_time_is_one() {
        let policy = policy(0);
        let mut attempts = Attempts::new(&policy);
        let begun = Instant::now();
        while let Some(delay) = attempts.next_delay(None) {
            tokio::time::sleep(delay).await;
        }
        let taken = begun.elapsed();
        assert!(taken > policy.total_duration - policy.max_delay && taken <= policy.total_duration);
    }

    #[tokio::test(start_paused = true)]
    async fn a_receiver_may_put_us_off_as_long_as_is_set_and_no_longer() {
        let mut attempts = Attempts::new(&policy(3));
        for asked in [60, 300, 86_400].map(Duration::from_secs) {
            let Some(delay) = attempts.next_delay(Some(asked)) else {
                assert_eq!(asked, Duration::from_secs(86_400), "the attempts run out");
                break;
            };
            assert_eq!(delay, asked);
            tokio::time::sleep(delay).await;
        }
        let asked = Attempts::new(&policy(3)).next_delay(Some(Duration::MAX));
        assert_eq!(asked, Some(policy(3).max_retry_after));
    }
}
