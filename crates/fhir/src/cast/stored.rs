//! The one stored resource that a search was to find.

use radcast_engine::failure::{Code, Failure};

use super::edit::EditError;
use super::object::Object;
use super::{Query, Resource, Write};

/// A resource as it is stored, to be edited.
pub(super) struct Stored {
    pub(super) object: Object,
    pub(super) id: String,
    resource_type: &'static str,
    version: String,
}

impl Stored {
    /// The one among the found resources that is `wanted`; none when there is none.
    ///
    /// # Errors
    /// When several are, or the one has no id or version, or an element that decides is of a
    /// wrong form.
    pub(super) fn single(
        found: &[Resource],
        query: &Query,
        wanted: impl Fn(&Object) -> Result<bool, EditError>,
    ) -> Result<Option<Self>, Failure> {
        Self::best(found, query, |object| Ok(wanted(object)?.then_some(0)))
    }

    /// The one among the found resources that has the lowest rank; none when none has any.
    ///
    /// # Errors
    /// As [`Self::single`], of those that have the lowest.
    pub(super) fn best(
        found: &[Resource],
        query: &Query,
        rank: impl Fn(&Object) -> Result<Option<u8>, EditError>,
    ) -> Result<Option<Self>, Failure> {
        let mut ranked = Vec::new();
        for resource in found {
            if resource.resource_type().as_deref() != Some(query.resource_type) {
                continue;
            }
            let rank = rank(resource.object());
            let rank = rank.map_err(|error| error.into_failure(&name(resource, query)))?;
            ranked.extend(rank.map(|rank| (rank, resource)));
        }
        let best = ranked.iter().map(|(rank, _)| *rank).min();
        let matches = ranked.into_iter().filter(|(rank, _)| Some(*rank) == best);
        let matches: Vec<_> = matches.map(|(_, resource)| resource).collect();
        match matches.as_slice() {
            [] => Ok(None),
            [resource] => Self::new(resource, query).map(Some),
            several => Err(multiple(several, query)),
        }
    }

    /// A resource that a search of this type was to find.
    ///
    /// # Errors
    /// When it has no id or version.
    pub(super) fn new(resource: &Resource, query: &Query) -> Result<Self, Failure> {
        let missing = |element: &str| {
            let name = name(resource, query);
            Failure::new(
                Code::FhirInvalidResource,
                format!("{name}: the stored resource has no `{element}` of FHIR's form"),
            )
        };
        Ok(Self {
            id: resource.id().ok_or_else(|| missing("id"))?,
            version: resource
                .version()
                .ok_or_else(|| missing("meta.versionId"))?,
            resource_type: query.resource_type,
            object: resource.object().clone(),
        })
    }

    /// `Type/id`
    pub(super) fn reference(&self) -> String {
        format!("{}/{}", self.resource_type, self.id)
    }

    /// The update, if anything was changed.
    pub(super) fn update(self) -> Option<Write> {
        self.object.changed().then(|| Write::Update {
            id: self.id,
            version: self.version,
            resource: self.object.into(),
        })
    }

    /// The delete.
    pub(super) fn delete(self) -> Write {
        Write::Delete {
            resource_type: self.resource_type,
            id: self.id,
            version: self.version,
        }
    }
}

fn name(resource: &Resource, query: &Query) -> String {
    let id = resource.id();
    format!(
        "{}/{}",
        query.resource_type,
        id.as_deref().unwrap_or("(no id)")
    )
}

/// The failure that several resources are the one that was looked for.
pub(super) fn multiple(matches: &[&Resource], query: &Query) -> Failure {
    let names: Vec<_> = matches
        .iter()
        .map(|resource| name(resource, query))
        .collect();
    Failure::new(
        Code::FhirMultipleMatches,
        format!(
            "{} resources match the search of {} by {}: {}",
            matches.len(),
            query.resource_type,
            query.names(),
            names.join(", ")
        ),
    )
}
