//! Which changes may be applied next. Pure.
//!
//! Changes wait in the feed's order. A batch takes the changes of one unit: no other batch of that
//! unit may be under way, nor of anything the batch shares with other units. A change may overtake
//! one of another unit that shares something with it only if the two commute.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::Target;
use crate::failure::Subject;

/// A change that waits, with the entry it came from.
pub(super) struct Item<T: Target> {
    pub(super) subject: Subject,
    pub(super) change: T::Change,
    unit: T::Unit,
    shared: Option<T::Shared>,
}

/// Changes of one unit, in order, ready to be applied.
pub(super) struct Batch<T: Target> {
    pub(super) items: Vec<Item<T>>,
    unit: T::Unit,
    shared: HashSet<T::Shared>,
}

/// The changes that wait and the units that are under way.
pub(super) struct Schedule<T: Target> {
    target: Arc<T>,
    waiting: VecDeque<Item<T>>,
    busy: Busy<T>,
}

struct Busy<T: Target> {
    units: HashSet<T::Unit>,
    shared: HashSet<T::Shared>,
}

impl<T: Target> Busy<T> {
    fn blocks(&self, item: &Item<T>) -> bool {
        self.units.contains(&item.unit) || self.blocks_shared(item)
    }

    fn blocks_shared(&self, item: &Item<T>) -> bool {
        item.shared
            .as_ref()
            .is_some_and(|shared| self.shared.contains(shared))
    }

    fn block(&mut self, item: &Item<T>) {
        self.units.insert(item.unit.clone());
        self.shared.extend(item.shared.clone());
    }
}

impl<T: Target> Schedule<T> {
    pub(super) fn new(target: Arc<T>) -> Self {
        let busy = Busy {
            units: HashSet::new(),
            shared: HashSet::new(),
        };
        Self {
            target,
            waiting: VecDeque::new(),
            busy,
        }
    }

    /// Adds a change behind those that wait.
    pub(super) fn push(&mut self, subject: Subject, change: T::Change) {
        let (unit, shared) = (self.target.unit(&change), self.target.shared(&change));
        self.waiting.push_back(Item {
            subject,
            change,
            unit,
            shared,
        });
    }

    /// How many changes wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The next batch, which is under way until [`Schedule::finish`].
    pub(super) fn next(&mut self) -> Option<Batch<T>> {
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
        let batch = self.take(first, &blocked)?;
        self.busy.units.insert(batch.unit.clone());
        self.busy.shared.extend(batch.shared.iter().cloned());
        Some(batch)
    }

    /// The batch is done.
    pub(super) fn finish(&mut self, batch: &Batch<T>) {
        self.busy.units.remove(&batch.unit);
        self.busy
            .shared
            .retain(|shared| !batch.shared.contains(shared));
    }

    fn take(&mut self, first: usize, blocked: &Busy<T>) -> Option<Batch<T>> {
        let unit = self.waiting.get(first)?.unit.clone();
        let items = self.remove(&self.choose(first, blocked));
        let shared = items
            .iter()
            .filter_map(|item| item.shared.clone())
            .collect();
        Some(Batch {
            items,
            unit,
            shared,
        })
    }

    /// The change at `first` and those behind it that belong to the same unit, up to the first that
    /// must not overtake what stays.
    fn choose(&self, first: usize, blocked: &Busy<T>) -> Vec<usize> {
        let unit = self.waiting.get(first).map(|item| &item.unit);
        let mut overtaken: HashMap<&T::Shared, &Item<T>> = HashMap::new();
        let mut chosen = Vec::new();
        for (at, item) in self.waiting.iter().enumerate().skip(first) {
            if Some(&item.unit) == unit {
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
        other.is_none_or(|other| self.target.commute(&other.change, &item.change))
    }

    fn remove(&mut self, chosen: &[usize]) -> Vec<Item<T>> {
        chosen
            .iter()
            .enumerate()
            .filter_map(|(removed, at)| self.waiting.remove(at - removed))
            .collect()
    }
}

#[cfg(test)]
mod tests;
