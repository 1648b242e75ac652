//! `Logging`: what is logged and how.

use super::table;
use super::values::Values;

/// What is logged and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// For people or for log collectors.
    pub format: LogFormat,
    /// The least severe events that are logged.
    pub level: LogLevel,
}

/// What a line of the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The levels of .NET logging, most verbose first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Everything.
    Trace,
    /// What helps to follow the work step by step.
    Debug,
    /// The normal course of things.
    Information,
    /// What is unusual and handled.
    Warning,
    /// What failed.
    Error,
    /// .NET's level above errors; logged as errors are.
    Critical,
    /// Nothing.
    None,
}

impl Logging {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let format = values.choice(&table::LOGGING_FORMAT, |word| match word {
            "auto" => Some(LogFormat::Auto),
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        });
        let level = values.choice(&table::LOGGING_LOG_LEVEL_DEFAULT, LogLevel::named);
        Some(Self {
            format: format??,
            level: level??,
        })
    }
}

impl LogLevel {
    fn named(word: &str) -> Option<Self> {
        match word {
            "trace" => Some(Self::Trace),
            "debug" => Some(Self::Debug),
            "information" => Some(Self::Information),
            "warning" => Some(Self::Warning),
            "error" => Some(Self::Error),
            "critical" => Some(Self::Critical),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}
