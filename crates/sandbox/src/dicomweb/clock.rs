//! The time of changes.

use std::sync::Arc;

use jiff::Timestamp;

/// Where the service takes the time from that it stamps changes with.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's own clock.
pub(super) fn system_clock() -> Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the clock of a service of its own, not of the engine; tests hand in another"
    )]
    Arc::new(Timestamp::now)
}
