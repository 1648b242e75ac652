//! What is under way.

use super::{Map, Set};
use crate::Target;

/// What nobody else may touch meanwhile.
pub(crate) struct Claim<T: Target> {
    pub(crate) units: Vec<T::Unit>,
    pub(crate) shared: Set<T::Shared>,
    /// How many changes it is for.
    pub(crate) changes: usize,
}

/// The units, and what they share with others, that somebody claims.
pub(crate) struct Busy<T: Target> {
    /// How many claim each unit.
    units: Map<T::Unit, usize>,
    shared: Set<T::Shared>,
    changes: usize,
}

impl<T: Target> Busy<T> {
    pub(crate) fn new() -> Self {
        Self {
            units: Map::default(),
            shared: Set::default(),
            changes: 0,
        }
    }

    /// How many changes are under way.
    pub(crate) const fn changes(&self) -> usize {
        self.changes
    }

    pub(crate) fn has_unit(&self, unit: Option<&T::Unit>) -> bool {
        unit.is_some_and(|unit| self.units.contains_key(unit))
    }

    pub(crate) fn has_shared(&self, shared: Option<&T::Shared>) -> bool {
        shared.is_some_and(|shared| self.shared.contains(shared))
    }

    pub(crate) fn add(&mut self, claim: &Claim<T>) {
        for unit in &claim.units {
            *self.units.entry(unit.clone()).or_default() += 1;
        }
        self.shared.extend(claim.shared.iter().cloned());
        self.changes += claim.changes;
    }

    pub(crate) fn remove(&mut self, claim: &Claim<T>) {
        self.changes -= claim.changes;
        for unit in &claim.units {
            if let Some(claims) = self.units.get_mut(unit) {
                *claims -= 1;
                if *claims == 0 {
                    self.units.remove(unit);
                }
            }
        }
        for shared in &claim.shared {
            self.shared.remove(shared);
        }
    }
}
