//! A FHIR resource as it is stored.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::object::Object;

/// A FHIR resource: a JSON object whose untouched members come back byte for byte.
#[derive(Clone)]
pub struct Resource {
    object: Object,
}

/// The text is no JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the resource is no JSON object")]
pub struct NotAResource;

impl Resource {
    /// Reads a resource from its JSON text.
    ///
    /// # Errors
    /// When the text is no JSON object.
    pub fn parse(json: &str) -> Result<Self, NotAResource> {
        let object = Object::parse(json).ok_or(NotAResource)?;
        Ok(Self { object })
    }

    /// Reads a resource from a part of a JSON text.
    ///
    /// # Errors
    /// When the part is no JSON object.
    pub fn from_raw(json: &RawValue) -> Result<Self, NotAResource> {
        Self::parse(json.get())
    }

    /// Its logical id; `None` when it has none.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        filled(self.object.text("id").ok()?)
    }

    /// Its version, `meta.versionId`; `None` when it has none.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        filled(self.object.object("meta").ok()??.text("versionId").ok()?)
    }

    /// Its type, e.g. `ImagingStudy`; `None` when it has none.
    #[must_use]
    pub fn resource_type(&self) -> Option<String> {
        filled(self.object.text("resourceType").ok()?)
    }

    pub(super) fn object(&self) -> &Object {
        &self.object
    }
}

impl From<Object> for Resource {
    fn from(object: Object) -> Self {
        Self { object }
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.object.serialize(serializer)
    }
}

impl fmt::Debug for Resource {
    /// Tells type and id and nothing of the content: it is patient data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("type", &self.resource_type())
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_id_and_version_are_read() {
        let json = r#"{"resourceType":"Patient","id":"p","meta":{"versionId":"3"},"x":1.0}"#;
        let resource = Resource::parse(json).unwrap();
        assert_eq!(resource.id().as_deref(), Some("p"));
        assert_eq!(resource.version().as_deref(), Some("3"));
        assert_eq!(resource.resource_type().as_deref(), Some("Patient"));
        assert_eq!(serde_json::to_string(&resource).unwrap(), json);
    }

    #[test]
    fn what_is_missing_or_misshapen_is_none() {
        for json in [
            "{}",
            r#"{"id":5,"meta":[]}"#,
            r#"{"id":" ","meta":{"versionId":3}}"#,
        ] {
            let resource = Resource::parse(json).unwrap();
            assert_eq!((resource.id(), resource.version()), (None, None), "{json}");
        }
        assert_eq!(Resource::parse("[]").err(), Some(NotAResource));
    }

    #[test]
    fn debug_output_hides_the_content() {
        let resource = Resource::parse(r#"{"id":"p","name":[{"family":"CANARY"}]}"#).unwrap();
        assert!(!format!("{resource:?}").contains("CANARY"));
    }
}
