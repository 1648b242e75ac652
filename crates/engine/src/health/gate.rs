//! Holds back new work while a dependency is in trouble.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use crate::failure::Failure;
use crate::health::requested_wait::RequestedWait;
use crate::status::State;

/// Closed while anybody holds it; new work is started only while it is open.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    holders: Arc<watch::Sender<Vec<Trouble>>>,
    next_holder: Arc<AtomicU64>,
}

/// Why the gate is held, by whom.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    holder: u64,
    pub(crate) failure: Failure,
    /// The entry that is retried.
    sequence: Option<u64>,
    /// Whether work waits for the dependency, rather than for the next attempt.
    pub(crate) pauses: bool,
    /// The wait before the next attempt, if a service asked for it.
    pub(crate) wait: Option<RequestedWait>,
}

impl Trouble {
    /// The state that this trouble puts the engine in.
    pub(crate) const fn state(&self) -> State {
        let code = self.failure.code;
        if self.pauses {
            State::Paused(code)
        } else {
            State::Retrying {
                code,
                sequence: self.sequence,
            }
        }
    }
}

/// Holds the gate closed, from the first trouble told until dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    gate: Gate,
    holder: u64,
    sequence: Option<u64>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            holders: Arc::new(watch::Sender::new(Vec::new())),
            next_holder: Arc::default(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.holders.borrow().is_empty()
    }

    /// Whether nobody else holds it.
    pub(crate) fn is_open_but_for(&self, hold: &Hold) -> bool {
        let holders = self.holders.borrow();
        holders.iter().all(|trouble| trouble.holder == hold.holder)
    }

    /// The trouble to show: a pause before a retry.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        let holders = self.holders.borrow();
        holders
            .iter()
            .find(|trouble| trouble.pauses)
            .or_else(|| holders.first())
            .cloned()
    }

    /// Wakes whenever somebody takes or leaves the gate.
    pub(crate) fn watch(&self) -> watch::Receiver<Vec<Trouble>> {
        self.holders.subscribe()
    }

    /// Closes the gate for one piece of work, once that tells of trouble.
    pub(crate) fn hold(&self) -> Hold {
        self.hold_for(None)
    }

    /// As [`Gate::hold`], for the work at this entry.
    pub(crate) fn hold_for(&self, sequence: Option<u64>) -> Hold {
        Hold {
            gate: self.clone(),
            holder: self.next_holder.fetch_add(1, Ordering::Relaxed),
            sequence,
        }
    }
}

impl Hold {
    /// Says what the trouble is now.
    pub(crate) fn tell(&self, failure: &Failure, pauses: bool) {
        self.tell_until(failure, pauses, None);
    }

    /// As [`Hold::tell`], with the wait that a service asked for.
    pub(crate) fn tell_until(&self, failure: &Failure, pauses: bool, wait: Option<RequestedWait>) {
        let trouble = Trouble {
            holder: self.holder,
            failure: failure.clone(),
            sequence: self.sequence,
            pauses,
            wait,
        };
        self.gate.holders.send_modify(|holders| {
            holders.retain(|other| other.holder != self.holder);
            holders.push(trouble);
        });
    }
}

impl Hold {
    /// Changes the wait of the trouble that was told, if any was.
    pub(crate) fn change_wait(&self, wait: Option<RequestedWait>) {
        self.gate.holders.send_if_modified(|holders| {
            let mut held = holders.iter_mut();
            let held = held.find(|trouble| trouble.holder == self.holder);
            held.is_some_and(|held| std::mem::replace(&mut held.wait, wait) != wait)
        });
    }

    /// Leaves the gate, until trouble is told of again.
    pub(crate) fn leave(&self) {
        self.gate.holders.send_if_modified(|holders| {
            let before = holders.len();
            holders.retain(|trouble| trouble.holder != self.holder);
            holders.len() < before
        });
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Code;

    #[test]
    fn the_gate_opens_when_the_last_holder_leaves_and_shows_a_pause_first() {
        let gate = Gate::new();
        let busy = Failure::new(Code::FhirTooBusy, "");
        let forbidden = Failure::new(Code::FhirForbidden, "");
        let one = gate.hold();
        assert!(gate.is_open());
        one.tell(&busy, false);
        let two = gate.hold();
        two.tell(&forbidden, true);
        two.tell(&forbidden, true);
        assert_eq!(
            gate.trouble().map(|trouble| trouble.failure),
            Some(forbidden)
        );
        drop(two);
        assert_eq!(gate.trouble().map(|trouble| trouble.failure), Some(busy));
        drop(one);
        assert!(gate.is_open());
    }
}
