//! The lease of a blob.

use std::time::Duration;

use async_trait::async_trait;
use azure_core::Uuid;
use azure_core_021::LeaseStatus;
use azure_core_021::request_options::{LeaseDuration, LeaseId};

use super::blobs::{Blobs, write_trouble};
use super::trouble::Trouble;
use crate::options;
use crate::options::BlobStore;
use radcast_engine::failure::{Dependency, Failure, Operation};
use radcast_engine::store::Lease;

/// The lease of a blob, by an id that this process alone knows: asked for twice, because an answer
/// was lost, it is still the same lease.
#[derive(Debug)]
pub struct BlobLease {
    blobs: Blobs,
    name: String,
    duration: Duration,
    id: LeaseId,
}

impl BlobLease {
    /// The lease of these settings. Nothing is asked of the blob yet; it is made when it is missing.
    ///
    /// # Errors
    /// The HTTP client cannot be built, e.g. without CA certificates.
    pub fn open(store: &BlobStore, lease: &options::Lease) -> Result<Self, Failure> {
        Ok(Self {
            blobs: Blobs::open(store)?,
            name: lease.blob_name.clone(),
            // The service counts whole seconds.
            duration: Duration::from_secs(lease.duration.as_secs()),
            id: Uuid::new_v4().into(),
        })
    }

    /// Makes the blob when it is missing, and tells whether somebody holds the lease.
    ///
    /// # Errors
    /// The blob cannot be read or written.
    pub async fn is_held(&self) -> Result<bool, Failure> {
        let ensured = self.blobs.ensure(&self.name).await;
        ensured.map_err(|trouble| trouble.into_failure(Dependency::Blobs))?;
        let read = self.blobs.blob(&self.name).get_properties().await;
        let read = read.map_err(|error| {
            let trouble = Trouble::of(Dependency::Blobs, Operation::Read, &error);
            trouble.into_failure(Dependency::Blobs)
        })?;
        Ok(read.blob.properties.lease_status == Some(LeaseStatus::Locked))
    }

    async fn try_acquire(&self) -> Result<(), Trouble> {
        let seconds = u8::try_from(self.duration.as_secs()).unwrap_or(u8::MAX);
        let acquire = self
            .blobs
            .blob(&self.name)
            .acquire_lease(LeaseDuration::Seconds(seconds))
            .proposed_lease_id(self.id);
        let acquired = acquire.await;
        acquired.map(drop).map_err(|error| write_trouble(&error))
    }
}

/// Whether it is ours; what others do to it is no failure.
fn held(done: Result<(), Trouble>) -> Result<bool, Failure> {
    match done {
        Ok(()) => Ok(true),
        Err(Trouble::Changed | Trouble::Missing | Trouble::NoHome) => Ok(false),
        Err(Trouble::Failed(failure)) => Err(failure),
    }
}

#[async_trait]
impl Lease for BlobLease {
    fn duration(&self) -> Duration {
        self.duration
    }

    async fn acquire(&self) -> Result<bool, Failure> {
        let acquired = match self.try_acquire().await {
            Err(Trouble::Missing | Trouble::NoHome) => match self.blobs.ensure(&self.name).await {
                Ok(()) => self.try_acquire().await,
                failed => failed,
            },
            acquired => acquired,
        };
        held(acquired)
    }

    async fn renew(&self) -> Result<bool, Failure> {
        let renewed = self
            .blobs
            .blob(&self.name)
            .blob_lease_client(self.id)
            .renew()
            .await;
        held(renewed.map(drop).map_err(|error| write_trouble(&error)))
    }

    async fn release(&self) -> Result<(), Failure> {
        let released = self
            .blobs
            .blob(&self.name)
            .blob_lease_client(self.id)
            .release()
            .await;
        held(released.map(drop).map_err(|error| write_trouble(&error))).map(drop)
    }
}
