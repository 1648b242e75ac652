//! The worker applies batches of changes to the target, isolates the entries at fault, and records them.

pub(crate) mod apply;
pub(crate) mod archiving;
pub(crate) mod attempt;
pub(crate) mod done;
pub(crate) mod panicked;
pub(crate) mod parts;
pub(crate) mod record;
pub(crate) mod supersede;
pub(crate) mod work;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio_util::sync::CancellationToken;

use crate::Clock;
use crate::feed::CurrentState;
use crate::health::ailing::Ailing;
use crate::health::concurrency::Concurrency;
use crate::health::gate::Gate;
use crate::options;
use crate::retries::open_records::OpenRecords;
use crate::retries::retrying::Retrying;
use crate::status::Observer;
use crate::store::{Archive, Store};
use crate::target::Target;

/// What every batch is worked with.
pub(crate) struct Worker<T: Target> {
    pub(crate) target: Arc<T>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) archive: Option<Arc<dyn Archive>>,
    pub(crate) retry: Arc<options::Retry>,
    pub(crate) gate: Gate,
    pub(crate) concurrency: Concurrency,
    pub(crate) stop: CancellationToken,
    pub(crate) clock: Clock,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) retrying: Retrying,
    pub(crate) open: OpenRecords,
    pub(crate) present: Arc<dyn CurrentState<T::Data>>,
    pub(crate) ailing: Ailing<T::Unit>,
    /// How many pieces of work wait for their next attempt while others go on.
    pub(crate) asleep: Arc<AtomicUsize>,
}
