//! What a replica says of itself, for those who look from elsewhere.

use jiff::Timestamp;

/// What a replica is to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It consumes the feed.
    Active,
    /// It waits to take over.
    Standby,
}

impl Role {
    /// The word in the row.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Standby => "standby",
        }
    }
}

/// What a replica said last. There is one report for each role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What it is to the others.
    pub role: Role,
    /// Which replica: host or replica name.
    pub replica: String,
    /// Version of radcast.
    pub version: String,
    /// What it is about, in a word: `following`, `catching up`, `retrying`, `paused`, `standby`.
    pub state: String,
    /// The code behind a state that is trouble.
    pub code: Option<String>,
    /// More about the state, e.g. the entry that is retried; without patient data.
    pub detail: Option<String>,
    /// Every entry up to here is settled.
    pub position: u64,
    /// Time of the entry at the position, by the feed's clock.
    pub position_timestamp: Option<Timestamp>,
    /// The newest sequence of the feed, as last heard.
    pub latest: u64,
    /// When an entry was applied last.
    pub last_success: Option<Timestamp>,
    /// When this was said.
    pub at: Timestamp,
}
