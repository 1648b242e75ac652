//! The archive: two blobs for each failed entry.

use async_trait::async_trait;
use bytes::Bytes;

use super::blobs::Blobs;
use crate::options::BlobStore;
use radcast_engine::failure::{Dependency, Failure, Redacted, Subject};
use radcast_engine::store::{Archive, row_key};

const ENTRY: &str = "entry.json";
const ANSWER: &str = "answer.json";

/// Keeps the raw entry and the server's answer as `{sequence}/entry.json` and
/// `{sequence}/answer.json`, the sequence with leading zeros.
#[derive(Debug)]
pub struct BlobArchive {
    blobs: Blobs,
}

impl BlobArchive {
    /// The archive of these settings. Nothing is asked of the container yet; it is made when it is
    /// missing.
    ///
    /// # Errors
    /// The HTTP client cannot be built, e.g. without CA certificates.
    pub fn open(store: &BlobStore) -> Result<Self, Failure> {
        Ok(Self {
            blobs: Blobs::open(store)?,
        })
    }

    /// Writes an empty blob and removes it.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn check(&self) -> Result<(), Failure> {
        let name = self.blobs.own("check");
        self.put(&name, Bytes::new()).await?;
        let removed = self.blobs.remove(&name).await;
        removed.map_err(|trouble| trouble.into_failure(Dependency::Blobs))
    }

    async fn put(&self, name: &str, content: Bytes) -> Result<(), Failure> {
        let put = self.blobs.put(name, "application/json", content);
        put.await
            .map_err(|trouble| trouble.into_failure(Dependency::Blobs))
    }
}

#[async_trait]
impl Archive for BlobArchive {
    async fn keep(
        &self,
        subject: &Subject,
        entry: Option<&Redacted>,
        answer: Option<&Redacted>,
    ) -> Result<String, Failure> {
        let folder = self.blobs.own(&folder(subject));
        let first = if entry.is_some() { ENTRY } else { ANSWER };
        for (name, content) in [(ENTRY, entry), (ANSWER, answer)] {
            if let Some(content) = content {
                let content = content.reveal().clone();
                self.put(&format!("{folder}/{name}"), content).await?;
            }
        }
        Ok(self.blobs.address(&format!("{folder}/{first}")))
    }
}

/// Where an entry is kept: its row key, without what has a meaning in names of blobs.
fn folder(subject: &Subject) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let key = row_key(subject);
    key.chars()
        .take(200)
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}
