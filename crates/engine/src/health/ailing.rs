//! Units that failed again and again on a target that works for others.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::retries::retry::Patience;

/// The most units that are known; of more, those are forgotten that recover first.
const MOST: usize = 1_000;

/// With so many units ailing the next one that fails gets little patience, too: they have something
/// in common.
const MANY: usize = 3;

/// The units that used up their attempts, each until it is trusted again.
#[derive(Debug)]
pub(crate) struct Ailing<U> {
    rest: Duration,
    until: Mutex<HashMap<U, Instant>>,
}

impl<U: Clone + Eq + Hash> Ailing<U> {
    /// Units are trusted again after `rest`.
    pub(crate) fn new(rest: Duration) -> Self {
        Self {
            rest,
            until: Mutex::default(),
        }
    }

    /// The patience for a unit.
    pub(crate) fn patience(&self, unit: &U) -> Patience {
        let now = Instant::now();
        let mut until = self.until();
        until.retain(|_, until| *until > now);
        match until.contains_key(unit) {
            true => Patience::Once,
            false if until.len() >= MANY => Patience::Brief,
            false => Patience::Full,
        }
    }

    /// A unit used up its attempts.
    pub(crate) fn add(&self, unit: U) {
        let mut until = self.until();
        if until.len() >= MOST && !until.contains_key(&unit) {
            let first = until.iter().min_by_key(|(_, until)| **until);
            if let Some(first) = first.map(|(unit, _)| unit.clone()) {
                until.remove(&first);
            }
        }
        until.insert(unit, Instant::now() + self.rest);
    }

    /// A unit succeeded.
    pub(crate) fn remove(&self, unit: &U) {
        self.until().remove(unit);
    }

    fn until(&self) -> MutexGuard<'_, HashMap<U, Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(600);

    #[tokio::test(start_paused = true)]
    async fn a_unit_has_one_attempt_until_it_succeeds_or_has_rested() {
        let ailing = Ailing::new(REST);
        assert_eq!(ailing.patience(&1), Patience::Full);
        ailing.add(1);
        assert_eq!(ailing.patience(&1), Patience::Once);
        assert_eq!(ailing.patience(&2), Patience::Full);
        ailing.remove(&1);
        assert_eq!(ailing.patience(&1), Patience::Full);
        ailing.add(1);
        tokio::time::sleep(REST).await;
        assert_eq!(ailing.patience(&1), Patience::Full);
    }

    #[tokio::test(start_paused = true)]
    async fn where_many_ail_the_next_one_has_little_patience_and_they_are_bounded() {
        let ailing = Ailing::new(REST);
        for unit in 0..MANY {
            assert_eq!(ailing.patience(&unit), Patience::Full);
            ailing.add(unit);
        }
        assert_eq!(ailing.patience(&99), Patience::Brief);
        for unit in 0..2 * MOST {
            ailing.add(unit);
        }
        assert_eq!(ailing.until().len(), MOST);
    }
}
