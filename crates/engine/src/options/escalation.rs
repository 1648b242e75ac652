//! When many entries failing alike are more than so many bad entries.

use std::num::NonZeroUsize;
use std::time::Duration;

/// When many entries failing alike are more than so many bad entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// How many entries have to fail with one code, 1 to 1000.
    pub count: NonZeroUsize,
    /// Within how long they have to.
    pub window: Duration,
    /// Whether no more entries are taken then, but for one now and then, until one succeeds.
    pub pause: bool,
}
