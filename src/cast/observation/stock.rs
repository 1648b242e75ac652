//! The stored Observations of one instance.

use std::collections::{HashMap, HashSet};

use crate::failure::Failure;

use super::super::edit::EditError;
use super::super::identifier;
use super::super::imaging_study::is_ours;
use super::super::object::Object;
use super::super::query::Query;
use super::super::stored::Stored;
use super::super::{Resource, Rules, Write};
use super::TYPE;
use super::identity::Identity;
use super::said::Which;

/// The stored Observations of one instance, each until it is taken to be brought in step.
pub(super) struct Stock {
    left: HashMap<String, Resource>,
    by_which: HashMap<Which, Vec<String>>,
    /// Whether there are some of an instance of the same UID in another partition.
    pub(super) has_twins: bool,
}

/// The found Observations, each once, by their identifiers.
pub(super) struct Shelf<'a> {
    resources: Vec<&'a Resource>,
    /// Places by system and value.
    places: HashMap<(String, String), Vec<usize>>,
}

impl<'a> Shelf<'a> {
    pub(super) fn of(found: &'a [Resource]) -> Result<Self, Failure> {
        let mut shelf = Self {
            resources: Vec::new(),
            places: HashMap::new(),
        };
        let mut known = HashSet::new();
        for resource in found {
            let is_observation = resource.resource_type().as_deref() == Some(TYPE);
            if is_observation && resource.id().is_none_or(|id| known.insert(id)) {
                shelf
                    .put(resource)
                    .map_err(|error| failure(resource, error))?;
            }
        }
        Ok(shelf)
    }

    fn put(&mut self, resource: &'a Resource) -> Result<(), EditError> {
        for token in identifier::tokens(resource.object())? {
            if let (Some(system), Some(value)) = (token.system, token.value) {
                let places = self.places.entry((system, value)).or_default();
                places.push(self.resources.len());
            }
        }
        self.resources.push(resource);
        Ok(())
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Resource> {
        self.resources.iter().copied()
    }

    /// Those that carry an identifier.
    fn identified(&self, token: &(String, String)) -> impl Iterator<Item = &'a Resource> {
        let places = self.places.get(token).into_iter().flatten();
        places.filter_map(|place| self.resources.get(*place).copied())
    }
}

fn failure(resource: &Resource, error: EditError) -> Failure {
    let id = resource.id().unwrap_or_default();
    error.into_failure(&format!("{TYPE}/{id}"))
}

impl Stock {
    /// Those of the instance among the found ones.
    pub(super) fn of(identity: &Identity<'_>, shelf: &Shelf<'_>) -> Result<Self, Failure> {
        let mut stock = Self {
            left: HashMap::new(),
            by_which: HashMap::new(),
            has_twins: false,
        };
        for resource in shelf.identified(&identity.token(false)) {
            let put = stock.put(identity, resource);
            put.map_err(|error| failure(resource, error))?;
        }
        Ok(stock)
    }

    fn put(&mut self, identity: &Identity<'_>, resource: &Resource) -> Result<(), EditError> {
        let object = resource.object();
        if !identity.is_of_instance(object)? {
            self.has_twins = true;
            return Ok(());
        }
        let id = resource.id().unwrap_or_default();
        let which = identity.which(object)?;
        if !which.is_empty() {
            self.left.insert(id.clone(), resource.clone());
        }
        for which in which {
            self.by_which.entry(which).or_default().push(id.clone());
        }
        Ok(())
    }

    /// The stored one that is this one.
    pub(super) fn take(&mut self, which: &Which, query: &Query) -> Result<Option<Stored>, Failure> {
        let ids = self.by_which.remove(which).unwrap_or_default();
        let resources = ids.iter().filter_map(|id| self.left.remove(id));
        Stored::single(&resources.collect::<Vec<_>>(), query, |_| Ok(true))
    }

    /// References to those that were not taken.
    pub(super) fn references(&self) -> Vec<String> {
        let ids = self.left.keys();
        ids.map(|id| format!("{TYPE}/{id}")).collect()
    }

    /// The deletes of those of ours that were not taken.
    pub(super) fn delete(self, rules: &Rules) -> Result<Vec<Write>, Failure> {
        let mut left: Vec<_> = self.left.into_values().collect();
        left.sort_by_key(Resource::id);
        let query = Query::new(TYPE);
        let ours = |object: &Object| is_ours(object, rules);
        let deletes = left.iter().map(|resource| {
            let stored = Stored::single(std::slice::from_ref(resource), &query, ours)?;
            Ok(stored.map(Stored::delete))
        });
        deletes.filter_map(Result::transpose).collect()
    }
}
