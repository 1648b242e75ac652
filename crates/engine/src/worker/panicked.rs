//! A panic as a failure.

use crate::failure::{Code, Failure};

/// The place of the panic is in the log line of the panic itself.
pub(crate) fn panicked(doing: &str) -> Failure {
    Failure::new(
        Code::InternalPanic,
        format!("radcast panicked while {doing} the change"),
    )
}
