//! The one stored resource that a search was to find.

use crate::failure::{Code, Failure};

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
        let mut matches = Vec::new();
        for resource in found {
            if resource.resource_type().as_deref() != Some(query.resource_type) {
                continue;
            }
            let verdict = wanted(resource.object());
            if verdict.map_err(|error| error.into_failure(&name(resource, query)))? {
                matches.push(resource);
            }
        }
        match matches.as_slice() {
            [] => Ok(None),
            [resource] => Self::new(resource, query).map(Some),
            several => Err(multiple(several, query)),
        }
    }

    fn new(resource: &Resource, query: &Query) -> Result<Self, Failure> {
        let missing = |element: &str| {
            let name = name(resource, query);
            Failure::new(
                Code::FhirInvalidResource,
                format!("{name}: the stored resource has no `{element}`"),
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

fn multiple(matches: &[&Resource], query: &Query) -> Failure {
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
