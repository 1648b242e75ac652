//! What waits, in the feed's order, and by unit and by what is shared.

use std::collections::{BTreeMap, BTreeSet};

use super::{Map, Pending, Retry};
use crate::Target;

pub(crate) enum Task<C> {
    Apply(Box<Pending<C>>),
    Retry(Box<Retry>),
}

/// What waits.
pub(crate) struct Item<T: Target> {
    pub(crate) task: Task<T::Change>,
    /// Only a retry may have none.
    pub(crate) unit: Option<T::Unit>,
    pub(crate) shared: Option<T::Shared>,
}

/// The place of an item in the order.
pub(crate) type Ticket = u64;

/// The items that wait.
pub(crate) struct Waiting<T: Target> {
    next: Ticket,
    items: BTreeMap<Ticket, Item<T>>,
    by_unit: Map<T::Unit, BTreeSet<Ticket>>,
    by_shared: Map<T::Shared, BTreeSet<Ticket>>,
    /// The first of each unit, and what has no unit.
    heads: BTreeSet<Ticket>,
}

impl<T: Target> Waiting<T> {
    pub(crate) fn new() -> Self {
        Self {
            next: 0,
            items: BTreeMap::new(),
            by_unit: Map::default(),
            by_shared: Map::default(),
            heads: BTreeSet::new(),
        }
    }

    pub(crate) fn push(&mut self, item: Item<T>) {
        let ticket = self.next;
        self.next += 1;
        let is_head = match &item.unit {
            Some(unit) => {
                let tickets = self.by_unit.entry(unit.clone()).or_default();
                tickets.insert(ticket);
                tickets.len() == 1
            }
            None => true,
        };
        if is_head {
            self.heads.insert(ticket);
        }
        if let Some(shared) = &item.shared {
            let tickets = self.by_shared.entry(shared.clone()).or_default();
            tickets.insert(ticket);
        }
        self.items.insert(ticket, item);
    }

    /// Takes items that are of one unit, or of none.
    pub(crate) fn remove(&mut self, tickets: &[Ticket]) -> Vec<Item<T>> {
        let items = tickets.iter().filter_map(|ticket| {
            self.heads.remove(ticket);
            let item = self.items.remove(ticket)?;
            if let Some(shared) = &item.shared {
                remove_from(&mut self.by_shared, shared, &[*ticket]);
            }
            Some(item)
        });
        let items: Vec<_> = items.collect();
        if let Some(unit) = items.first().and_then(|item| item.unit.as_ref()) {
            let next = remove_from(&mut self.by_unit, unit, tickets);
            self.heads.extend(next);
        }
        items
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn get(&self, ticket: Ticket) -> Option<&Item<T>> {
        self.items.get(&ticket)
    }

    /// The first item of each unit, in order, and those without a unit.
    pub(crate) fn heads(&self) -> impl Iterator<Item = (Ticket, &Item<T>)> {
        let heads = self.heads.iter();
        heads.filter_map(|ticket| Some((*ticket, self.items.get(ticket)?)))
    }

    /// The items of a unit, in order.
    pub(crate) fn of_unit(&self, unit: &T::Unit) -> impl Iterator<Item = (Ticket, &Item<T>)> {
        let tickets = self.by_unit.get(unit).into_iter().flatten();
        tickets.filter_map(|ticket| Some((*ticket, self.items.get(ticket)?)))
    }

    /// How many items of a unit wait.
    pub(crate) fn count(&self, unit: &T::Unit) -> usize {
        self.by_unit.get(unit).map_or(0, BTreeSet::len)
    }

    /// The last item before `ticket` that shares this.
    pub(crate) fn before(&self, ticket: Ticket, shared: &T::Shared) -> Option<&Item<T>> {
        let tickets = self.by_shared.get(shared)?;
        self.items.get(tickets.range(..ticket).next_back()?)
    }

    /// The retries.
    pub(crate) fn retries(&self) -> Vec<Ticket> {
        let items = self.items.iter();
        let retries = items.filter(|(_, item)| matches!(item.task, Task::Retry(_)));
        retries.map(|(ticket, _)| *ticket).collect()
    }
}

/// Takes tickets from their set; answers with the first that is left.
fn remove_from<K: Eq + std::hash::Hash>(
    sets: &mut Map<K, BTreeSet<Ticket>>,
    key: &K,
    tickets: &[Ticket],
) -> Option<Ticket> {
    let left = sets.get_mut(key)?;
    if left.len() > tickets.len() {
        tickets.iter().for_each(|ticket| {
            left.remove(ticket);
        });
        return left.first().copied();
    }
    sets.remove(key);
    None
}
