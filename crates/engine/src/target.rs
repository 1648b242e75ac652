//! What the engine needs of a target, and nothing of what the target is.

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::Hash;

use crate::failure::{Failure, OmittedValue};
use crate::feed::Entry;
use crate::feed::InstanceKey;
use crate::store::Store;

/// What an entry means for a target, found without I/O.
#[derive(Debug)]
pub enum Reading<C> {
    /// A change to apply.
    Change {
        /// The change.
        change: C,
        /// Values of the entry that are left out.
        warnings: Vec<OmittedValue>,
    },
    /// Nothing to do, for this reason.
    Skip(&'static str),
    /// The entry itself is bad.
    Refuse(Failure),
}

/// What applying a delta did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// How many resources were written, by what was done and to which type, e.g.
    /// `created ImagingStudy`.
    pub writes: BTreeMap<String, u64>,
    /// Values that were left out of entries in the light of what is stored, by the sequences of the
    /// entries.
    pub omitted: Vec<(u64, OmittedValue)>,
}

impl Applied {
    /// Adds what applying another delta did.
    pub fn add(&mut self, other: Self) {
        for (write, count) in other.writes {
            *self.writes.entry(write).or_default() += count;
        }
        self.omitted.extend(other.omitted);
    }
}

/// Somewhere that changes are applied to, a unit of work (a study) at a time.
pub trait Target: Send + Sync + 'static {
    /// What an entry of the feed says beside its identity.
    type Data: Send + Sync + 'static;
    /// What one entry says.
    type Change: Clone + Send + Sync + 'static;
    /// What several changes of one unit say together.
    type Delta: Send + Sync + 'static;
    /// The unit that a change belongs to; the changes of a unit are applied in order.
    type Unit: Clone + Eq + Hash + Send + Sync + 'static;
    /// Something that several units change, such as a patient; its changes keep their order too.
    type Shared: Clone + Eq + Hash + Send + Sync + 'static;

    /// Learns what reading these entries depends on, and keeps it in the store before it counts: what
    /// they mean is the same after a restart, and on another replica. Answers what a person should
    /// know of it. It is called before they are read.
    ///
    /// # Errors
    /// The store cannot be read or written; nothing is learnt.
    fn learn(
        &self,
        _entries: &[&Entry<Self::Data>],
        _store: &dyn Store,
    ) -> impl Future<Output = Result<Option<Failure>, Failure>> + Send {
        std::future::ready(Ok(None))
    }

    /// The meaning of an entry. Pure.
    fn read(&self, entry: &Entry<Self::Data>) -> Reading<Self::Change>;

    /// The unit of a change.
    fn unit(&self, change: &Self::Change) -> Self::Unit;

    /// The unit that the changes of an instance belong to.
    fn unit_of(&self, instance: &InstanceKey) -> Self::Unit;

    /// The same change, to be applied alone and after newer ones: of what its unit shares, it only
    /// says what nobody else has said. Pure.
    fn late(&self, change: Self::Change) -> Self::Change;

    /// What a change touches that other units may touch as well.
    fn shared(&self, change: &Self::Change) -> Option<Self::Shared>;

    /// Whether two changes of the same shared thing may change places.
    fn commute(&self, one: &Self::Change, other: &Self::Change) -> bool;

    /// The changes of one unit, in order, as one delta; `None` when there are none. Pure.
    fn fold(&self, changes: &[Self::Change]) -> Option<Self::Delta>;

    /// Reads what applying changes will need, one change of each of several units that are not
    /// under way. May do nothing.
    fn look_ahead(&self, _changes: Vec<Self::Change>) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Makes the target agree with a delta. May be repeated with the same result.
    ///
    /// # Errors
    /// The target cannot be reached or refuses; nothing was changed, or it may be repeated.
    fn apply(&self, delta: &Self::Delta) -> impl Future<Output = Result<Applied, Failure>> + Send;

    /// Whether the target works at all, apart from any one change.
    ///
    /// # Errors
    /// Why it does not.
    fn probe(&self) -> impl Future<Output = Result<(), Failure>> + Send;
}
