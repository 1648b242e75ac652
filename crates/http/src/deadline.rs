//! The time by which an answer has to be complete, which stands still while we let the answer wait.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::TransportError;
use radcast_engine::failure::Symptom;

/// When an answer has to be complete.
pub(super) struct Deadline {
    at: Option<Instant>,
    timeout: Duration,
}

impl Deadline {
    /// So long from now.
    pub(super) fn after(timeout: Duration) -> Self {
        Self {
            // So far away that no time is that late: never.
            at: Instant::now().checked_add(timeout),
            timeout,
        }
    }

    /// Never.
    pub(super) const fn none() -> Self {
        Self {
            at: None,
            timeout: Duration::ZERO,
        }
    }

    /// Waits for a step of the exchange.
    ///
    /// # Errors
    /// The step fails, or the time has passed.
    pub(super) async fn keep<T, E: Into<TransportError>>(
        &self,
        step: impl Future<Output = Result<T, E>>,
    ) -> Result<T, TransportError> {
        let Some(at) = self.at else {
            return step.await.map_err(Into::into);
        };
        match timeout_at(at, step).await {
            Ok(outcome) => outcome.map_err(Into::into),
            Err(_) => Err(TransportError {
                symptom: Symptom::Timeout,
                reason: format!("no complete answer within {:?}", self.timeout),
            }),
        }
    }

    /// Waits for a turn of ours: that time is not the service's.
    pub(super) async fn pause<T>(&mut self, turn: impl Future<Output = T>) -> T {
        let since = Instant::now();
        let outcome = turn.await;
        let waited = since.elapsed();
        self.at = self.at.and_then(|at| at.checked_add(waited));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_turn_of_ours_takes_nothing_of_the_service_s_time() {
        let mut deadline = Deadline::after(2 * SECOND);
        deadline.pause(sleep(60 * SECOND)).await;
        let since = Instant::now();
        let outcome = deadline.keep(pending::<Result<(), TransportError>>()).await;
        assert_eq!(since.elapsed().as_secs(), 2);
        let error = outcome.unwrap_err();
        assert_eq!(error.symptom, Symptom::Timeout);
        assert_eq!(error.reason, "no complete answer within 2s");
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_that_never_comes_ends_nothing() {
        for deadline in [Deadline::none(), Deadline::after(Duration::MAX)] {
            let step = async {
                sleep(1000 * SECOND).await;
                Ok::<_, TransportError>(5)
            };
            assert_eq!(deadline.keep(step).await.unwrap(), 5);
        }
    }
}
