//! Tokens: one [`TokenSource`] for all clients, over the identities of Microsoft Entra.

mod bounded;
mod bridge;
mod source;
mod trouble;

pub use source::{Token, TokenSource};
