//! Shows how far the engine is.

use jiff::Timestamp;
use tokio::sync::watch;

use crate::health::gate::{Gate, Trouble};
use crate::status::{State, Status};
use crate::store::SyncState;

/// What the status is made of.
#[derive(Debug)]
pub(crate) struct Progress {
    status: watch::Sender<Status>,
    stored: watch::Receiver<SyncState>,
    gate: watch::Receiver<Vec<Trouble>>,
    trouble: watch::Receiver<Vec<Trouble>>,
    gates: [Gate; 2],
    latest: u64,
    at_end: bool,
    settled: u64,
    last_success: Option<Timestamp>,
}

impl Progress {
    pub(crate) fn new(
        status: watch::Sender<Status>,
        stored: watch::Receiver<SyncState>,
        gate: Gate,
        trouble: Gate,
    ) -> Self {
        Self {
            status,
            stored,
            gate: gate.watch(),
            trouble: trouble.watch(),
            gates: [gate, trouble],
            latest: 0,
            at_end: false,
            settled: 0,
            last_success: None,
        }
    }

    /// The feed was read.
    pub(crate) fn read(&mut self, latest: u64, more: bool) {
        self.latest = latest;
        self.at_end = !more;
    }

    /// An entry was settled.
    pub(crate) fn settled(&mut self) {
        self.settled += 1;
    }

    /// An entry was applied.
    pub(crate) const fn succeeded(&mut self, at: Timestamp) {
        self.last_success = Some(at);
    }

    /// Shows the status as it is now.
    pub(crate) fn show(&self) {
        let (position, position_timestamp) = {
            let stored = self.stored.borrow();
            (stored.sequence, stored.timestamp)
        };
        let trouble = self.gates.iter().find_map(Gate::trouble);
        let wait = trouble.as_ref().and_then(|trouble| trouble.wait);
        let state = match trouble {
            Some(trouble) => trouble.state(),
            None if self.at_end && position >= self.latest => State::Following,
            None => State::CatchingUp,
        };
        let now = Status {
            state,
            wait,
            leader: true,
            position,
            position_timestamp,
            latest: self.latest,
            last_success: self.last_success,
            settled: self.settled,
        };
        self.status
            .send_if_modified(|shown| std::mem::replace(shown, now) != now);
    }

    /// Waits for a change that nobody else tells of: trouble that comes or goes, a position saved.
    pub(crate) async fn changed(&mut self) {
        // An error means that the sender is gone: nothing changes any more.
        let changed = tokio::select! {
            changed = self.stored.changed() => changed,
            changed = self.gate.changed() => changed,
            changed = self.trouble.changed() => changed,
        };
        if changed.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_status_shows_how_old_the_position_is_and_when_work_last_succeeded() {
        let [old, now] = [7, 9].map(|second| Timestamp::from_second(second).ok());
        let stored = SyncState::at(3, old);
        let (_saved, stored) = watch::channel(stored);
        let (status, shown) = watch::channel(Status::default());
        let mut progress = Progress::new(status, stored, Gate::new(), Gate::new());
        progress.read(5, false);
        progress.succeeded(now.unwrap());
        progress.show();
        let expected = Status {
            state: State::CatchingUp,
            wait: None,
            leader: true,
            position: 3,
            latest: 5,
            settled: 0,
            position_timestamp: old,
            last_success: now,
        };
        assert_eq!(*shown.borrow(), expected);
    }
}
