//! The engine: reads the feed ahead, applies studies side by side, retries, isolates the entries
//! at fault, and settles every entry before the position passes it.
//!
//! It knows feeds, targets and stores as traits only. FHIR is the first target.

mod again;
mod ailing;
mod apply;
mod archiving;
mod attempt;
mod begin;
mod breaker;
mod concurrency;
mod done;
mod engine;
mod gate;
mod gathering;
mod keeper;
mod lane;
mod ledger;
mod open_records;
mod panicked;
mod parts;
mod progress;
mod reader;
mod record;
mod requested_wait;
mod retry;
mod retrying;
mod rounds;
mod schedule;
mod signals;
mod standby;
mod status;
mod supersede;
mod target;
mod work;

use std::sync::Arc;

use jiff::Timestamp;

pub use begin::known_feed;
pub use engine::Engine;
pub use requested_wait::RequestedWait;
pub use standby::lead;
pub use status::{Counts, Fate, Observer, Observers, Retried, State, Status, Tally, Unobserved};
pub use target::{Applied, Reading, Target};

/// Tells the time of day.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's own clock.
#[must_use]
pub fn system_clock() -> Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everybody else is handed"
    )]
    Arc::new(Timestamp::now)
}
