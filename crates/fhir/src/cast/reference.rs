//! References to resources: what they refer to.

use std::fmt;

/// Type and logical id of a resource on the FHIR server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceName {
    /// The type of the resource.
    pub resource_type: String,
    /// Its logical id.
    pub id: String,
}

impl ResourceName {
    /// The resource on the server at `base` that a reference names. None where it names one of
    /// another server, which may have given the same id to somebody else, or none by type and id.
    pub(super) fn of(reference: &str, base: Option<&str>) -> Option<Self> {
        let plain = reference.split("/_history/").next()?;
        let below = base.and_then(|base| plain.strip_prefix(base.trim_end_matches('/')));
        let relative = match below {
            Some(path) => path.strip_prefix('/')?,
            None => plain,
        };
        let (resource_type, id) = relative.split_once('/')?;
        let is_type = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_name = !resource_type.is_empty() && is_type(resource_type) && is_id(id);
        is_name.then(|| Self {
            resource_type: resource_type.to_owned(),
            id: id.to_owned(),
        })
    }
}

/// Whether a text can be the id or the version of a resource, and so can hold nothing else: letters,
/// digits and `-.`, 64 at most (R4 `id`). There are servers with `_`. One or two dots would be no name
/// in an address but a step.
pub(super) fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_step = matches!(text, "." | "..");
    (1..=64).contains(&text.len()) && text.bytes().all(allowed) && !is_step
}

impl fmt::Display for ResourceName {
    /// `Type/id`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.resource_type, self.id)
    }
}

/// Whether two references name the same resource: a base address before `Type/id` and a
/// `/_history/…` after it make no difference.
pub(super) fn same(one: &str, other: &str) -> bool {
    target(one) == target(other)
}

fn target(reference: &str) -> (&str, &str) {
    let plain = reference.split("/_history/").next().unwrap_or(reference);
    let (rest, id) = plain.rsplit_once('/').unwrap_or(("", plain));
    let resource_type = rest.rsplit_once('/').map_or(rest, |(_, last)| last);
    (resource_type, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_and_version_make_no_difference() {
        assert!(same("https://fhir.example/r4/Patient/1", "Patient/1"));
        assert!(same("Patient/1/_history/4", "Patient/1"));
        assert!(same("urn:uuid:a", "urn:uuid:a"));
    }

    #[test]
    fn a_name_is_of_this_server_or_none() {
        let base = Some("https://fhir.example/r4/");
        for reference in [
            "Patient/a-1.B_",
            "Patient/a-1.B_/_history/4",
            "https://fhir.example/r4/Patient/a-1.B_",
        ] {
            let name = ResourceName::of(reference, base).map(|name| name.to_string());
            assert_eq!(name.as_deref(), Some("Patient/a-1.B_"), "{reference}");
        }
        for reference in [
            "https://other.example/r4/Patient/1",
            "https://fhir.example/r4x/Patient/1",
            "Patient/..",
            "Patient/.",
            "/1",
            "urn:uuid:1",
            "#contained",
            "Patient/",
            "Patient/1?x=2",
            "Patient/../1",
            "Patient/a/b",
            "",
        ] {
            assert_eq!(ResourceName::of(reference, base), None, "{reference}");
        }
        assert_eq!(
            ResourceName::of("https://fhir.example/r4/Patient/1", None),
            None
        );
    }

    #[test]
    fn another_type_or_id_is_another_resource() {
        for other in ["Patient/2", "Group/1", "1", "urn:uuid:1", ""] {
            assert!(!same("Patient/1", other), "{other}");
        }
    }
}
