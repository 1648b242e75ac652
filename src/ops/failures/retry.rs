//! Asks for the retry of a record.

use super::Standing;
use radcast_engine::failure::{Dispositions, Failure};
use radcast_engine::store::{FailureRecord, Store};

/// Whether something was done to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was.
    Done,
    /// It was not, for this reason.
    Refused(&'static str),
    /// The record is not there any more, or is not meant any more.
    Gone,
}

/// Asks for the retry of a record, unless that would be in vain; `force` asks also where a retry
/// does not help as a rule.
///
/// # Errors
/// The store cannot be written.
pub async fn ask(
    store: &dyn Store,
    record: &FailureRecord,
    dispositions: &Dispositions,
    force: bool,
) -> Result<Outcome, Failure> {
    if let Some(reason) = refusal(Standing::of(record, dispositions), force) {
        return Ok(Outcome::Refused(reason));
    }
    let there = store.request_retry(&record.key).await?;
    Ok(if there { Outcome::Done } else { Outcome::Gone })
}

/// Why the retry of a record is not asked for.
#[must_use]
pub const fn refusal(standing: Standing, force: bool) -> Option<&'static str> {
    match standing {
        Standing::Superseded => {
            Some("superseded by a later entry of the same instance: dismiss the record")
        }
        Standing::LeftOut => Some(
            "the entry is stored without this value: correct the value at its source and store the \
             instance again",
        ),
        Standing::Retrying => Some("it is being retried now"),
        Standing::NeedsUpload if !force => Some(
            "the instance itself is at fault: correct it at its source, delete it and store it \
             again; --force (force=true) retries it all the same",
        ),
        Standing::SwitchedOff if !force => Some(
            "RetryConfiguration:Policies says never for its code; --force (force=true) retries it \
             all the same",
        ),
        _ => None,
    }
}
