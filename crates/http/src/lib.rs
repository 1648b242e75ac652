//! How requests get to a service over HTTP: bounded answers, time-outs, `Retry-After`, secrets.

mod body;
mod buffers;
mod deadline;
mod exchange;
mod retry_after;
mod secret;

#[cfg(any(test, feature = "testing"))]
pub mod endless;

pub use body::{Condense, Limit, read_within};
pub use exchange::{Answer, Exchange, HttpExchange, Outgoing, Prefer, TransportError};
pub use retry_after::{describe, retry_after, retry_after_in, symptom};
pub use secret::Secret;
