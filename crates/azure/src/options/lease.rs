//! Options of the lease.

use std::time::Duration;

/// The lease that keeps one replica active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// How long it lasts from one renewal to the next, 15 to 60 seconds.
    pub duration: Duration,
    /// The blob that is leased.
    pub blob_name: String,
}
