//! Options of the engine: pace, retries, escalation.

mod escalation;
mod policies;
mod retry;
mod worker;

pub use escalation::Escalation;
pub use policies::{Policies, Policy};
pub use retry::{OnOutage, Order, Retry};
pub use worker::Worker;
