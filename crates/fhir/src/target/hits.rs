//! The answer to a search, compared with what was searched for.

use std::collections::HashMap;

use crate::cast::{Query, Resource};

/// Resources that a search was made for. Servers return others beside them: they compare without
/// case, accents or system, or by the beginning.
#[derive(Debug, Default)]
pub(super) struct Hits {
    /// Those that carry an identifier that was searched for, each once.
    pub(super) found: Vec<Resource>,
    /// Number of other resources of the same type. A conditional create by the same search would
    /// match one of them.
    pub(super) near: usize,
}

impl Hits {
    /// Sorts the answer to `query`. Of a resource that is listed twice the last listing counts.
    pub(super) fn of(query: &Query, listed: Vec<Resource>) -> Self {
        let mut hits = Self::default();
        let mut places = HashMap::new();
        for resource in listed {
            if resource.resource_type().as_deref() != Some(query.resource_type) {
                continue;
            }
            if Self::is_near(query, &resource) {
                hits.near += 1;
                continue;
            }
            let next = hits.found.len();
            let place = resource
                .id()
                .map_or(next, |id| *places.entry(id).or_insert(next));
            match hits.found.get_mut(place) {
                Some(listed) => *listed = resource,
                None => hits.found.push(resource),
            }
        }
        hits
    }

    /// Whether a resource is of the type that was searched for, and not what was searched for.
    /// Identifiers that cannot be read are for the merge to report.
    pub(super) fn is_near(query: &Query, resource: &Resource) -> bool {
        let is_of_type = resource.resource_type().as_deref() == Some(query.resource_type);
        is_of_type && query.matches(resource) == Some(false)
    }

    /// The part of the answer to several searches that belongs to one of them.
    pub(super) fn part_of(&self, query: &Query) -> Option<Self> {
        let mut found = Vec::new();
        for resource in &self.found {
            if query.matches(resource)? {
                found.push(resource.clone());
            }
        }
        Some(Self { found, near: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cast::{Action, Change, Rules, StudyDelta};
    use radcast_engine::feed::InstanceKey;

    /// The search for study 1.2.
    fn query() -> Query {
        let key = InstanceKey {
            partition: None,
            study: "1.2".to_owned(),
            series: "2".to_owned(),
            instance: "3".to_owned(),
        };
        let rules = Rules::new("https://dicom.example");
        let change = Change::read(1, key, Action::Delete, None, &rules).unwrap();
        StudyDelta::of(change).lookups(&rules).study
    }

    fn study(id: &str, version: &str, uid: &str) -> Resource {
        let json = format!(
            r#"{{"resourceType":"ImagingStudy","id":"{id}","meta":{{"versionId":"{version}"}},
                "identifier":[{{"system":"urn:dicom:uid","value":"urn:oid:{uid}"}}]}}"#
        );
        Resource::parse(&json).unwrap()
    }

    #[test]
    fn a_resource_that_is_listed_twice_is_one() {
        let listed = vec![
            study("a", "1", "1.2"),
            study("b", "1", "1.2"),
            study("a", "2", "1.2"),
        ];
        let hits = Hits::of(&query(), listed);
        let names: Vec<_> = hits
            .found
            .iter()
            .map(|it| (it.id(), it.version()))
            .collect();
        let name = |id: &str, version: &str| (Some(id.to_owned()), Some(version.to_owned()));
        assert_eq!(names, [name("a", "2"), name("b", "1")]);
        assert_eq!(hits.near, 0);
    }

    #[test]
    fn others_of_the_type_are_near_and_other_types_are_nothing() {
        let outcome = Resource::parse(r#"{"resourceType":"OperationOutcome"}"#).unwrap();
        let listed = vec![study("a", "1", "1.23"), outcome, study("b", "1", "1.2")];
        let hits = Hits::of(&query(), listed);
        assert_eq!((hits.found.len(), hits.near), (1, 1));
    }

    #[test]
    fn identifiers_that_cannot_be_read_are_left_to_the_merge() {
        let odd = r#"{"resourceType":"ImagingStudy","id":"a","identifier":7}"#;
        let hits = Hits::of(&query(), vec![Resource::parse(odd).unwrap()]);
        assert_eq!((hits.found.len(), hits.near), (1, 0));
    }
}
