//! The engine of radcast: reads an ordered feed ahead, applies changes unit by unit to a target,
//! retries, isolates the entries at fault, and settles every entry before the position passes it.
//!
//! The engine knows no DICOM, no FHIR, no HTTP and no Azure. A source implements
//! [`feed::ChangeFeed`], a target [`Target`], a store [`store::Store`].

pub mod failure;
pub mod feed;
pub mod options;
pub mod store;

mod escalation;
mod sync;

pub use escalation::{Escalated, Escalation};
pub use sync::{
    Applied, Clock, Counts, Engine, Fate, Observer, Observers, Reading, RequestedWait, Retried,
    State, Status, Tally, Target, Unobserved, known_feed, lead, system_clock,
};
