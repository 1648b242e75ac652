//! The writes that bring the FHIR server in step.

use std::fmt;

use uuid::Uuid;

use super::object::Object;
use super::{Query, Resource};

/// One entry of the transaction.
#[derive(Clone)]
pub enum Write {
    /// Conditional create (`POST`).
    Create {
        /// `urn:uuid:…` by which the other entries refer to it; derived from the identity of the
        /// resource, so that the same delta gives the same bundle.
        full_url: String,
        /// The search that would find the resource. It is the condition of the create
        /// (`ifNoneExist`), and the created resource is recognised by it.
        identity: Query,
        /// What to create.
        resource: Resource,
    },
    /// Version-aware update (`PUT` with `If-Match`).
    Update {
        /// Logical id.
        id: String,
        /// The version that was edited, `meta.versionId`.
        version: String,
        /// The whole resource.
        resource: Resource,
    },
    /// Version-aware delete (`DELETE` with `If-Match`).
    Delete {
        /// Type of the resource.
        resource_type: &'static str,
        /// Logical id.
        id: String,
        /// The version that was looked at, `meta.versionId`.
        version: String,
    },
}

impl Write {
    /// A conditional create of what `query` would find.
    pub(super) fn create(query: &Query, object: Object) -> Self {
        Self::Create {
            full_url: full_url(query),
            identity: query.clone(),
            resource: object.into(),
        }
    }

    /// The type of the resource that is written.
    #[must_use]
    pub fn resource_type(&self) -> String {
        match self {
            Self::Create { resource, .. } | Self::Update { resource, .. } => {
                resource.resource_type().unwrap_or_default()
            }
            Self::Delete { resource_type, .. } => (*resource_type).to_owned(),
        }
    }
}

impl fmt::Debug for Write {
    /// Tells kind, type and id: the condition and the content are patient data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource_type = self.resource_type();
        match self {
            Self::Create { .. } => write!(f, "Create({resource_type})"),
            Self::Update { id, .. } => write!(f, "Update({resource_type}/{id})"),
            Self::Delete { id, .. } => write!(f, "Delete({resource_type}/{id})"),
        }
    }
}

/// The `urn:uuid:` of the resource that a query identifies: version 5, RFC 9562.
pub(super) fn full_url(query: &Query) -> String {
    let name = format!("{}?{}", query.resource_type, query.encoded());
    let uuid = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
    uuid.urn().to_string()
}
