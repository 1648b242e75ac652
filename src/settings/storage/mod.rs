//! `TableStore`, `BlobStore`, `Lease`, `Archive`: Azure Storage.

mod blob_store;
mod lease;
mod table_store;

pub use radcast_azure::options::{
    BlobStore, Credentials, Identity, Lease, StorageAccount, TableStore, Workload,
};

use super::table;
use super::values::Values;

/// The four sections, which depend on one another.
pub(super) struct Storage {
    pub(super) table_store: Option<TableStore>,
    pub(super) blob_store: Option<BlobStore>,
    pub(super) lease: Option<Lease>,
    pub(super) archive: bool,
}

impl Storage {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let timeout = values.duration(&table::TABLE_STORE_TIMEOUT);
        let table_store = table_store::read(timeout, values);
        let tables = table_store.as_ref().and_then(Option::as_ref);
        let blob_store = blob_store::read(tables, timeout, values);
        let both = table_store.as_ref().zip(blob_store.as_ref());
        let lease = lease::read(both, values);
        let archive = lease::read_archive(both, values);
        Some(Self {
            table_store: table_store?,
            blob_store: blob_store?,
            lease: lease?,
            archive: archive?,
        })
    }
}
