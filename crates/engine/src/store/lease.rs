//! The lease that keeps one replica active.

use std::time::Duration;

use async_trait::async_trait;

use crate::failure::Failure;

/// A lease that one replica can hold. It ends by itself when it is not renewed.
#[async_trait]
pub trait Lease: Send + Sync + 'static {
    /// How long it lasts from the moment before it was acquired or renewed.
    fn duration(&self) -> Duration;

    /// Tries to get it; `false` while another replica holds it.
    ///
    /// # Errors
    /// It cannot be asked for.
    async fn acquire(&self) -> Result<bool, Failure>;

    /// Makes it last anew; `false` when it is lost.
    ///
    /// # Errors
    /// It cannot be asked for; it is held until it ends.
    async fn renew(&self) -> Result<bool, Failure>;

    /// Gives it back, so that another replica need not wait for its end.
    ///
    /// # Errors
    /// It cannot be given back; it ends by itself.
    async fn release(&self) -> Result<(), Failure>;
}
