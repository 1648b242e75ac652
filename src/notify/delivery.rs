//! Delivers the notifications of one notifier, one after the other.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::attempts::Attempts;
use super::{Notification, Notifier, Undelivered};
use crate::settings;

/// The task of one notifier.
pub(super) struct Delivery {
    pub(super) name: String,
    pub(super) notifier: Box<dyn Notifier>,
    pub(super) queue: mpsc::Receiver<Arc<Notification>>,
    pub(super) retry: Arc<settings::Retry>,
    pub(super) tally: Arc<Tally>,
    /// Once this is cancelled, nothing is waited for any more.
    pub(super) closing: CancellationToken,
}

/// What became of the notifications of one notifier, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// It took them.
    pub delivered: u64,
    /// They were given up, those that it panicked at included.
    pub undelivered: u64,
    /// Its queue was full.
    pub dropped: u64,
    /// It panicked.
    pub panicked: u64,
}

/// Counts while others read.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) delivered: AtomicU64,
    pub(super) undelivered: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) panicked: AtomicU64,
}

impl Delivery {
    /// Runs until nobody can send to the queue any more and it is empty.
    pub(super) async fn run(mut self) {
        while let Some(notification) = self.queue.recv().await {
            self.deliver(&notification).await;
        }
    }

    async fn deliver(&self, notification: &Notification) {
        let mut attempts = Attempts::new(&self.retry);
        loop {
            let undelivered = match self.attempt(notification).await {
                Ok(()) => return self.tell_delivered(notification),
                Err(undelivered) => undelivered,
            };
            let Some(delay) = self.next_delay(&mut attempts, &undelivered) else {
                return self.tell_given_up(notification, &undelivered);
            };
            warn!(
                event = "notification_attempt_failed",
                notifier = self.name,
                id = notification.id,
                next_attempt_in_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
                "{undelivered}"
            );
            // When it closes meanwhile, the last attempt is made at once.
            let waiting = tokio::time::sleep(delay);
            self.closing.run_until_cancelled(waiting).await;
        }
    }

    async fn attempt(&self, notification: &Notification) -> Result<(), Undelivered> {
        let attempt = async { self.notifier.notify(notification).await };
        let attempted = AssertUnwindSafe(attempt).catch_unwind().await;
        attempted.unwrap_or_else(|_| {
            count(&self.tally.panicked);
            Err(Undelivered::for_good(
                "the notifier panicked; the place is in the log line of the panic",
            ))
        })
    }

    fn next_delay(
        &self,
        attempts: &mut Attempts,
        undelivered: &Undelivered,
    ) -> Option<std::time::Duration> {
        if !undelivered.is_retryable() || self.closing.is_cancelled() {
            return None;
        }
        attempts.next_delay(undelivered.retry_after())
    }

    fn tell_delivered(&self, notification: &Notification) {
        count(&self.tally.delivered);
        debug!(
            event = "notification_delivered",
            notifier = self.name,
            id = notification.id
        );
    }

    fn tell_given_up(&self, notification: &Notification, undelivered: &Undelivered) {
        count(&self.tally.undelivered);
        error!(
            event = "notification_undelivered",
            notifier = self.name,
            id = notification.id,
            kind = %notification.kind,
            code = %notification.code,
            "{undelivered}"
        );
    }
}

impl Tally {
    pub(super) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            delivered: read(&self.delivered),
            undelivered: read(&self.undelivered),
            dropped: read(&self.dropped),
            panicked: read(&self.panicked),
        }
    }
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
