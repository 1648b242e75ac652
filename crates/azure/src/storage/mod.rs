//! Azure Storage: position and failures in tables with dicom-cast's names, keys and columns; the
//! lease and the archive in blobs.
//!
//! The storage crates are unmaintained and have sharp edges: they are used here and nowhere else,
//! over a transport of our own, without their retries, and their errors are never shown.

mod archive;
mod blobs;
mod connection;
mod dicom_cast;
mod entity;
mod filter;
mod keys;
mod lease;
mod merge;
mod position;
mod record;
mod state;
mod store;
mod tables;
mod transport;
mod trouble;
mod upsert;

pub use archive::BlobArchive;
pub use lease::BlobLease;
pub use position::{POSITION_BLOB, parse_position, read_position};
pub use store::AzureStore;
