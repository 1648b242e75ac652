//! Notices that many entries fail alike, and stops taking more until one succeeds.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::failure::{Code, Failure};
use crate::health::gate::{Gate, Hold};
use crate::options;
use crate::{Escalated, Escalation};

/// Watches the entries that fail. When they become many, and the settings say so, it holds the gate
/// closed: then one entry is let through every so often, until one is applied.
#[derive(Debug)]
pub(crate) struct Breaker {
    settings: options::Escalation,
    /// How long the gate is held before an entry is let through.
    rest: Duration,
    gate: Gate,
    detector: Escalation,
    broken: Option<Broken>,
}

#[derive(Debug)]
struct Broken {
    hold: Hold,
    /// When the next entry is let through.
    next: Instant,
}

impl Breaker {
    pub(crate) fn new(settings: &options::Escalation, rest: Duration, gate: &Gate) -> Self {
        Self {
            settings: settings.clone(),
            rest,
            gate: gate.clone(),
            detector: Escalation::new(settings),
            broken: None,
        }
    }

    /// An entry failed and is recorded. Answers once when they become many.
    pub(crate) fn failed(&mut self, code: Code) -> Option<Escalated> {
        let escalated = self.detector.observe(code, Instant::now())?;
        if self.settings.pause && self.broken.is_none() {
            self.hold(&escalated);
        }
        Some(escalated)
    }

    fn hold(&mut self, Escalated { code, count }: &Escalated) {
        let hold = self.gate.hold();
        let message = format!("{count} entries failed alike; no more are taken until one succeeds");
        hold.tell(&Failure::new(*code, message), true);
        let next = Instant::now() + self.rest;
        self.broken = Some(Broken { hold, next });
    }

    /// Whether an entry is let through although the gate is held.
    pub(crate) fn lets_one_through(&self) -> bool {
        self.broken.as_ref().is_some_and(|broken| {
            broken.next <= Instant::now() && self.gate.is_open_but_for(&broken.hold)
        })
    }

    /// Returns when the next entry may be let through.
    pub(crate) async fn rested(&self) {
        match &self.broken {
            Some(broken) if broken.next > Instant::now() => sleep_until(broken.next).await,
            _ => std::future::pending().await,
        }
    }

    /// Some work was done, and an entry was `applied` or none. Counts for what was let through;
    /// what was under way before tells nothing.
    pub(crate) fn done(&mut self, applied: bool) {
        let now = Instant::now();
        match &mut self.broken {
            Some(broken) if broken.next > now => {}
            Some(_) if applied => {
                self.broken = None;
                self.detector = Escalation::new(&self.settings);
            }
            Some(broken) => broken.next = now + self.rest,
            None => {}
        }
    }
}
