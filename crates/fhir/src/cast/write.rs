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

    /// Returns the write with the resources that it refers to by the full URLs of their entries
    /// under their own names, the seconds of the pairs: what it is once an earlier transaction has
    /// created them. `None` when the result is no resource, which no name of FHIR's brings about.
    #[must_use]
    pub fn renamed(self, names: &[(&str, &str)]) -> Option<Self> {
        Some(match self {
            Self::Create {
                full_url,
                identity,
                resource,
            } => Self::Create {
                full_url,
                identity,
                resource: resource.renamed(names)?,
            },
            Self::Update {
                id,
                version,
                resource,
            } => Self::Update {
                id,
                version,
                resource: resource.renamed(names)?,
            },
            delete @ Self::Delete { .. } => delete,
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn created(query: &Query, json: &str) -> Write {
        Write::create(query, Object::parse(json).unwrap())
    }

    fn text(write: &Write) -> String {
        match write {
            Write::Create { resource, .. } | Write::Update { resource, .. } => {
                serde_json::to_string(resource).unwrap()
            }
            Write::Delete { id, .. } => id.clone(),
        }
    }

    #[test]
    fn what_was_created_before_is_referred_to_by_its_name() {
        let query = Query::new("Observation").token("identifier", Some("s"), "1");
        let members = concat!(
            r#"{"resourceType":"Observation","hasMember":[{"reference":"urn:uuid:a"},"#,
            r#"{"reference":"urn:uuid:ab"}],"subject":{"reference":"urn:uuid:p"},"value":1.50}"#
        );
        let names = [("urn:uuid:a", "Observation/7"), ("urn:uuid:p", "Patient/2")];
        let expected = members
            .replace("\"urn:uuid:a\"", "\"Observation/7\"")
            .replace("urn:uuid:p", "Patient/2");
        let create = created(&query, members);
        let renamed = create.clone().renamed(&names).unwrap();
        assert_eq!(text(&renamed), expected);
        let update = Write::Update {
            id: "9".to_owned(),
            version: "3".to_owned(),
            resource: Resource::parse(members).unwrap(),
        };
        let renamed = update.renamed(&names).unwrap();
        assert_eq!(text(&renamed), expected);
        assert_eq!(format!("{renamed:?}"), "Update(Observation/9)");
        assert_eq!(text(&create.clone().renamed(&[]).unwrap()), members);
    }

    #[test]
    fn the_identity_of_a_renamed_create_stays() {
        let query = Query::new("Observation").token("identifier", Some("s"), "1");
        let create = created(&query, r#"{"subject":{"reference":"urn:uuid:p"}}"#);
        let url = |write: &Write| match write {
            Write::Create { full_url, .. } => full_url.clone(),
            other => panic!("{other:?}"),
        };
        let before = url(&create);
        let names = [
            ("urn:uuid:p", "Patient/2"),
            (before.as_str(), "Observation/1"),
        ];
        assert_eq!(url(&create.renamed(&names).unwrap()), before);
    }

    #[test]
    fn a_delete_refers_to_nothing() {
        let delete = Write::Delete {
            resource_type: "Observation",
            id: "urn:uuid:a".to_owned(),
            version: "1".to_owned(),
        };
        let renamed = delete.renamed(&[("urn:uuid:a", "Observation/7")]).unwrap();
        assert_eq!(text(&renamed), "urn:uuid:a");
    }
}
