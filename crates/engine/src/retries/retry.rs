//! How long to wait before the next attempt, and when to give up. The clock is the runtime's, so
//! that tests simulate it.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

use crate::failure::{Class, Failure};
use crate::options;
use crate::options::OnOutage;

/// How many times a lost race is read and merged again before it counts as transient.
const CONFLICTS: u32 = 5;

/// How many attempts after the first are made once a dependency has failed for long enough.
const BRIEF: u32 = 1;

/// After so many failures in a row it is asked whether the dependency works for others.
const DOUBTED_AFTER: u32 = 2;

/// How many of the attempts wait until the dependency was found to work.
const PROVEN: u32 = 1;

/// How much is tried before giving up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// As the settings say.
    Full,
    /// Little: the settings' attempts were made already, and the entry at fault is being looked
    /// for.
    Brief,
    /// One attempt: the unit has used up its attempts before, on a dependency that works for others.
    Once,
}

impl Patience {
    /// The patience for the halves of what failed like this.
    pub(crate) const fn after(self, failure: &Failure) -> Self {
        match failure.class() {
            Class::Transient | Class::Conflict if matches!(self, Self::Full) => Self::Brief,
            _ => self,
        }
    }
}

/// The attempts at one piece of work.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    policy: &'a options::Retry,
    patience: Patience,
    delays: Delays,
    deadline: Instant,
    conflicts: u32,
    proven: u32,
    /// How many attempts failed.
    failed: u32,
    /// How many of them since it was begun, or renewed.
    in_vain: u32,
    /// Whether the dependency is known to work for others.
    is_healthy: bool,
    /// Whether it worked when all attempts were used up.
    is_alive: bool,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(policy: &'a options::Retry, patience: Patience) -> Self {
        let retries = match patience {
            Patience::Full => policy.max_attempts.map(|attempts| attempts.get() - 1),
            Patience::Brief => Some(BRIEF),
            Patience::Once => Some(0),
        };
        let probes = policy.on_outage == OnOutage::Pause;
        let proven = if probes {
            retries.map_or(PROVEN, |retries| retries.min(PROVEN))
        } else {
            0
        };
        Self {
            policy,
            patience,
            delays: delays(policy, retries.map(|retries| retries - proven)),
            deadline: Instant::now() + policy.total_duration,
            conflicts: 0,
            proven,
            failed: 0,
            in_vain: 0,
            is_healthy: false,
            is_alive: false,
        }
    }

    /// Takes note that the dependency worked when the attempts were used up.
    pub(crate) const fn find_alive(&mut self) {
        self.is_alive = true;
    }

    /// Whether the trouble is the unit's own, as the dependency works.
    pub(crate) const fn is_of_unit(&self) -> bool {
        self.is_healthy || self.is_alive
    }

    /// Counts a failed attempt; answers how many there are. A lost race says nothing of the unit.
    pub(crate) fn count(&mut self, failure: &Failure) -> u32 {
        self.failed += 1;
        self.in_vain += u32::from(failure.class() == Class::Transient);
        self.failed
    }

    /// Whether it should be asked whether the dependency works for others: it fails again and again.
    pub(crate) fn doubts_itself(&self) -> bool {
        let most = self.policy.max_attempts_when_healthy.get();
        !self.is_healthy && self.in_vain >= DOUBTED_AFTER.min(most)
    }

    /// Takes note that the dependency works for others: then few attempts are left.
    pub(crate) const fn find_healthy(&mut self) {
        self.is_healthy = true;
    }

    /// Whether the dependency is known to work for others.
    pub(crate) const fn is_healthy(&self) -> bool {
        self.is_healthy
    }

    fn is_used_up(&self) -> bool {
        self.is_healthy && self.in_vain >= self.policy.max_attempts_when_healthy.get()
    }

    /// The delay before the next attempt, not less than the server asks for; `None` when attempts
    /// or time have run out. What the server asks for beyond our own delay takes none of the time.
    pub(crate) fn next_delay(&mut self, retry_after: Option<Duration>) -> Option<Duration> {
        if self.is_used_up() {
            return None;
        }
        let own = self.delays.next()?;
        let delay = self.policy.pause(own, retry_after);
        self.deadline += delay - own;
        (Instant::now() + delay <= self.deadline).then_some(delay)
    }

    /// The short delay before a lost race is run again; `None` when it was lost too often.
    pub(crate) fn next_conflict(&mut self) -> Option<Duration> {
        self.conflicts += 1;
        (self.conflicts <= CONFLICTS).then(|| Duration::from_millis(20 * u64::from(self.conflicts)))
    }

    /// The delay before the last attempt, now that the dependency is known to work: what failed
    /// before may have failed with it. `None` when that was it.
    pub(crate) fn next_proven(&mut self, retry_after: Option<Duration>) -> Option<Duration> {
        if self.is_used_up() {
            return None;
        }
        self.proven = self.proven.checked_sub(1)?;
        Some(self.policy.pause(self.policy.initial_delay, retry_after))
    }

    /// The delay while the dependency is down: the longest, however often it was waited.
    pub(crate) fn pause(&self, retry_after: Option<Duration>) -> Duration {
        self.policy.pause(self.policy.max_delay, retry_after)
    }

    /// Starts again with all attempts and all time.
    pub(crate) fn renew(&mut self) {
        *self = Self {
            failed: self.failed,
            ..Self::new(self.policy, self.patience)
        };
    }
}

