//! How requests get to a service: over HTTP, with the credentials the service wants.

mod exchange;

pub use exchange::{Answer, Exchange, HttpExchange, NoAnswer, Outgoing};
