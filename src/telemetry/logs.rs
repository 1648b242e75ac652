//! Structured logs: text for people, JSON lines for collectors, and the same events for export.
//!
//! Other crates are never logged below `info`, whatever `RUST_LOG` says: at `debug`, an HTTP stack
//! prints request paths, and those hold patients' identifiers.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Debug;
use std::panic::PanicHookInfo;

use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use tracing::field::Field;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::{LevelFilter, ParseError, filter_fn};
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::{self, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer as _};

use super::export::Export;
use super::line::JsonLine;
use super::own::is_own;
use super::visible::visible;
use crate::settings::{LogFormat, LogLevel, Logging};

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// `RUST_LOG` cannot be read.
    #[error("RUST_LOG is no filter: {0}; write e.g. RUST_LOG=radcast=debug, or unset it")]
    Filter(#[from] ParseError),
    /// Logging was set up before, in the same process.
    #[error("logging is set up already: {0}")]
    Twice(#[from] TryInitError),
}

/// Sets up logging for the process, panics included, and writes it to `writer`. `rust_log` is the
/// value of `RUST_LOG`, which wins over the level of the settings; `terminal` says whether a person
/// watches `writer`.
///
/// # Errors
/// `rust_log` is no filter, or logging was set up before.
pub fn init<W>(
    logging: &Logging,
    rust_log: Option<&str>,
    terminal: bool,
    writer: W,
) -> Result<(), InitError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    set_up(subscriber(logging, rust_log, terminal, writer, None)?)
}

/// As [`init`], and hands the events to `export` as well.
pub(super) fn start<W>(
    logging: &Logging,
    rust_log: Option<&str>,
    terminal: bool,
    writer: W,
    export: &Export,
) -> Result<(), InitError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    set_up(subscriber(
        logging,
        rust_log,
        terminal,
        writer,
        Some(export),
    )?)
}

fn set_up(subscriber: impl Subscriber + Send + Sync + 'static) -> Result<(), InitError> {
    subscriber.try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn subscriber<W>(
    logging: &Logging,
    rust_log: Option<&str>,
    terminal: bool,
    writer: W,
    export: Option<&Export>,
) -> Result<impl Subscriber + Send + Sync + use<W>, ParseError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = fmt::layer().fmt_fields(fields()).with_writer(writer);
    let lines = match logging.format {
        LogFormat::Auto if terminal => lines.boxed(),
        LogFormat::Text => lines.with_ansi(terminal).boxed(),
        LogFormat::Auto | LogFormat::Json => lines.event_format(JsonLine).boxed(),
    };
    let logs = export.and_then(|export| export.logs.as_ref());
    let records = logs.map(|logs| {
        // Our own events alone: the exporters' would be exported in their turn.
        OpenTelemetryTracingBridge::new(logs).with_filter(filter_fn(is_own))
    });
    let spans = export.and_then(Export::tracer).map(|tracer| {
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_tracked_inactivity(false)
            .with_threads(false)
            .with_location(false)
            // Events are exported as records.
            .with_filter(filter_fn(|metadata| metadata.is_span() && is_own(metadata)))
    });
    Ok(tracing_subscriber::registry()
        .with(filter(logging.level, rust_log)?)
        .with(filter_fn(discreet))
        .with(lines)
        .with(spans)
        .with(records))
}

/// The message and the other fields of an event in a line of text, without what must not reach a
/// terminal.
fn fields() -> impl for<'writer> FormatFields<'writer> + Send + Sync + 'static {
    let write = |writer: &mut Writer<'_>, field: &Field, value: &dyn Debug| {
        let value = format!("{value:?}");
        let value = visible(&value);
        match field.name() {
            "message" => write!(writer, "{value}"),
            name => write!(writer, "{name}={value}"),
        }
    };
    debug_fn(write).delimited(" ")
}

/// `RUST_LOG` or, without it, our own events from `level` on and warnings of others.
fn filter(level: LogLevel, rust_log: Option<&str>) -> Result<EnvFilter, ParseError> {
    let own = match level {
        LogLevel::Trace => LevelFilter::TRACE,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Information => LevelFilter::INFO,
        LogLevel::Warning => LevelFilter::WARN,
        LogLevel::Error | LogLevel::Critical => LevelFilter::ERROR,
        LogLevel::None => LevelFilter::OFF,
    };
    let others = own.min(LevelFilter::WARN);
    let directives = format!("{others},radcast={own}");
    let directives = rust_log
        .filter(|text| !text.trim().is_empty())
        .unwrap_or(&directives);
    EnvFilter::builder().parse(directives)
}

