//! Which changes may be applied next. Pure.
//!
//! Changes wait in the feed's order. A batch takes the changes of one unit: no other batch of that
//! unit may be under way, nor of anything the batch shares with other units. A change may overtake
//! one of another unit that shares something with it only if the two commute.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::Target;
use crate::dicom::InstanceKey;
use crate::failure::{OmittedValue, Subject, Withheld};
use crate::store::FailureRecord;

/// A change to apply, with the entry it came from.
pub(super) struct Pending<C> {
    pub(super) subject: Subject,
    pub(super) change: C,
    /// Values that were left out of it.
    pub(super) omitted: Vec<OmittedValue>,
    /// The text of the entry, for the archive.
    pub(super) raw: Option<Withheld>,
}

/// A record of a failed entry to be retried, and the instance that it is about, if that is known.
pub(super) struct Retry {
    pub(super) record: FailureRecord,
    pub(super) instance: Option<InstanceKey>,
}

enum Task<C> {
    Apply(Box<Pending<C>>),
    Retry(Box<Retry>),
}

/// What waits.
struct Item<T: Target> {
    task: Task<T::Change>,
    /// Only a retry may have none.
    unit: Option<T::Unit>,
    shared: Option<T::Shared>,
}

/// Work at one unit, ready to be done.
pub(super) struct Batch<T: Target> {
    pub(super) load: Load<T::Change>,
    pub(super) claim: Claim<T>,
}

/// What a batch consists of.
pub(super) enum Load<C> {
    /// Changes, in order.
    Entries(Vec<Pending<C>>),
    /// A single retry.
    Retry(Box<Retry>),
}

/// What nobody else may touch meanwhile.
pub(super) struct Claim<T: Target> {
    units: Vec<T::Unit>,
    shared: HashSet<T::Shared>,
}

/// The changes that wait and the units that are under way.
pub(super) struct Schedule<T: Target> {
    target: Arc<T>,
    waiting: VecDeque<Item<T>>,
    busy: Busy<T>,
}

struct Busy<T: Target> {
    /// How many claim each unit.
    units: HashMap<T::Unit, usize>,
    shared: HashSet<T::Shared>,
}

impl<T: Target> Busy<T> {
    fn blocks(&self, item: &Item<T>) -> bool {
        let unit = item.unit.as_ref();
        unit.is_some_and(|unit| self.units.contains_key(unit)) || self.blocks_shared(item)
    }

    fn blocks_shared(&self, item: &Item<T>) -> bool {
        item.shared
            .as_ref()
            .is_some_and(|shared| self.shared.contains(shared))
    }

    fn block(&mut self, item: &Item<T>) {
        self.units.extend(item.unit.clone().map(|unit| (unit, 1)));
        self.shared.extend(item.shared.clone());
    }

    fn add(&mut self, claim: &Claim<T>) {
        for unit in &claim.units {
            *self.units.entry(unit.clone()).or_default() += 1;
        }
        self.shared.extend(claim.shared.iter().cloned());
    }

    fn remove(&mut self, claim: &Claim<T>) {
        for unit in &claim.units {
            if let Some(claims) = self.units.get_mut(unit) {
                *claims -= 1;
            }
        }
        self.units.retain(|_, claims| *claims > 0);
        self.shared.retain(|shared| !claim.shared.contains(shared));
    }
}

impl<T: Target> Schedule<T> {
    pub(super) fn new(target: Arc<T>) -> Self {
        let busy = Busy {
            units: HashMap::new(),
            shared: HashSet::new(),
        };
        Self {
            target,
            waiting: VecDeque::new(),
            busy,
        }
    }

    /// Adds a change behind those that wait.
    pub(super) fn push(&mut self, pending: Pending<T::Change>) {
        self.waiting.push_back(Item {
            unit: Some(self.target.unit(&pending.change)),
            shared: self.target.shared(&pending.change),
            task: Task::Apply(Box::new(pending)),
        });
    }

    /// Adds a retry behind those that wait. It shares nothing: what it says of shared things does
    /// not count beside what others say.
    pub(super) fn push_retry(&mut self, retry: Retry) {
        self.waiting.push_back(Item {
            unit: retry.instance.as_ref().map(|i| self.target.unit_of(i)),
            task: Task::Retry(Box::new(retry)),
            shared: None,
        });
    }

