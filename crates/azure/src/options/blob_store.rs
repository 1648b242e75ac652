//! Options of a container of Blob Storage.

use std::time::Duration;

use super::StorageAccount;

/// A container of blobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobStore {
    /// The blob service.
    pub account: StorageAccount,
    /// Name of the container.
    pub container: String,
    /// What the names of blobs begin with, so that two radcasts can share the container; may be
    /// empty.
    pub prefix: String,
    /// How long one request may take.
    pub timeout: Duration,
}
