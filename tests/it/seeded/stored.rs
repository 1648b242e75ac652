//! What the FHIR server stores: every version of every resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

/// Resources by `Type/id`.
#[derive(Debug, Default)]
pub struct Stored {
    /// Their versions, the newest last.
    there: BTreeMap<String, Vec<Arc<Value>>>,
    /// What was deleted, as it was last.
    gone: BTreeMap<String, Arc<Value>>,
    next_id: u64,
}

impl Stored {
    /// A name that nothing has.
    pub fn new_name(&mut self, of_type: &str) -> String {
        self.next_id += 1;
        format!("{of_type}/{}", self.next_id)
    }

    /// Stores the next version of a resource.
    pub fn put(&mut self, name: &str, mut resource: Value, now: &str) {
        let versions = self.there.entry(name.to_owned()).or_default();
        resource["id"] = json!(name.split_once('/').unwrap().1);
        resource["meta"]["versionId"] = json!((versions.len() + 1).to_string());
        resource["meta"]["lastUpdated"] = json!(now);
        versions.push(Arc::new(resource));
    }

    pub fn remove(&mut self, name: &str) {
        let versions = self.there.remove(name);
        if let Some(last) = versions.and_then(|versions| versions.last().cloned()) {
            self.gone.insert(name.to_owned(), last);
        }
    }

    pub fn newest(&self, name: &str) -> Option<&Arc<Value>> {
        self.there.get(name)?.last()
    }

    /// How many versions there are of a resource.
    pub fn versions(&self, name: &str) -> usize {
        self.there.get(name).map_or(0, Vec::len)
    }

    /// The version of a resource before the newest; of a deleted one the last.
    pub fn before(&self, name: &str) -> Option<&Arc<Value>> {
        let Some(versions) = self.there.get(name) else {
            return self.gone.get(name);
        };
        versions.get(versions.len().checked_sub(2)?)
    }

    /// The resources of a type.
    pub fn of_type<'a>(
        &'a self,
        of_type: &'a str,
    ) -> impl Iterator<Item = (&'a String, &'a Arc<Value>)> {
        let all = self.there.range(of_type.to_owned()..);
        let is_of = move |name: &str| {
            let rest = name.strip_prefix(of_type);
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        all.take_while(move |(name, _)| name.starts_with(of_type))
            .filter(move |(name, _)| is_of(name))
            .filter_map(|(name, versions)| Some((name, versions.last()?)))
    }

    /// All there are.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Arc<Value>)> {
        let all = self.there.iter();
        all.filter_map(|(name, versions)| Some((name, versions.last()?)))
    }
}
