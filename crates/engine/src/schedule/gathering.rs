//! Whether changes wait for more of their unit.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::schedule::Pace;

/// Changes are gathered from when a page came until some time later, unless it was the last one.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    until: Option<Instant>,
}

impl Gathering {
    /// A page came, with more to read behind it or not.
    pub(crate) fn read(&mut self, more: bool, at_most: Duration) {
        self.until = more.then(|| Instant::now() + at_most);
    }

    pub(crate) fn pace(&self) -> Pace {
        match self.until {
            Some(until) if Instant::now() < until => Pace::Gather,
            _ => Pace::Hurry,
        }
    }

    /// Whether another page is to come soon.
    pub(crate) const fn expects_more(&self) -> bool {
        self.until.is_some()
    }

    /// Waits until changes are not gathered any more; for ever when they are not now.
    pub(crate) async fn ended(&mut self) {
        match self.until {
            Some(until) => {
                sleep_until(until).await;
                self.until = None;
            }
            None => std::future::pending().await,
        }
    }
}
