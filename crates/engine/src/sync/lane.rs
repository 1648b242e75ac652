//! What every batch is worked with.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio_util::sync::CancellationToken;

use super::Clock;
use super::ailing::Ailing;
use super::concurrency::Concurrency;
use super::gate::Gate;
use super::open_records::OpenRecords;
use super::retrying::Retrying;
use super::status::Observer;
use super::target::Target;
use crate::feed::PresentState;
use crate::options;
use crate::store::{Archive, Store};

/// What every batch is worked with.
pub(super) struct Lane<T: Target> {
    pub(super) target: Arc<T>,
    pub(super) store: Arc<dyn Store>,
    pub(super) archive: Option<Arc<dyn Archive>>,
    pub(super) retry: Arc<options::Retry>,
    pub(super) gate: Gate,
    pub(super) concurrency: Concurrency,
    pub(super) stop: CancellationToken,
    pub(super) clock: Clock,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) retrying: Retrying,
    pub(super) open: OpenRecords,
    pub(super) present: Arc<dyn PresentState<T::Data>>,
    pub(super) ailing: Ailing<T::Unit>,
    /// How many pieces of work wait for their next attempt while others go on.
    pub(super) asleep: Arc<AtomicUsize>,
}
