//! How requests get to a service: over HTTP, with the credentials the service wants; and tokens:
//! one [`TokenSource`] for all clients, over the identities of Microsoft Entra.

mod body;
mod bounded;
mod bridge;
mod buffers;
mod deadline;
#[cfg(test)]
pub(crate) mod endless;
mod exchange;
mod source;
mod trouble;

pub use body::{Condense, Limit, read_within};
pub use exchange::{Answer, Exchange, HttpExchange, NoAnswer, Outgoing, Prefer};
pub use source::{Token, TokenSource};
