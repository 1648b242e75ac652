//! Options of the change feed.

/// What becomes of an entry of the feed that cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnUnparsable {
    /// It is recorded as failed, with what is known of it, and passed.
    #[default]
    Record,
    /// The feed waits before it.
    Stop,
}

/// Version of the change feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// `v1`: windows of sequence numbers.
    V1,
    /// `v2`: windows of time, and entries for updates.
    V2,
}

impl ApiVersion {
    /// The segment of the path that selects it: `v1`, `v2`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }

    /// The most entries that the service returns at once, and the default.
    #[must_use]
    pub const fn largest_page(self) -> u32 {
        match self {
            Self::V1 => 100,
            Self::V2 => 200,
        }
    }

    /// Returns the version of a segment.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        [Self::V1, Self::V2]
            .into_iter()
            .find(|version| version.as_str() == word)
    }
}
