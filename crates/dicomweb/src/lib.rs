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
mod options;
mod page;
mod parts;
mod present;
mod span;
mod v1;
mod v2;

use jiff::Timestamp;

pub use client::{FeedClient, Latest};
pub use entry::{Entry, parse};
pub use options::{ApiVersion, OnUnparsable};
pub use page::split;
pub use v1::SequenceWindows;
pub use v2::TimeWindows;

use radcast_engine::failure::{Code, Failure};

/// A page of the change feed.
pub type Page = radcast_engine::feed::Page<radcast_dicom::Dataset>;

fn position_ahead(position: u64, latest: u64) -> Failure {
    let message = format!("the position is {position}, but the feed ends at {latest}");
    Failure::new(Code::DicomPositionAhead, message)
}

fn unreliable(message: impl Into<String>) -> Failure {
    Failure::new(Code::DicomUnreliableFeed, message)
}

fn timestamp(entry: &entry::Row) -> Option<Timestamp> {
    match entry {
        Ok(entry) => entry.timestamp,
        Err(malformed) => malformed.timestamp,
    }
}
