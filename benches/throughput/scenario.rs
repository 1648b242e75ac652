//! What can be measured: feeds, and the FHIR servers they are cast into.

use std::fmt;
use std::time::Duration;

use super::feed::Feed;
use super::hospital;

/// A feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// One CT study of so many instances.
    Ct(u32),
    /// So many CR studies of two instances.
    Cr(u32),
    /// Enhanced multi-frame CT images of 2 MB each: their number, and the number in a study.
    Enhanced(u32, u32),
    /// A hospital's day of so many entries, CT, MR, CR, US and SR, interleaved.
    Day(u64),
    /// The same for resident memory: entries, and how many times as large the CT and MR studies are.
    Memory(u64, u32),
}

/// All in one page of the feed.
pub(crate) const ENHANCED_PAGE: Scenario = Scenario::Enhanced(90, 90);

/// Page after page.
pub(crate) const ENHANCED_FEED: Scenario = Scenario::Enhanced(500, 5);

/// The scenarios whose size nobody chooses.
pub(crate) const FIXED: [Scenario; 8] = [
    Scenario::Ct(100),
    Scenario::Ct(1_000),
    Scenario::Ct(10_000),
    Scenario::Cr(1_000),
    ENHANCED_PAGE,
    ENHANCED_FEED,
    Scenario::Day(10_000),
    Scenario::Day(100_000),
];

/// A FHIR server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The sandbox, which answers so much later than it could.
    Sandbox(Duration),
    /// helios-hfs, without latency.
    Hfs,
}

impl Target {
    pub(crate) const fn latency(milliseconds: u64) -> Self {
        Self::Sandbox(Duration::from_millis(milliseconds))
    }
}

impl Scenario {
    pub(crate) fn feed(self) -> Feed {
        match self {
            Self::Ct(instances) => Feed::ct(instances),
            Self::Cr(studies) => Feed::cr(studies),
            Self::Enhanced(images, series) => Feed::enhanced(images, series),
            Self::Day(entries) => hospital::day(entries, 1),
            Self::Memory(entries, scale) => hospital::day(entries, scale),
        }
    }

    /// Whether only the daemon is measured, and only at a server without latency.
    pub(crate) const fn is_for_memory(self) -> bool {
        matches!(self, Self::Memory(..) | Self::Enhanced(..))
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ct(instances) => write!(f, "ct-{instances}"),
            Self::Cr(studies) => write!(f, "cr-{studies}"),
            Self::Enhanced(images, _) => write!(f, "enhanced-{images}"),
            Self::Day(entries) => write!(f, "day-{entries}"),
            Self::Memory(..) => write!(f, "memory"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sandbox(latency) => write!(f, "{} ms", latency.as_millis()),
            Self::Hfs => write!(f, "hfs"),
        }
    }
}
