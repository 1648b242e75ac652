//! How long to wait before the next attempt, and when to give up. The clock is the runtime's, so
//! that tests simulate it.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

use crate::failure::{Class, Failure};
use crate::settings;

/// How many times a lost race is read and merged again before it counts as transient.
const CONFLICTS: u32 = 5;

/// How many attempts after the first are made once a dependency has failed for long enough.
const BRIEF: u32 = 1;

/// How much is tried before giving up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// As the settings say.
    Full,
    /// Little: the settings' attempts were made already, and the entry at fault is being looked
    /// for.
    Brief,
}

impl Patience {
    /// The patience for the halves of what failed like this.
    pub(super) fn after(self, failure: &Failure) -> Self {
        if failure.class() == Class::Transient {
            Self::Brief
        } else {
            self
        }
    }
}

/// The attempts at one piece of work.
#[derive(Debug)]
pub(super) struct Attempts<'a> {
    policy: &'a settings::Retry,
    patience: Patience,
    delays: ExponentialBackoff,
    deadline: Instant,
    conflicts: u32,
    /// How many attempts failed.
    pub(super) failed: u32,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(policy: &'a settings::Retry, patience: Patience) -> Self {
        let retries = match patience {
            Patience::Full => policy.max_attempts.map(|attempts| attempts.get() - 1),
            Patience::Brief => Some(BRIEF),
        };
        Self {
            policy,
            patience,
            delays: delays(policy, retries),
            deadline: Instant::now() + policy.total_duration,
            conflicts: 0,
            failed: 0,
        }
    }

    /// The delay before the next attempt, not less than the server asks for; `None` when attempts
    /// or time have run out.
    pub(super) fn next_delay(&mut self, retry_after: Option<Duration>) -> Option<Duration> {
        let delay = self.delays.next()?.min(self.policy.max_delay);
        let delay = retry_after.map_or(delay, |asked| delay.max(asked));
        (Instant::now() + delay <= self.deadline).then_some(delay)
    }

    /// The short delay before a lost race is run again; `None` when it was lost too often.
    pub(super) fn next_conflict(&mut self) -> Option<Duration> {
        self.conflicts += 1;
        (self.conflicts <= CONFLICTS).then(|| Duration::from_millis(20 * u64::from(self.conflicts)))
    }

    /// The delay while the dependency is down: the longest, however often it was waited.
    pub(super) fn pause(&self, retry_after: Option<Duration>) -> Duration {
        let longest = self.policy.max_delay;
        retry_after.map_or(longest, |asked| asked.max(longest))
    }

    /// Starts again with all attempts and all time.
    pub(super) fn renew(&mut self) {
        *self = Self {
            failed: self.failed,
            ..Self::new(self.policy, self.patience)
        };
    }
}

/// Delays that double, with jitter, without end.
pub(super) fn endless(policy: &settings::Retry) -> ExponentialBackoff {
    delays(policy, None)
}

fn delays(policy: &settings::Retry, most: Option<u32>) -> ExponentialBackoff {
    let delays = ExponentialBuilder::default()
        .with_min_delay(policy.initial_delay)
        // Jitter comes on top and at most doubles a delay.
        .with_max_delay(policy.max_delay / 2)
        .with_factor(2.0)
        .with_jitter();
    match most {
        Some(most) => delays
            .with_max_times(usize::try_from(most).unwrap_or(usize::MAX))
            .build(),
        None => delays.without_max_times().build(),
    }
}