fn discreet(metadata: &Metadata<'_>) -> bool {
    is_own(metadata) || *metadata.level() <= Level::INFO
}

/// Logs where a panic happened. Never its message: it may hold a value of the dataset.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string);
    let thread = std::thread::current();
    // Captured only when RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    let captured = backtrace.status() == BacktraceStatus::Captured;
    tracing::error!(
        event = "panicked",
        location,
        thread = thread.name(),
        backtrace = captured.then(|| backtrace.to_string()),
        "panicked; the message is withheld because it may hold patient data"
    );
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use opentelemetry::InstrumentationScope;
    use opentelemetry_sdk::error::OTelSdkResult;
    use opentelemetry_sdk::logs::{LogProcessor, SdkLogRecord, SdkLoggerProvider};
    use opentelemetry_sdk::metrics::SdkMeterProvider;
    use serde_json::Value;
    use tracing::{debug, error, info, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const AUTO: Logging = Logging {
        format: LogFormat::Auto,
        level: LogLevel::Information,
    };

    /// What is written while `act` runs.
    fn captured(
        logging: &Logging,
        rust_log: Option<&str>,
        terminal: bool,
        act: impl FnOnce(),
    ) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = subscriber(logging, rust_log, terminal, move || writer.clone(), None);
        let subscriber = subscriber.unwrap();
        tracing::subscriber::with_default(subscriber, act);
        let bytes = captured.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn without_a_terminal_an_event_is_a_json_object_on_a_line() {
        let log = captured(&AUTO, None, false, || {
            info!(target: "radcast::sync", event = "entry_applied", sequence = 7, "applied");
            let unknown: Option<&str> = None;
            warn!(target: "radcast::sync", instance = unknown, done = true, "second");
            warn!(target: "hyper", host = unknown, "third");
        });
        let lines: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 3);
        let first = &lines[0];
        assert!(first["timestamp"].as_str().unwrap().ends_with('Z'));
        assert_eq!(first["level"], "INFO");
        assert_eq!(first["target"], "radcast::sync");
        assert_eq!(first["message"], "applied");
        assert_eq!(first["event"], "entry_applied");
        assert_eq!(first["sequence"], 7);
        let second = lines[1].as_object().unwrap();
        assert_eq!(second.get("instance"), Some(&Value::Null));
        assert_eq!(second["done"], true);
        let third = lines[2].as_object().unwrap();
        assert_eq!(third["event"], "message", "of another crate");
        assert!(!third.contains_key("host"));
    }

    #[test]
    fn the_format_follows_the_terminal_unless_it_is_set() {
        let log = |format, terminal| {
            let logging = Logging { format, ..AUTO };
            captured(&logging, None, terminal, || info!("applied"))
        };
        assert!(!log(LogFormat::Auto, true).starts_with('{'));
        assert!(log(LogFormat::Auto, false).starts_with('{'));
        assert!(log(LogFormat::Json, true).starts_with('{'));
        let text = log(LogFormat::Text, false);
        assert!(
            text.contains("INFO radcast::telemetry::logs::tests: applied"),
            "{text:?}"
        );
    }

    #[test]
    fn a_line_of_text_has_nothing_that_a_terminal_obeys() {
        let logging = Logging {
            format: LogFormat::Text,
            ..AUTO
        };
        let hostile = "\u{1b}[2J\u{9b}1m\r\n\u{202e}";
        let log = captured(&logging, None, false, || {
            info!(text = hostile, shown = %hostile, "it says {hostile}");
        });
        let shown = r"\u{1b}[2J\u{9b}1m\r\n\u{202e}";
        assert_eq!(log.matches(shown).count(), 3, "{log:?}");
        assert_eq!(log.lines().count(), 1, "{log:?}");
        assert!(
            log.contains(&format!("tests: it says {shown} text=")),
            "{log}"
        );
        assert!(!log.trim_end().contains(|c: char| c.is_control()));
    }

    #[test]
    fn a_line_of_json_has_nothing_that_a_terminal_obeys() {
        let hostile = "\u{1b}[2J\u{9b}1m\r\n\u{202e}\u{2066}\u{7f}";
        let log = captured(&AUTO, None, false, || {
            info!(text = hostile, shown = %hostile, "it says {hostile}");
        });
        let shown = r"\u001b[2J\u009b1m\r\n\u202e\u2066\u007f";
        assert_eq!(log.matches(shown).count(), 3, "{log:?}");
        assert_eq!(log.lines().count(), 1, "{log:?}");
        let line: Value = serde_json::from_str(&log).unwrap();
        assert_eq!(line["text"], hostile);
    }

    #[test]
    fn the_level_of_the_settings_holds_for_our_own_events() {
        let log = |level| {
            let logging = Logging { level, ..AUTO };
            captured(&logging, None, false, || {
                debug!("own-debug");
                error!("own-error");
                info!(target: "hyper", "other-info");
                warn!(target: "hyper", "other-warning");
            })
        };
        let found = |log: &str| {
            ["own-debug", "own-error", "other-info", "other-warning"].map(|m| log.contains(m))
        };
        assert_eq!(found(&log(LogLevel::Trace)), [true, true, false, true]);
        assert_eq!(
            found(&log(LogLevel::Information)),
            [false, true, false, true]
        );
        assert_eq!(found(&log(LogLevel::Critical)), [false, true, false, false]);
        assert_eq!(found(&log(LogLevel::None)), [false; 4]);
    }

    #[test]
    fn rust_log_wins_over_the_level_of_the_settings() {
        let log = |rust_log| captured(&AUTO, Some(rust_log), false, || debug!("applied"));
        assert!(log("radcast=debug").contains("applied"));
        assert!(log("").is_empty(), "empty is as if unset");
        assert!(subscriber(&AUTO, Some("radcast=loud"), false, io::sink, None).is_err());
    }

    #[test]
    fn no_filter_makes_other_crates_show_request_paths() {
        let log = captured(&AUTO, Some("trace"), false, || {
            debug!(target: "hyper::client", "GET /Patient?identifier=canary");
            debug!(target: "radcasting", "canary");
            debug!(target: "radcast", "own");
        });
        assert!(!log.contains("canary"), "{log}");
        assert!(log.contains("own"), "{log}");
    }

    /// Keeps the texts of the records that would be exported.
    #[derive(Debug, Clone, Default)]
    struct Exported(Arc<Mutex<Vec<String>>>);

    impl LogProcessor for Exported {
        fn emit(&self, record: &mut SdkLogRecord, _: &InstrumentationScope) {
            let text = record.body().map(|body| format!("{body:?}"));
            self.0.lock().unwrap().extend(text);
        }

        fn force_flush(&self) -> OTelSdkResult {
            Ok(())
        }

        fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
            Ok(())
        }
    }

    #[test]
    fn what_the_exporters_log_is_not_exported_in_its_turn() {
        let exported = Exported::default();
        let logs = SdkLoggerProvider::builder().with_log_processor(exported.clone());
        let export = Export {
            metrics: SdkMeterProvider::default(),
            logs: Some(logs.build()),
            traces: None,
        };
        let subscriber = subscriber(&AUTO, Some("trace"), false, io::sink, Some(&export));
        tracing::subscriber::with_default(subscriber.unwrap(), || {
            error!(target: "opentelemetry_sdk", "not sent");
            warn!(target: "hyper::client", "connection refused");
            error!(target: "radcast::sync", "own");
        });
        let exported = exported.0.lock().unwrap();
        assert!(
            exported.len() == 1 && exported[0].contains("own"),
            "{exported:?}"
        );
    }

    #[test]
    fn a_panic_is_logged_with_its_place_and_without_its_message() {
        let log = captured(&AUTO, None, false, || {
            let former = std::panic::take_hook();
            std::panic::set_hook(Box::new(log_panic));
            let value = String::from("canary");
            let formatted = std::panic::catch_unwind(|| panic!("{value}"));
            let constant = std::panic::catch_unwind(|| panic!("canary"));
            std::panic::set_hook(former);
            assert!(formatted.is_err() && constant.is_err());
        });
        for line in log.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            assert_eq!(event["level"], "ERROR");
            let location = event["location"].as_str().unwrap();
            assert!(location.contains("logs.rs:"), "{location}");
            assert!(event["thread"].is_string());
        }
        assert_eq!(log.lines().count(), 2);
        assert!(!log.contains("canary"), "{log}");
    }
}
