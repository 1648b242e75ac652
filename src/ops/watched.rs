//! The engine as seen from outside: its status, and what follows from it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::lag::{Lag, LagMeter};
use crate::telemetry::{Gauges, Metrics};
use radcast_engine::failure::Code;
use radcast_engine::{Clock, State, Status};

/// Every name that [`State::as_str`] gives.
const STATES: &[&str] = &[
    "starting",
    "catching_up",
    "following",
    "retrying",
    "paused",
    "standby",
];

/// The engine as seen from outside.
pub struct Watched {
    status: watch::Receiver<Status>,
    clock: Clock,
    meter: Mutex<LagMeter>,
    /// The newest sequence that was heard of while the engine did not read.
    heard: AtomicU64,
}

impl Watched {
    /// Watches this status.
    #[must_use]
    pub fn new(status: watch::Receiver<Status>, clock: Clock) -> Self {
        let meter = Mutex::new(LagMeter::new(clock()));
        Self {
            status,
            clock,
            meter,
            heard: AtomicU64::new(0),
        }
    }

    /// The status now.
    #[must_use]
    pub fn status(&self) -> Status {
        let heard = self.heard.load(Ordering::Relaxed);
        let status = *self.status.borrow();
        Status {
            latest: status.latest.max(heard),
            ..status
        }
    }

    /// The lag now; `None` while the feed has not been heard of.
    #[must_use]
    pub fn lag(&self) -> Option<Lag> {
        let status = self.status();
        let mut meter = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
        meter.measure(&status, status.latest, (self.clock)())
    }

    /// What the gauges show now.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let status = self.status();
        let lag = self.lag();
        let read = status.state != State::Starting;
        Gauges {
            state: status.state.as_str(),
            states: STATES,
            position: read.then_some(status.position),
            latest: lag.map(|_| status.latest),
            lag_entries: lag.map(|lag| lag.entries),
            lag: lag.map(|lag| lag.time),
            last_success: status.last_success,
            leader: status.leader,
        }
    }

    /// Counts the pauses, and notices when the engine falls behind, for as long as it runs.
    pub async fn follow(&self, metrics: &Metrics) {
        let mut changes = self.status.clone();
        let mut before = None;
        while changes.changed().await.is_ok() {
            let now = pause(changes.borrow_and_update().state);
            if let Some(code) = now.filter(|_| now != before) {
                metrics.paused(code);
            }
            before = now;
            let _ = self.lag();
        }
    }

    /// Asks for the newest sequence of the feed at this interval, whenever the engine is held up
    /// and does not read the feed itself: so the lag grows while nothing else does.
    pub async fn look_out<A>(&self, every: Duration, newest: impl Fn() -> A)
    where
        A: Future<Output = Option<u64>>,
    {
        loop {
            tokio::time::sleep(every).await;
            let state = self.status.borrow().state;
            // A service that is in trouble itself is left to the engine, which heeds when to ask again.
            let is_held_up = state.code().is_some_and(|code| !code.is_of_dicom());
            if is_held_up && let Some(newest) = newest().await {
                self.heard.fetch_max(newest, Ordering::Relaxed);
            }
        }
    }
}

const fn pause(state: State) -> Option<Code> {
    match state {
        State::Paused(code) => Some(code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_lost_the_lease_is_no_leader_whatever_else_it_is_about() {
        let lost = Status {
            state: State::Paused(Code::BlobUnavailable),
            ..Status::default()
        };
        let (status, shown) = watch::channel(lost);
        let watched = Watched::new(shown, radcast_engine::system_clock());
        assert!(!watched.gauges().leader);
        status.send_modify(|status| status.leader = true);
        assert!(watched.gauges().leader);
    }
}
