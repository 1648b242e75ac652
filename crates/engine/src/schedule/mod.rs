//! Which changes may be applied next. Pure.
//!
//! Changes wait in the feed's order. A batch takes the changes of one unit: no other batch of that
//! unit may be under way, nor of anything the batch shares with other units. A change may overtake
//! one of another unit that shares something with it only if the two commute.
//!
//! A unit is written as a whole each time, so its changes are gathered while there is more to read:
//! a batch waits until it is as large as all that was applied to its unit before. What is written
//! then grows with the unit and not with its square.

mod busy;
pub(crate) mod gathering;
mod waiting;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::quality::RandomState;

use crate::Target;
use crate::failure::{OmittedValue, Redacted, Subject};
use crate::feed::InstanceKey;
use crate::store::FailureRecord;
use busy::Busy;
pub(crate) use busy::Claim;
use waiting::{Item, Task, Ticket, Waiting};

/// The keys are what the feed says: their hash is seeded.
type Map<K, V> = HashMap<K, V, RandomState>;
type Set<K> = HashSet<K, RandomState>;

/// Of how many units it is remembered how much was applied to them.
const MOST_REMEMBERED: usize = 4_096;

/// A change to apply, with the entry it came from.
pub(crate) struct Pending<C> {
    pub(crate) subject: Subject,
    pub(crate) change: C,
    /// Values that were left out of it.
    pub(crate) omitted: Vec<OmittedValue>,
    /// The text of the entry, for the archive.
    pub(crate) raw: Option<Redacted>,
}

/// A record of a failed entry to be retried, and the instance that it is about, if that is known.
pub(crate) struct Retry {
    pub(crate) record: FailureRecord,
    pub(crate) instance: Option<InstanceKey>,
}

/// Work at one unit, ready to be done.
pub(crate) struct Batch<T: Target> {
    pub(crate) load: Load<T::Change>,
    pub(crate) claim: Claim<T>,
}

/// What a batch consists of.
pub(crate) enum Load<C> {
    /// Changes, in order.
    Entries(Vec<Pending<C>>),
    /// A single retry.
    Retry(Box<Retry>),
}

/// Whether changes wait for more of their unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// They do: there is more to read.
    Gather,
    /// They do not.
    Hurry,
}

/// The changes that wait and the units that are under way.
pub(crate) struct Schedule<T: Target> {
    target: Arc<T>,
    waiting: Waiting<T>,
    busy: Busy<T>,
    /// How many changes were applied to a unit.
    applied: Map<T::Unit, usize>,
    /// Units that wait and were named by [`Schedule::upcoming`].
    upcoming: Set<T::Unit>,
}

impl<T: Target> Schedule<T> {
    pub(crate) fn new(target: Arc<T>) -> Self {
        Self {
            target,
            waiting: Waiting::new(),
            busy: Busy::new(),
            applied: Map::default(),
            upcoming: Set::default(),
        }
    }

    /// Adds a change behind those that wait.
    pub(crate) fn push(&mut self, pending: Pending<T::Change>) {
        self.waiting.push(Item {
            unit: Some(self.target.unit(&pending.change)),
            shared: self.target.shared(&pending.change),
            task: Task::Apply(Box::new(pending)),
        });
    }

    /// Adds a retry behind those that wait. It shares nothing: what it says of shared things does
    /// not count beside what others say.
    pub(crate) fn push_retry(&mut self, retry: Retry) {
        self.waiting.push(Item {
            unit: retry.instance.as_ref().map(|i| self.target.unit_of(i)),
            task: Task::Retry(Box::new(retry)),
            shared: None,
        });
    }

    /// Forgets the retries that wait, and says how many they were.
    pub(crate) fn drop_retries(&mut self) -> usize {
        let retries = self.waiting.retries();
        for ticket in &retries {
            self.waiting.remove(&[*ticket]);
        }
        retries.len()
    }

    /// How many changes and retries wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many changes are under way.
    pub(crate) const fn under_way(&self) -> usize {
        self.busy.changes()
    }

    /// The next batch, of so many changes at most, which is under way until [`Schedule::finish`].
    pub(crate) fn next_of(&mut self, most: usize, pace: Pace) -> Option<Batch<T>> {
        let (first, _) = self.ready(pace).next()?;
        let mut chosen = self.choose(first);
        chosen.truncate(most);
        let batch = self.take(&chosen);
        self.busy.add(&batch.claim);
        Some(batch)
    }

