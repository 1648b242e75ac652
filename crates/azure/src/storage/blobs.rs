//! The container: the storage crate's client with its edges taken off. It is made when it is
//! missing.

use azure_core_021::request_options::IfMatchCondition;
use azure_storage_blobs::prelude::{BlobClient, ContainerClient};
use bytes::Bytes;
use futures_util::StreamExt;

use super::connection;
use super::trouble::Trouble;
use crate::options::BlobStore;
use radcast_engine::failure::{Dependency, Failure, Operation};

/// The blobs of one container.
#[derive(Debug, Clone)]
pub(super) struct Blobs {
    container: ContainerClient,
    prefix: String,
    address: String,
}

impl Blobs {
    pub(super) fn open(store: &BlobStore) -> Result<Self, Failure> {
        let endpoint = store.account.endpoint.as_str().trim_end_matches('/');
        Ok(Self {
            container: connection::container(store)?,
            prefix: store.prefix.clone(),
            address: format!("{endpoint}/{}", store.container),
        })
    }

    pub(super) fn blob(&self, name: &str) -> BlobClient {
        self.container.blob_client(name)
    }

    /// The name of a blob that other radcasts with the same container do not use.
    pub(super) fn own(&self, name: &str) -> String {
        match self.prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{prefix}/{name}"),
        }
    }

    /// The address of a blob, without a signature.
    pub(super) fn address(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// Writes a blob over whatever is there.
    pub(super) async fn put(
        &self,
        name: &str,
        content_type: &'static str,
        content: Bytes,
    ) -> Result<(), Trouble> {
        let put = async || {
            let put = self.blob(name).put_block_blob(content.clone());
            let done = put.content_type(content_type).await;
            done.map(drop).map_err(|error| write_trouble(&error))
        };
        match put().await {
            Err(Trouble::NoHome) => {
                self.create().await?;
                put().await
            }
            done => done,
        }
    }

    /// Makes an empty blob, and the container for it; a blob that is there stays.
    pub(super) async fn ensure(&self, name: &str) -> Result<(), Trouble> {
        let put = async || {
            let put = self.blob(name).put_block_blob(Bytes::new());
            let absent = IfMatchCondition::NotMatch("*".to_owned());
            let done = put.if_match(absent).await;
            done.map(drop).map_err(|error| write_trouble(&error))
        };
        let made = match put().await {
            Err(Trouble::NoHome) => {
                self.create().await?;
                put().await
            }
            done => done,
        };
        match made {
            Err(Trouble::Changed) => Ok(()),
            made => made,
        }
    }

    /// Removes a blob, if it is there.
    pub(super) async fn remove(&self, name: &str) -> Result<(), Trouble> {
        let removed = self.blob(name).delete().await;
        match removed.map_err(|error| write_trouble(&error)) {
            Ok(_) | Err(Trouble::Missing | Trouble::NoHome) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    /// The content of a small blob; `None` when there is no such blob.
    pub(super) async fn get(&self, name: &str) -> Result<Option<Bytes>, Failure> {
        let failed = |error: &azure_core_021::Error| match Trouble::of(
            Dependency::Blobs,
            Operation::Read,
            error,
        ) {
            Trouble::Missing | Trouble::NoHome => Ok(None),
            trouble => Err(trouble.into_failure(Dependency::Blobs)),
        };
        let mut pages = self.blob(name).get().into_stream();
        let page = match pages.next().await {
            Some(Ok(page)) => page,
            Some(Err(error)) => return failed(&error),
            None => return Ok(None),
        };
        match page.data.collect().await {
            Ok(content) => Ok(Some(content)),
            Err(error) => failed(&error),
        }
    }

    async fn create(&self) -> Result<(), Trouble> {
        let created = self.container.create().await;
        match created.map_err(|error| write_trouble(&error)) {
            Err(Trouble::Changed) => Ok(()),
            created => created,
        }
    }
}

pub(super) fn write_trouble(error: &azure_core_021::Error) -> Trouble {
    Trouble::of(Dependency::Blobs, Operation::Write, error)
}
