//! Why a command ends before it is done.

use std::io;

use super::exit::{self, Exit};
use crate::ops::failures::LookupError;
use crate::settings::Unusable;
use crate::telemetry::{visible, visible_lines};
use radcast_engine::failure::Failure;

/// Why a command ends before it is done.
#[derive(Debug)]
pub(super) enum CommandError {
    /// The settings cannot be used.
    Settings(Unusable),
    /// The arguments do not go together.
    Usage(String),
    /// Something outside failed.
    Failed(Failure),
    /// This failed.
    Told(String),
    /// The output cannot be written.
    Output(io::Error),
    /// A signal came.
    Interrupted,
}

impl CommandError {
    /// Says why on standard error, and how the command ends.
    pub(super) fn exit(self) -> Exit {
        match self {
            Self::Settings(unusable) => exit::unusable(&unusable),
            Self::Usage(why) => {
                eprintln!("{}", visible_lines(&why));
                Exit::Usage
            }
            Self::Failed(failure) => {
                let what = failure.to_string();
                exit::failed(&format!("{}\n{}", visible(&what), failure.cure()))
            }
            Self::Told(why) => exit::failed(&why),
            // Whoever read the output has read enough.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Output(error) => exit::failed(&format!("The output cannot be written: {error}")),
            Self::Interrupted => Exit::Interrupted,
        }
    }
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Unusable> for CommandError {
    fn from(unusable: Unusable) -> Self {
        Self::Settings(unusable)
    }
}

impl From<LookupError> for CommandError {
    fn from(unfound: LookupError) -> Self {
        match unfound {
            LookupError::Store(failure) => Self::Failed(failure),
            other => Self::Told(other.to_string()),
        }
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<csv::Error> for CommandError {
    fn from(error: csv::Error) -> Self {
        Self::Output(match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }
}

impl From<serde_json::Error> for CommandError {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(io::Error::from(error))
    }
}
