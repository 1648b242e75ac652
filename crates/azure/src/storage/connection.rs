//! Clients of the storage crates for the accounts of the settings.

use std::sync::Arc;
use std::time::Duration;

use azure_core_021::auth::Secret;
use azure_core_021::{RetryOptions, TransportOptions};
use azure_data_tables::clients::{TableServiceClient, TableServiceClientBuilder};
use azure_storage::{CloudLocation, StorageCredentials};
use azure_storage_blobs::prelude::{ClientBuilder, ContainerClient};

use super::transport::Transport;
use crate::TokenSource;
use crate::options::{BlobStore, Credentials, StorageAccount, TableStore};
use radcast_engine::failure::{Code, Failure};

/// The most that is held of an answer of the tables, in bytes: a page of the longest rows of ours is
/// smaller.
const MOST_OF_TABLES: usize = 16 << 20;

/// The most that is held of an answer of the blobs: nothing is read of them but a position and errors.
const MOST_OF_BLOBS: usize = 256 << 10;

/// A client of the table service. Nothing is asked of it yet.
pub(super) fn tables(store: &TableStore) -> Result<TableServiceClient, Failure> {
    let builder = TableServiceClientBuilder::with_location(
        location(&store.account),
        credentials(&store.account, store.timeout)?,
    );
    Ok(builder
        .retry(RetryOptions::none())
        .transport(transport(store.timeout, MOST_OF_TABLES)?)
        .build())
}

/// A client of the container. Nothing is asked of it yet.
pub(super) fn container(store: &BlobStore) -> Result<ContainerClient, Failure> {
    let builder = ClientBuilder::with_location(
        location(&store.account),
        credentials(&store.account, store.timeout)?,
    );
    Ok(builder
        .retry(RetryOptions::none())
        .transport(transport(store.timeout, MOST_OF_BLOBS)?)
        .container_client(&store.container))
}

fn transport(timeout: Duration, most: usize) -> Result<TransportOptions, Failure> {
    let transport = Transport::new(timeout, most)?;
    Ok(TransportOptions::new(Arc::new(transport)))
}

fn location(account: &StorageAccount) -> CloudLocation {
    let name = match &account.credentials {
        Credentials::SharedKey { account, .. } => account.clone(),
        Credentials::Signature(_) | Credentials::Identity(_) => String::new(),
    };
    CloudLocation::Custom {
        account: name,
        uri: account.endpoint.as_str().trim_end_matches('/').to_owned(),
    }
}

fn credentials(account: &StorageAccount, timeout: Duration) -> Result<StorageCredentials, Failure> {
    match &account.credentials {
        Credentials::SharedKey { account, key } => {
            let key = Secret::new(key.expose().to_owned());
            Ok(StorageCredentials::access_key(account.clone(), key))
        }
        Credentials::Signature(signature) => StorageCredentials::sas_token(signature.expose())
            .map_err(|_| {
                let text = "the shared access signature cannot be read";
                Failure::new(Code::StoreUnauthorized, text)
            }),
        Credentials::Identity(identity) => {
            let tokens = TokenSource::new(identity.clone(), timeout);
            Ok(StorageCredentials::token_credential(Arc::new(tokens)))
        }
    }
}
