//! Options of Azure Storage: accounts, credentials, tables, blobs, the lease.

mod account;
mod blob_store;
mod connection_string;
mod lease;
mod table_store;

pub use account::{Credentials, Identity, StorageAccount, Workload, blob_endpoint, sas};
pub use blob_store::BlobStore;
pub use connection_string::ConnectionString;
pub use lease::Lease;
pub use table_store::TableStore;
