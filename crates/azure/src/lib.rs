//! Azure for radcast: position, records, lease and archive in Azure Storage; identities of Microsoft
//! Entra.

mod identity;
pub mod options;
mod storage;

pub use identity::{Token, TokenSource};
pub use storage::{
    AzureStore, BlobArchive, BlobLease, POSITION_BLOB, parse_position, read_position,
};
