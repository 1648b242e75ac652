//! A FHIR resource as it is stored.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::object::Object;
use super::reference::is_id;

/// Elements that servers add to what they store.
const ADDED: [&str; 3] = ["id", "meta", "text"];

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

    /// Its logical id; `None` when it has none, or one that no resource can have.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        filled(self.object.text("id").ok()?).filter(|id| is_id(id))
    }

    /// Its version, `meta.versionId`; `None` when it has none, or one that no resource can have.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        let meta = self.object.object("meta").ok()??;
        filled(meta.text("versionId").ok()?).filter(|version| is_id(version))
    }

    /// Its type, e.g. `ImagingStudy`; `None` when it has none.
    #[must_use]
    pub fn resource_type(&self) -> Option<String> {
        filled(self.object.text("resourceType").ok()?)
    }

    /// Returns the text of a reference element, e.g. `subject`; `None` when it has none.
    #[must_use]
    pub fn reference(&self, element: &'static str) -> Option<String> {
        let reference = self.object.object(element).ok()??;
        filled(reference.text("reference").ok()?)
    }

    /// Returns whether two resources say the same, but for what a server adds to each: `id`,
    /// `meta`, and the narrative in `text`.
    #[must_use]
    pub fn has_same_content(&self, other: &Self) -> bool {
        let contents = |resource: &Self| {
            let names = resource.object.names();
            names.filter(|name| !ADDED.contains(name)).count()
        };
        let names = self.object.names();
        let mut own = names.filter(|name| !ADDED.contains(name));
        contents(self) == contents(other)
            && own.all(|name| is_same(self.object.get(name), other.object.get(name)))
    }

    /// The resource as it is stored once it was sent: with this id and version, and with the
    /// resources that it refers to by the full URLs of their entries under their own names, the
    /// seconds of the pairs. `None` when its `meta` is of another form than FHIR's.
    #[must_use]
    pub fn stored_as(&self, id: &str, version: &str, names: &[(&str, &str)]) -> Option<Self> {
        let mut object = self.object.clone();
        let mut meta = object.object("meta").ok()?.unwrap_or_default();
        meta.set("versionId", version).ok()?;
        object.set("id", id).ok()?;
        object.set("meta", &meta).ok()?;
        object.renamed(names).map(Self::from)
    }

    /// Returns the resource with those that it refers to by the full URLs of their entries under
    /// their own names, the seconds of the pairs.
    pub(super) fn renamed(self, names: &[(&str, &str)]) -> Option<Self> {
        self.object.renamed(names).map(Self::from)
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.object.size()
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

/// Whether two texts are the same JSON; mostly they are the same text.
fn is_same(one: Option<&RawValue>, other: Option<&RawValue>) -> bool {
    let value = |json: &str| serde_json::from_str::<serde_json::Value>(json).ok();
    match (one, other) {
        (Some(one), Some(other)) => {
            one.get() == other.get() || value(one.get()) == value(other.get())
        }
        (None, None) => true,
        _ => false,
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
    fn what_was_sent_is_stored_with_id_version_and_the_names_of_what_it_refers_to() {
        let json = concat!(
            r#"{"resourceType":"ImagingStudy","meta":{"source":"s","versionId":"3"},"#,
            r#""x":1.0,"subject":{"reference":"urn:uuid:1"},"note":"urn:uuid:12"}"#
        );
        let sent = Resource::parse(json).unwrap();
        let names = [("urn:uuid:1", "Patient/7")];
        let stored = sent.stored_as("5", "4", &names).unwrap();
        assert_eq!(
            serde_json::to_string(&stored).unwrap(),
            concat!(
                r#"{"resourceType":"ImagingStudy","meta":{"source":"s","versionId":"4"},"#,
                r#""x":1.0,"subject":{"reference":"Patient/7"},"note":"urn:uuid:12","id":"5"}"#
            )
        );
        assert!(!stored.object.changed());
        assert!(stored.size() > json.len());
    }

    #[test]
    fn what_a_server_adds_is_no_difference_in_content() {
        let resource = |json: &str| Resource::parse(json).unwrap();
        let sent = resource(r#"{"resourceType":"Patient","a":[{"id":"x","b":1}]}"#);
        let stored = r#"{"id":"1","meta":{"versionId":"2"},"a":[{"b":1,"id":"x"}],"text":{},
            "resourceType":"Patient"}"#;
        assert!(sent.has_same_content(&resource(stored)));
        let altered = resource(&stored.replace(r#","id":"x""#, ""));
        assert!(!sent.has_same_content(&altered));
    }

    #[test]
    fn what_is_missing_or_misshapen_is_none() {
        for json in [
            "{}",
            r#"{"id":5,"meta":[]}"#,
            r#"{"id":" ","meta":{"versionId":3}}"#,
            r#"{"id":"..","meta":{"versionId":"3\", \"4"}}"#,
            r#"{"id":"1/../../x","meta":{"versionId":"3\r\nx: y"}}"#,
            r#"{"id":"1?a=b","meta":{"versionId":"*/"}}"#,
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
