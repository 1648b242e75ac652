//! The engine of radcast: reads an ordered feed ahead, applies changes unit by unit to a target,
//! retries, isolates the entries at fault, and settles every entry before the position passes it.
//!
//! The engine knows no DICOM, no FHIR, no HTTP and no Azure. A source implements
//! [`feed::ChangeFeed`], a target [`Target`], a store [`store::Store`].

pub mod failure;
pub mod feed;
pub mod options;
pub mod store;

mod clock;
mod health;
mod pipeline;
mod position;
mod retries;
mod schedule;
mod status;
mod target;
mod worker;

pub use clock::{Clock, system_clock};
pub use health::{Escalated, Escalation, RequestedWait};
pub use pipeline::{Engine, known_feed, lead};
pub use status::{Counts, Observer, Observers, Outcome, Retried, State, Status, Tally, Unobserved};
pub use target::{Applied, Reading, Target};
