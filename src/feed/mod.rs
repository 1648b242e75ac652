//! What happened: the change feed of a DICOMweb service, in its two versions.

mod ahead;
mod brake;
mod client;
mod condense;
mod continuity;
mod entry;
mod gaps;
mod isolation;
mod metadata;
mod notes;
mod page;
mod parts;
mod present;
mod span;
mod v1;
mod v2;

use std::future::Future;

use jiff::Timestamp;

pub use client::{FeedClient, Latest};
pub use continuity::Known;
pub use entry::{Action, Entry, MalformedEntry, State};
pub use metadata::InstanceMetadata;
pub use page::{Page, split};
pub use present::PresentState;
pub use v1::SequenceWindows;
pub use v2::TimeWindows;

use crate::failure::{Code, Failure};

/// An ordered feed of changes, read page by page.
pub trait ChangeFeed: Send + 'static {
    /// The next page. At the end of the feed it is empty and says that there is no more; the same
    /// call later brings what has come since.
    ///
    /// # Errors
    /// The feed cannot be read now. Nothing is lost: the same call may be made again.
    fn next(&mut self) -> impl Future<Output = Result<Page, Failure>> + Send;

    /// The address of the service that the feed is read from, if it has one.
    fn address(&self) -> Option<String> {
        None
    }
}

fn position_ahead(position: u64, latest: u64) -> Failure {
    let message = format!("the position is {position}, but the feed ends at {latest}");
    Failure::new(Code::DicomPositionAhead, message)
}

fn unreliable(message: impl Into<String>) -> Failure {
    Failure::new(Code::DicomUnreliableFeed, message)
}

fn timestamp(entry: &Result<Entry, MalformedEntry>) -> Option<Timestamp> {
    match entry {
        Ok(entry) => entry.timestamp,
        Err(malformed) => malformed.timestamp,
    }
}
