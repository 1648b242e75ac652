//! What is under way.

use super::super::Target;
use super::{Map, Set};

/// What nobody else may touch meanwhile.
pub(in crate::sync) struct Claim<T: Target> {
    pub(super) units: Vec<T::Unit>,
    pub(super) shared: Set<T::Shared>,
    /// How many changes it is for.
    pub(super) changes: usize,
}

/// The units, and what they share with others, that somebody claims.
pub(super) struct Busy<T: Target> {
    /// How many claim each unit.
    units: Map<T::Unit, usize>,
    shared: Set<T::Shared>,
    changes: usize,
}

impl<T: Target> Busy<T> {
    pub(super) fn new() -> Self {
        Self {
            units: Map::default(),
            shared: Set::default(),
            changes: 0,
        }
    }

    /// How many changes are under way.
    pub(super) const fn changes(&self) -> usize {
        self.changes
    }

    pub(super) fn has_unit(&self, unit: Option<&T::Unit>) -> bool {
        unit.is_some_and(|unit| self.units.contains_key(unit))
    }

    pub(super) fn has_shared(&self, shared: Option<&T::Shared>) -> bool {
        shared.is_some_and(|shared| self.shared.contains(shared))
    }

    pub(super) fn add(&mut self, claim: &Claim<T>) {
        for unit in &claim.units {
            *self.units.entry(unit.clone()).or_default() += 1;
        }
        self.shared.extend(claim.shared.iter().cloned());
        self.changes += claim.changes;
    }

    pub(super) fn remove(&mut self, claim: &Claim<T>) {
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