    /// The first changes of units that may start next and were not named before, so many at most.
    /// None while half as many that were named still wait: the schedule is not to be looked
    /// through each time that a unit starts.
    pub(crate) fn upcoming(&mut self, most: usize, pace: Pace) -> Vec<T::Change> {
        if self.upcoming.len() > most / 2 {
            return Vec::new();
        }
        let new = self.ready(pace).filter_map(|(_, item)| match &item.task {
            Task::Apply(pending) => Some((item.unit.clone()?, pending.change.clone())),
            Task::Retry(_) => None,
        });
        let new = new.filter(|(unit, _)| !self.upcoming.contains(unit));
        let new: Vec<_> = new.take(most).collect();
        let (units, changes): (Vec<_>, _) = new.into_iter().unzip();
        self.upcoming.extend(units);
        changes
    }

    /// The first items of the units that may start now.
    fn ready(&self, pace: Pace) -> impl Iterator<Item = (Ticket, &Item<T>)> {
        self.waiting.heads().filter(move |(ticket, item)| {
            (pace == Pace::Hurry || self.is_gathered(item)) && self.may_start(*ticket, item)
        })
    }

    /// Claims units for work that is no batch, until [`Schedule::finish`]. A batch may be under way
    /// there; none is started.
    pub(crate) fn claim(&mut self, units: Vec<T::Unit>) -> Claim<T> {
        let claim = Claim {
            units,
            shared: Set::default(),
            changes: 0,
        };
        self.busy.add(&claim);
        claim
    }

    /// The work of this claim is done.
    pub(crate) fn finish(&mut self, claim: &Claim<T>) {
        self.busy.remove(claim);
    }

    fn is_gathered(&self, item: &Item<T>) -> bool {
        match (&item.task, &item.unit) {
            (Task::Apply(_), Some(unit)) => {
                self.waiting.count(unit) >= self.applied.get(unit).copied().unwrap_or_default()
            }
            _ => true,
        }
    }

    /// Whether the first item of a unit may start: its unit is free, so is what it shares, and it
    /// overtakes nothing that it must not.
    fn may_start(&self, ticket: Ticket, item: &Item<T>) -> bool {
        if self.busy.has_unit(item.unit.as_ref()) || self.busy.has_shared(item.shared.as_ref()) {
            return false;
        }
        let shared = item.shared.as_ref();
        let before = shared.and_then(|shared| self.waiting.before(ticket, shared));
        before.is_none_or(|before| self.commute(before, item))
    }

    /// The changes of a unit from its first on, up to the first that must not overtake what stays.
    /// A retry stands alone, and lets changes overtake it: it asks what has become of its instance
    /// when its turn comes.
    fn choose(&self, first: Ticket) -> Vec<Ticket> {
        let unit = match self.waiting.get(first) {
            Some(Item {
                task: Task::Apply(_),
                unit: Some(unit),
                ..
            }) => unit,
            _ => return vec![first],
        };
        // Of each shared thing the last item of another unit that the chosen ones overtake. Only
        // the last counts: what commutes with it agrees with the end of the order.
        let mut overtaken: Map<&T::Shared, &Item<T>> = Map::default();
        let mut chosen = Vec::new();
        for (ticket, item) in self.waiting.of_unit(unit) {
            if matches!(item.task, Task::Retry(_)) {
                continue;
            }
            if let Some(shared) = &item.shared {
                let before = self.waiting.before(ticket, shared);
                let before = before.filter(|before| before.unit.as_ref() != Some(unit));
                overtaken.extend(before.map(|before| (shared, before)));
                let before = overtaken.get(shared);
                if self.busy.has_shared(Some(shared))
                    || before.is_some_and(|before| !self.commute(before, item))
                {
                    break;
                }
            }
            chosen.push(ticket);
        }
        chosen
    }

    fn commute(&self, one: &Item<T>, other: &Item<T>) -> bool {
        match (&one.task, &other.task) {
            (Task::Apply(one), Task::Apply(other)) => {
                self.target.commute(&one.change, &other.change)
            }
            _ => true,
        }
    }

    fn take(&mut self, chosen: &[Ticket]) -> Batch<T> {
        let items = self.waiting.remove(chosen);
        let unit = items.first().and_then(|item| item.unit.clone());
        if let Some(unit) = &unit {
            self.upcoming.remove(unit);
            self.remember(unit, items.len());
        }
        // Most share what the one before them does.
        let shared = items.chunk_by(|one, next| one.shared == next.shared);
        let shared = shared.filter_map(|alike| alike.first()?.shared.clone());
        let claim = Claim {
            units: unit.into_iter().collect(),
            shared: shared.collect(),
            changes: chosen.len(),
        };
        Batch {
            load: load(items.into_iter().map(|item| item.task)),
            claim,
        }
    }

    fn remember(&mut self, unit: &T::Unit, more: usize) {
        if self.applied.len() >= MOST_REMEMBERED {
            self.applied.retain(|unit, _| self.waiting.count(unit) > 0);
        }
        *self.applied.entry(unit.clone()).or_default() += more;
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
