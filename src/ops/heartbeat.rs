//! Whether the engine turns.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, interval};

/// The time between two beats.
const BEAT: Duration = Duration::from_secs(1);

/// How old the last beat may be: what goes on in between is computing, never waiting for others.
const STALE: Duration = Duration::from_secs(30);

/// The heartbeat of the engine's own task. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    last: watch::Sender<Option<Instant>>,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            last: watch::Sender::new(None),
        }
    }
}

impl Heartbeat {
    /// Drives `work` to its end and beats in the same task: if a step of `work` never comes back,
    /// the beat stops. Waiting, for whatever and however long, does not stop it.
    pub async fn accompany<F: Future>(&self, work: F) -> F::Output {
        let mut beats = interval(BEAT);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                at = beats.tick() => { self.last.send_replace(Some(at)); }
                output = &mut work => return output,
            }
        }
    }

    /// How long ago the last beat was; `None` before the first.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let last = *self.last.borrow();
        last.map(|last| last.elapsed())
    }

    /// Whether the last beat is too old.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.age().is_some_and(|age| age > STALE)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn r01_it_beats_while_the_work_waits() {
        let heartbeat = Heartbeat::default();
        assert_eq!(heartbeat.age(), None);
        let waiting = tokio::time::sleep(Duration::from_secs(3_600));
        heartbeat.accompany(waiting).await;
        assert!(heartbeat.age().unwrap() <= BEAT, "{:?}", heartbeat.age());
    }

    #[tokio::test(start_paused = true)]
    async fn r01_it_is_stale_while_a_step_of_the_work_does_not_come_back() {
        let heartbeat = Heartbeat::default();
        let mut work = pin!(heartbeat.accompany(std::future::pending::<()>()));
        assert!(work.as_mut().now_or_never().is_none());
        tokio::time::advance(STALE).await;
        assert!(!heartbeat.is_stale());
        tokio::time::advance(BEAT).await;
        assert!(heartbeat.is_stale());
        assert!(work.as_mut().now_or_never().is_none());
        assert!(!heartbeat.is_stale());
    }
}
