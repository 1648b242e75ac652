//! What a transaction's answer tells of a resource that it wrote.

use super::address::is_id;
use super::transaction::Response;

impl Response {
    /// The id of the resource, which is of this type, by its location:
    /// `[base/]Type/id[/_history/version]`.
    #[must_use]
    pub fn id(&self, resource_type: &str) -> Option<&str> {
        let (name, _) = self.parts()?;
        let (rest, id) = name.rsplit_once('/')?;
        let of_type = rest.rsplit('/').next() == Some(resource_type);
        Some(id).filter(|id| of_type && is_id(id))
    }

    /// Returns whether its location names another resource than this one.
    pub(super) fn names_other_than(&self, resource_type: &str, id: &str) -> bool {
        let location = self.location.as_deref().unwrap_or_default();
        !location.is_empty() && self.id(resource_type) != Some(id)
    }

    /// Its version, by entity tag or location; `None` when neither tells it, or they disagree.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        let by_etag = self.etag.as_deref().and_then(of_etag);
        let by_etag = by_etag.filter(|version| is_id(version));
        let by_location = self.parts().and_then(|(_, version)| version);
        match (by_etag, by_location) {
            (Some(one), Some(other)) if one != other => None,
            (by_etag, by_location) => by_etag.or(by_location),
        }
    }

    /// The location without its version, and the version.
    fn parts(&self) -> Option<(&str, Option<&str>)> {
        let location = self.location.as_deref()?;
        Some(match location.rsplit_once("/_history/") {
            Some((name, version)) => (name, Some(version).filter(|it| is_id(it))),
            None => (location, None),
        })
    }
}

/// The version that an entity tag holds (R4 HTTP 3.1.0.1.3): `W/"3"`. HAPI leaves out all but the
/// version.
fn of_etag(etag: &str) -> Option<&str> {
    let etag = etag.trim().trim_start_matches("W/");
    let unquoted = etag.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let version = unquoted.unwrap_or(etag);
    Some(version).filter(|version| !version.is_empty() && !version.contains('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(location: Option<&str>, etag: Option<&str>) -> Response {
        Response {
            status: 200,
            location: location.map(str::to_owned),
            etag: etag.map(str::to_owned),
            resource: None,
        }
    }

    #[test]
    fn id_and_version_are_read_of_location_and_entity_tag() {
        for (location, etag) in [
            ("Patient/5/_history/3", None),
            ("Patient/5", Some("W/\"3\"")),
            ("Patient/5", Some("3")),
            ("http://h/r4/Patient/5/_history/3", Some("\"3\"")),
        ] {
            let response = response(Some(location), etag);
            assert_eq!(response.id("Patient"), Some("5"), "{location}");
            assert_eq!(response.version(), Some("3"), "{location}");
            assert_eq!(response.id("ImagingStudy"), None);
        }
        assert_eq!(response(None, Some("W/\"3\"")).version(), Some("3"));
    }

    #[test]
    fn what_is_not_told_is_not_guessed() {
        for (location, etag) in [
            (None, None),
            (Some("Patient/5/_history/"), Some("\"3")),
            (Some("Patient/5/_history/4"), Some("W/\"3\"")),
            (Some("Patient/"), Some("\"\"")),
            (Some("Patient/5/_history/3?x"), Some("W/\"3, *\"")),
        ] {
            assert_eq!(response(location, etag).version(), None, "{location:?}");
        }
        for location in [
            None,
            Some("5"),
            Some("Patient/"),
            Some("xPatient/5"),
            Some("Patient/.."),
            Some("Patient/5?x"),
        ] {
            assert_eq!(response(location, None).id("Patient"), None, "{location:?}");
        }
    }
}
