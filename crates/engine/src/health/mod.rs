//! Whether target, source and store work: what holds work back, and what lets it go on.

pub(crate) mod ailing;
pub(crate) mod breaker;
pub(crate) mod concurrency;
mod escalation;
pub(crate) mod gate;
pub(crate) mod requested_wait;

pub use escalation::{Escalated, Escalation};
pub use requested_wait::RequestedWait;
