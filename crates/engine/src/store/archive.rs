//! The archive of what belongs to failed entries. It holds patient data.

use async_trait::async_trait;

use crate::failure::{Failure, Redacted, Subject};

/// Keeps the raw entry and the server's answer of a failed entry.
#[async_trait]
pub trait Archive: Send + Sync + 'static {
    /// Keeps both and says where; the same entry is kept in the same place.
    ///
    /// # Errors
    /// They cannot be kept.
    async fn keep(
        &self,
        subject: &Subject,
        entry: Option<&Redacted>,
        answer: Option<&Redacted>,
    ) -> Result<String, Failure>;
}