/// Delays that double, with jitter of up to a third on top: each is at least half as long again as
/// the one before it, until the longest is reached.
#[derive(Debug)]
pub(crate) struct Delays {
    plain: ExponentialBackoff,
    /// With jitter of up to the whole delay on top, which is what the library has to offer.
    jittered: ExponentialBackoff,
    longest: Duration,
}

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let (plain, jittered) = (self.plain.next()?, self.jittered.next()?);
        let delay = plain + jittered.saturating_sub(plain) / 3;
        Some(delay.min(self.longest))
    }
}

/// Delays without end.
pub(crate) fn endless(policy: &options::Retry) -> Delays {
    delays(policy, None)
}

fn delays(policy: &options::Retry, most: Option<u32>) -> Delays {
    let delays = ExponentialBuilder::default()
        .with_min_delay(policy.initial_delay)
        // The longest have jitter, too.
        .with_max_delay(policy.max_delay / 4 * 3)
        .with_factor(2.0);
    let delays = match most {
        Some(most) => delays.with_max_times(usize::try_from(most).unwrap_or(usize::MAX)),
        None => delays.without_max_times(),
    };
    Delays {
        plain: delays.build(),
        jittered: delays.with_jitter().build(),
        longest: policy.max_delay,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::failure::Code;

    fn policy() -> options::Retry {
        options::Retry {
            total_duration: Duration::from_secs(600),
            max_attempts: NonZeroU32::new(4),
            max_attempts_when_healthy: NonZeroU32::MIN.saturating_add(2),
            order: options::Order::Strict,
            max_retry_after: Duration::from_secs(1_000),
            initial_delay: Duration::from_secs(2),
            max_delay: Duration::from_secs(60),
            on_outage: OnOutage::Pause,
            signal_interval: Duration::from_secs(30),
            policies: options::Policies::default(),
        }
    }

    #[test]
    fn the_halves_of_what_kept_failing_get_little_patience() {
        for code in [Code::FhirServerError, Code::FhirConflict] {
            let patience = Patience::Full.after(&Failure::new(code, ""));
            assert_eq!(patience, Patience::Brief, "{code}");
        }
        let refused = Failure::new(Code::FhirRejected, "");
        assert_eq!(Patience::Full.after(&refused), Patience::Full);
    }

    #[test]
    fn delays_grow_by_half_at_least_up_to_the_longest_and_differ_from_run_to_run() {
        let run = || endless(&policy()).take(12).collect::<Vec<_>>();
        let (delays, others) = (run(), run());
        assert_ne!(delays, others);
        for pair in delays.windows(2) {
            let grown = pair[1] >= pair[0] * 3 / 2 || pair[1] >= policy().max_delay * 3 / 4;
            assert!(grown && pair[1] <= policy().max_delay, "{pair:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn w10_a_wait_that_the_server_asks_for_uses_up_an_attempt_and_no_time() {
        let policy = policy();
        let mut attempts = Attempts::new(&policy, Patience::Full);
        let asked = Duration::from_secs(900);
        for _ in 0..2 {
            assert_eq!(attempts.next_delay(Some(asked)), Some(asked));
            tokio::time::sleep(asked).await;
        }
        assert_eq!(attempts.next_delay(Some(asked)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_of_the_attempts_waits_for_proof_and_none_is_added() {
        for (most, on_outage, expected) in [
            (4, OnOutage::Pause, (2, 1)),
            (1, OnOutage::Pause, (0, 0)),
            (4, OnOutage::Record, (3, 0)),
        ] {
            let policy = options::Retry {
                max_attempts: NonZeroU32::new(most),
                on_outage,
                ..policy()
            };
            let mut attempts = Attempts::new(&policy, Patience::Full);
            let delayed = std::iter::from_fn(|| attempts.next_delay(None)).count();
            let proven = std::iter::from_fn(|| attempts.next_proven(None)).count();
            assert_eq!((delayed, proven), expected, "{most} {on_outage:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_bound_on_attempts_the_time_is_one() {
        let policy = options::Retry {
            max_attempts: None,
            ..policy()
        };
        let mut attempts = Attempts::new(&policy, Patience::Full);
        let begun = Instant::now();
        while let Some(delay) = attempts.next_delay(None) {
            assert!(delay <= policy.max_delay, "{delay:?}");
            tokio::time::sleep(delay).await;
        }
        let taken = begun.elapsed();
        assert!(taken > policy.total_duration - policy.max_delay && taken <= policy.total_duration);
    }
}