    /// Forgets the retries that wait, and says how many they were.
    pub(super) fn drop_retries(&mut self) -> usize {
        let before = self.waiting.len();
        self.waiting
            .retain(|item| !matches!(item.task, Task::Retry(_)));
        before - self.waiting.len()
    }

    /// How many changes and retries wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The next batch, which is under way until [`Schedule::finish`].
    pub(super) fn next(&mut self) -> Option<Batch<T>> {
        self.next_of(usize::MAX)
    }

    /// As [`Schedule::next`], of so many changes at most.
    pub(super) fn next_of(&mut self, most: usize) -> Option<Batch<T>> {
        let mut blocked = Busy::<T> {
            units: self.busy.units.clone(),
            shared: self.busy.shared.clone(),
        };
        let first = self.waiting.iter().position(|item| {
            let free = !blocked.blocks(item);
            if !free {
                blocked.block(item);
            }
            free
        })?;
        let batch = self.take(first, &blocked, most)?;
        self.busy.add(&batch.claim);
        Some(batch)
    }

    /// Claims units for work that is no batch, until [`Schedule::finish`]. A batch may be under way
    /// there; none is started.
    pub(super) fn claim(&mut self, units: Vec<T::Unit>) -> Claim<T> {
        let claim = Claim {
            units,
            shared: HashSet::new(),
        };
        self.busy.add(&claim);
        claim
    }

    /// The work of this claim is done.
    pub(super) fn finish(&mut self, claim: &Claim<T>) {
        self.busy.remove(claim);
    }

    fn take(&mut self, first: usize, blocked: &Busy<T>, most: usize) -> Option<Batch<T>> {
        let units = self.waiting.get(first)?.unit.iter().cloned().collect();
        let mut chosen = self.choose(first, blocked);
        chosen.truncate(most);
        let items = self.remove(&chosen);
        let shared = items
            .iter()
            .filter_map(|item| item.shared.clone())
            .collect();
        Some(Batch {
            load: load(items.into_iter().map(|item| item.task)),
            claim: Claim { units, shared },
        })
    }

    /// The change at `first` and those behind it that belong to the same unit, up to the first that
    /// must not overtake what stays. A retry stands alone, and lets changes overtake it: it asks
    /// what has become of its instance when its turn comes.
    fn choose(&self, first: usize, blocked: &Busy<T>) -> Vec<usize> {
        let unit = match self.waiting.get(first) {
            Some(item) if matches!(item.task, Task::Retry(_)) => return vec![first],
            item => item.and_then(|item| item.unit.as_ref()),
        };
        let mut overtaken: HashMap<&T::Shared, &Item<T>> = HashMap::new();
        let mut chosen = Vec::new();
        for (at, item) in self.waiting.iter().enumerate().skip(first) {
            if matches!(item.task, Task::Retry(_)) {
                continue;
            }
            if item.unit.as_ref() == unit {
                if blocked.blocks_shared(item) || !self.may_overtake(item, &overtaken) {
                    break;
                }
                chosen.push(at);
            } else if let Some(shared) = &item.shared {
                // Only the latest counts: what commutes with it agrees with the end of the order.
                overtaken.insert(shared, item);
            }
        }
        chosen
    }

    fn may_overtake(&self, item: &Item<T>, overtaken: &HashMap<&T::Shared, &Item<T>>) -> bool {
        let other = item
            .shared
            .as_ref()
            .and_then(|shared| overtaken.get(shared));
        match other.map(|other| (&other.task, &item.task)) {
            Some((Task::Apply(other), Task::Apply(item))) => {
                self.target.commute(&other.change, &item.change)
            }
            _ => true,
        }
    }

    fn remove(&mut self, chosen: &[usize]) -> Vec<Item<T>> {
        chosen
            .iter()
            .enumerate()
            .filter_map(|(removed, at)| self.waiting.remove(at - removed))
            .collect()
    }
}

fn load<C>(tasks: impl Iterator<Item = Task<C>>) -> Load<C> {
    let mut entries = Vec::new();
    for task in tasks {
        match task {
            Task::Apply(pending) => entries.push(*pending),
            Task::Retry(retry) => return Load::Retry(retry),
        }
    }
    Load::Entries(entries)
}

#[cfg(test)]
mod tests;
