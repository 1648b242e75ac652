//! How a command ends.

use std::process::ExitCode;

use crate::settings::Unusable;
use crate::telemetry::visible_lines;

/// The end of a command, as its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// It did what it was asked.
    Done,
    /// Something failed that its output tells of.
    Failed,
    /// Its arguments do not go together.
    Usage,
    /// The settings cannot be used (`EX_CONFIG` of sysexits).
    UnusableSettings,
    /// A signal ended it before it was done, as shells tell of SIGINT.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::UnusableSettings => 78,
            Exit::Interrupted => 130,
        })
    }
}

/// Says on standard error why the settings cannot be used.
pub(super) fn unusable(unusable: &Unusable) -> Exit {
    eprintln!("{}", visible_lines(&unusable.to_string()));
    Exit::UnusableSettings
}

/// Says on standard error what failed.
pub(super) fn failed(what: &dyn std::fmt::Display) -> Exit {
    eprintln!("{}", visible_lines(&what.to_string()));
    Exit::Failed
}
