//! A write that was sent, as far as its answer is to be understood.

use super::memory::LARGEST;
use crate::cast::{Query, Resource, Write};
use crate::client::Response;

/// A write that was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) resource_type: String,
    pub(super) deed: Operation,
    /// The resource, of a study or a patient, unless it is too large to be remembered.
    pub(super) resource: Option<Resource>,
}

/// The kind of a write.
#[derive(Debug)]
pub(super) enum Operation {
    Create { identity: Query },
    Update { id: String, version: String },
    Delete { id: String },
}

impl Sent {
    pub(super) fn of(write: &Write) -> Self {
        let resource_type = write.resource_type();
        let is_remembered = matches!(resource_type.as_str(), "ImagingStudy" | "Patient");
        let resource = match write {
            Write::Create { resource, .. } | Write::Update { resource, .. } => Some(resource),
            Write::Delete { .. } => None,
        };
        let resource = resource.filter(|it| is_remembered && it.size() <= LARGEST);
        Self {
            resource: resource.cloned(),
            deed: Operation::of(write),
            resource_type,
        }
    }

    /// The resource as it is stored after an update, where the server stores what it is sent; `None`
    /// when the answer does not say where it is now, and in which version.
    pub(super) fn stored(&self, response: &Response) -> Option<Resource> {
        let Operation::Update { id, .. } = &self.deed else {
            return None;
        };
        let is_this = response.id(&self.resource_type) == Some(id);
        let version = response.version().filter(|_| is_this)?;
        self.resource.as_ref()?.stored_as(id, version, &[])
    }

    /// `Type/id` of a resource that was there before.
    pub(super) fn names(&self, resource: &Resource) -> bool {
        match &self.deed {
            Operation::Create { .. } => false,
            Operation::Update { id, .. } | Operation::Delete { id } => {
                resource.id().as_deref() == Some(id)
                    && resource.resource_type().as_deref() == Some(&self.resource_type)
            }
        }
    }

    /// Whether a write is an update with the same content.
    pub(super) fn is_repeated_by(&self, write: &Write) -> bool {
        let (Operation::Update { id: before, .. }, Write::Update { id, resource, .. }) =
            (&self.deed, write)
        else {
            return false;
        };
        let sent = self.resource.as_ref();
        before == id
            && self.resource_type == write.resource_type()
            && sent.is_some_and(|sent| sent.has_same_content(resource))
    }
}

impl Operation {
    fn of(write: &Write) -> Self {
        match write {
            Write::Create { identity, .. } => Self::Create {
                identity: identity.clone(),
            },
            Write::Update { id, version, .. } => Self::Update {
                id: id.clone(),
                version: version.clone(),
            },
            Write::Delete { id, .. } => Self::Delete { id: id.clone() },
        }
    }
}
