//! Somebody who is told.

use std::time::Duration;

use async_trait::async_trait;

use super::Notification;

/// Somebody who is told. Implement it to send notifications where you want them.
///
/// Each notifier has a task and a queue of its own: one that is slow or fails delays neither the
/// feed nor the others. It has to bound its own time, and must not block the thread.
#[async_trait]
pub trait Notifier: Send + Sync + 'static {
    /// What logs and counters call it. Asked for once, at the start.
    fn name(&self) -> &str;

    /// Tells of one notification. It may be called again with the same one, by its id, when it
    /// failed or did not end before the process did.
    ///
    /// # Errors
    /// It was not delivered, and whether it is worth trying again.
    async fn notify(&self, notification: &Notification) -> Result<(), Undelivered>;
}

/// Why a notification was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Undelivered {
    message: String,
    retryable: bool,
    retry_after: Option<Duration>,
}

impl Undelivered {
    /// It may be delivered later. The message is logged: it may hold no secret.
    pub fn for_now(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            retryable: true,
            retry_after: None,
        }
    }

    /// Trying again would be in vain. The message is logged: it may hold no secret.
    pub fn for_good(message: impl Into<String>) -> Self {
        Self {
            retryable: false,
            ..Self::for_now(message)
        }
    }

    /// With the time that the receiver asked to wait before the next attempt.
    #[must_use]
    pub fn after(self, retry_after: Option<Duration>) -> Self {
        Self {
            retry_after,
            ..self
        }
    }

    /// Whether it may be delivered later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        self.retryable
    }

    /// How long the receiver asked to wait before the next attempt.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}
