//! How many studies are written at the same time: as many as are allowed, and fewer while the
//! target refuses or is slow. Additive increase, multiplicative decrease.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::info;

/// How many batches may be under way. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Concurrency {
    most: usize,
    slow_after: Duration,
    window: Arc<Mutex<Window>>,
}

#[derive(Debug)]
struct Window {
    size: f64,
    /// Answers still to come that were asked for before the last decrease: they say nothing new.
    stale: usize,
}

impl Concurrency {
    /// At most so many; an answer that takes longer than `slow_after` is a slow one.
    pub(crate) fn new(most: usize, slow_after: Duration) -> Self {
        let size = most.max(1) as f64;
        Self {
            most,
            slow_after,
            window: Arc::new(Mutex::new(Window { size, stale: 0 })),
        }
    }

    /// How many batches may be under way now.
    pub(crate) fn limit(&self) -> usize {
        // At least 1, at most `most`.
        self.window().size as usize
    }

    /// Whether the target keeps up with several at once.
    pub(crate) fn has_leeway(&self) -> bool {
        self.most > 1 && self.limit() == self.most
    }

    /// The target did its work in this time.
    pub(crate) fn answered(&self, after: Duration) {
        if after > self.slow_after {
            return self.shrink(0.75, "slow");
        }
        let mut window = self.window();
        window.stale = window.stale.saturating_sub(1);
        window.size = (window.size + 1.0 / window.size).min(self.most.max(1) as f64);
    }

    /// The target could not do its work now.
    pub(crate) fn refused(&self) {
        self.shrink(0.5, "refusing");
    }

    fn shrink(&self, factor: f64, target_is: &'static str) {
        let mut window = self.window();
        if window.stale > 0 {
            window.stale -= 1;
            return;
        }
        let before = window.size as usize;
        window.size = (window.size * factor).max(1.0);
        window.stale = before.saturating_sub(1);
        let now = window.size as usize;
        if now < before {
            info!(
                event = "concurrency_reduced",
                studies = now,
                "the target is {target_is}: at most {now} studies are written at the same time"
            );
        }
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Duration = Duration::from_secs(5);
    const QUICK: Duration = Duration::from_millis(5);

    #[test]
    fn refusals_halve_it_once_for_all_that_were_under_way() {
        let concurrency = Concurrency::new(8, SLOW);
        for _ in 0..8 {
            concurrency.refused();
        }
        assert!(concurrency.limit() == 4 && !concurrency.has_leeway());
        for _ in 0..20 {
            concurrency.refused();
        }
        assert_eq!(concurrency.limit(), 1);
    }

    #[test]
    fn it_grows_back_by_one_each_time_that_all_are_answered() {
        let concurrency = Concurrency::new(8, SLOW);
        concurrency.refused();
        for _ in 0..5 {
            concurrency.answered(QUICK);
        }
        assert_eq!(concurrency.limit(), 5);
        for _ in 0..100 {
            concurrency.answered(QUICK);
        }
        assert!(concurrency.limit() == 8 && concurrency.has_leeway());
        assert!(!Concurrency::new(1, SLOW).has_leeway());
    }

    #[test]
    fn slow_answers_shrink_it_too() {
        let concurrency = Concurrency::new(8, SLOW);
        concurrency.answered(SLOW);
        assert_eq!(concurrency.limit(), 8);
        concurrency.answered(SLOW + QUICK);
        assert_eq!(concurrency.limit(), 6);
    }
}
