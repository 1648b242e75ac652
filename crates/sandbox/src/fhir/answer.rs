//! What comes of an interaction.

use axum::http::StatusCode;

use super::address::Address;
use super::versions::Version;

/// What comes of an interaction.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The version written, found or read.
    pub(super) version: Option<(Address, Version)>,
    /// The resource or the bundle that a read or a search asked for.
    pub(super) fetched: Option<String>,
}
