//! How a command ends.

use std::process::ExitCode;

use crate::settings::Unusable;

/// The end of a command, as its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// It did what it was asked.
    Done,
    /// Something failed that its output tells of.
    Failed,
    /// The settings cannot be used (`EX_CONFIG` of sysexits).
    UnusableSettings,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::UnusableSettings => 78,
        })
    }
}

/// Says on standard error why the settings cannot be used.
pub(super) fn unusable(unusable: &Unusable) -> Exit {
    eprintln!("{unusable}");
    Exit::UnusableSettings
}

/// Says on standard error what failed.
pub(super) fn failed(what: &dyn std::fmt::Display) -> Exit {
    eprintln!("{what}");
    Exit::Failed
}
