//! The time of day, which is injected.

use std::sync::Arc;

use jiff::Timestamp;

/// Returns the time of day.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Returns the machine's own clock.
#[must_use]
pub fn system_clock() -> Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that every other part is handed"
    )]
    Arc::new(Timestamp::now)
}
