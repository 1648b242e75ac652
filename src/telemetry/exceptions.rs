//! Errors as exceptions: Application Insights shows and groups those apart from other lines.

use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::{AnyValue, LogRecord as _, Severity};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogProcessor, SdkLogRecord};

/// Gives error records the attributes that make them exceptions: as type the failure's code or,
/// without one, the event's name.
#[derive(Debug)]
pub(super) struct ErrorsAsExceptions;

impl LogProcessor for ErrorsAsExceptions {
    fn emit(&self, record: &mut SdkLogRecord, _: &InstrumentationScope) {
        if record.severity_number() < Some(Severity::Error) {
            return;
        }
        // A notification tells again of what an error was logged for.
        if attribute(record, "event") == Some("notification".into()) {
            return;
        }
        let kind = attribute(record, "code").or_else(|| attribute(record, "event"));
        let message = record.body().cloned();
        record.add_attribute("exception.type", kind.unwrap_or_else(|| "error".into()));
        record.add_attribute("exception.message", message.unwrap_or_else(|| "".into()));
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn attribute(record: &SdkLogRecord, name: &str) -> Option<AnyValue> {
    let mut attributes = record.attributes_iter();
    let found = attributes.find(|(key, _)| key.as_str() == name)?;
    Some(found.1.clone())
}
