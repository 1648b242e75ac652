//! Notifications in the log.

use async_trait::async_trait;
use tracing::{error, info, warn};

use super::{Notification, Notifier, Severity, Undelivered};

/// Writes each notification to the log, as `event` = `notification`.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogNotifier;

/// One line at a level; the level of an event has to be a constant.
macro_rules! log {
    ($level:ident, $notification:expr) => {{
        let told = $notification;
        let sample = told.samples.first();
        $level!(
            event = "notification",
            id = told.id,
            kind = %told.kind,
            severity = %told.severity,
            class = %told.class,
            code = %told.code,
            cure = told.cure,
            count = told.count,
            first_time = %told.first_time,
            last_time = %told.last_time,
            sequence = sample.and_then(|sample| sample.sequence),
            study = sample.and_then(|sample| sample.study_instance_uid.as_deref()),
            series = sample.and_then(|sample| sample.series_instance_uid.as_deref()),
            instance = sample.and_then(|sample| sample.sop_instance_uid.as_deref()),
            "{}",
            told.message
        );
    }};
}

#[async_trait]
impl Notifier for LogNotifier {
    fn name(&self) -> &str {
        "log"
    }

    async fn notify(&self, notification: &Notification) -> Result<(), Undelivered> {
        match notification.severity {
            Severity::Information => log!(info, notification),
            Severity::Warning => log!(warn, notification),
            Severity::Error | Severity::Critical => log!(error, notification),
        }
        Ok(())
    }
}
