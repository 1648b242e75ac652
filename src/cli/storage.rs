//! Where position, failures, lease and archive are, by the settings.

use std::sync::Arc;

use crate::settings::Settings;
use radcast_azure::{AzureStore, BlobArchive, BlobLease};
use radcast_engine::failure::{Code, Failure};
use radcast_engine::store::{SqliteStore, Store};

/// The store of these settings. Tables need not answer yet.
pub(super) fn open_store(settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    Ok(match &settings.table_store {
        Some(tables) => Arc::new(AzureStore::open(tables)?),
        None => Arc::new(SqliteStore::open(&settings.store.path)?),
    })
}

/// The store of these settings, for the one that consumes the feed.
pub(super) fn own_store(settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    Ok(match &settings.table_store {
        Some(tables) => Arc::new(AzureStore::open(tables)?),
        None => Arc::new(SqliteStore::open_alone(&settings.store.path)?),
    })
}

/// The store of these settings, which has to be there: an empty one made in the wrong place would
/// tell that nothing has failed.
pub(super) fn existing_store(settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    let path = &settings.store.path;
    if settings.table_store.is_some() || path.exists() {
        return open_store(settings);
    }
    let place = std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let message = format!(
        "Store:Path {}: there is no such file; give the settings that the daemon runs with \
         (--settings FILE), in the folder that it runs in",
        place.display()
    );
    Err(Failure::new(Code::StoreUnavailable, message))
}

/// Where the store of these settings is, without what lets one in.
pub(super) fn store_place(settings: &Settings) -> String {
    match &settings.table_store {
        Some(tables) => {
            let address = &tables.account.endpoint;
            match tables.table_name_prefix.as_str() {
                "" => format!("the tables of {address}"),
                prefix => format!("the tables {prefix}… of {address}"),
            }
        }
        None => settings.store.path.display().to_string(),
    }
}

/// The lease of these settings, if they have one. The blob need not answer yet.
pub(super) fn open_lease(settings: &Settings) -> Result<Option<BlobLease>, Failure> {
    let both = settings.blob_store.as_ref().zip(settings.lease.as_ref());
    both.map(|(blobs, lease)| BlobLease::open(blobs, lease))
        .transpose()
}

/// The archive of these settings, if they have one. The container need not answer yet.
pub(super) fn open_archive(settings: &Settings) -> Result<Option<BlobArchive>, Failure> {
    let blobs = settings.blob_store.as_ref().filter(|_| settings.archive);
    blobs.map(BlobArchive::open).transpose()
}
