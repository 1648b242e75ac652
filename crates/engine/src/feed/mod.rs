//! What an ordered feed of changes is, whatever it is read from.

mod entry;
mod entry_identity;
mod instance;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

pub use entry::{Action, Entry, MalformedEntry, State, is_partition};
pub use entry_identity::{EntryIdentity, NoIdentity, precision};
pub use instance::{DEFAULT_PARTITION, InstanceKey, is_uid};

use crate::failure::Failure;

/// One entry, or what could be read of an entry.
pub type Row<D> = Result<Entry<D>, MalformedEntry>;

/// What one read of the feed brought. `D` is what entries say beside their identity.
#[derive(Debug)]
pub struct Page<D> {
    /// The entries not read before, in the feed's order; a malformed one in its own place.
    pub entries: Vec<Row<D>>,
    /// The sequence up to which every entry there will ever be has been delivered.
    pub watermark: u64,
    /// The newest sequence of the feed, as last heard.
    pub latest: u64,
    /// Whether there is more to read at once.
    pub more: bool,
}

impl<D> Default for Page<D> {
    /// An empty page of an empty feed.
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            watermark: 0,
            latest: 0,
            more: false,
        }
    }
}

/// What a feed is known again by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The address of the service that was read.
    pub address: Option<Arc<str>>,
    /// The last entry that was read.
    pub entry: Option<Arc<EntryIdentity>>,
}

/// An ordered feed of changes, read page by page.
pub trait ChangeFeed: Send + 'static {
    /// What an entry says beside its identity.
    type Data: Send + 'static;

    /// The next page. At the end of the feed it is empty and says that there is no more; the same
    /// call later brings what has come since.
    ///
    /// # Errors
    /// The feed cannot be read now. Nothing is lost: the same call may be made again.
    fn next(&mut self) -> impl Future<Output = Result<Page<Self::Data>, Failure>> + Send;

    /// The address of the service that the feed is read from, if it has one.
    fn address(&self) -> Option<String> {
        None
    }
}

/// Asks a feed for single entries.
#[async_trait]
pub trait CurrentState<D>: Send + Sync + 'static {
    /// The entry of this sequence as it is now, with the present data of its instance; `None`
    /// when the feed holds no such entry. `happened` is its time by the feed's clock, if known.
    ///
    /// # Errors
    /// The feed cannot be asked, or does not say for certain that it holds no such entry.
    async fn entry(
        &self,
        sequence: u64,
        happened: Option<Timestamp>,
    ) -> Result<Option<Row<D>>, Failure>;
}

/// Reads single instances.
#[async_trait]
pub trait CurrentInstance<D>: fmt::Debug + Send + Sync + 'static {
    /// Returns what the service says of an instance now; `None` when there is no such instance.
    ///
    /// # Errors
    /// The service cannot be reached, refuses, or answers what is not about one instance.
    async fn of(&self, instance: &InstanceKey) -> Result<Option<D>, Failure>;
}
