//! Where a resource is: `Type/id`, and the references that lead to one.

use std::fmt;

use super::outcome::Refusal;
use super::parameter::ResourceType;
use super::validation::is_id;

/// The type and id of a resource of this store, absent ones included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) kind: &'static ResourceType,
    pub(super) id: String,
}

impl Address {
    /// Reads `Type/id`, with or without a version behind it.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let path = path.split_once("/_history/").map_or(path, |(path, _)| path);
        let (name, id) = path.split_once('/')?;
        let kind = ResourceType::named(name)?;
        is_id(id).then(|| Self {
            kind,
            id: id.to_owned(),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.name, self.id)
    }
}

/// Where a reference leads.
#[derive(Debug)]
pub(super) enum Referent {
    /// To a resource that this store should have.
    Here(Address),
    /// To a contained resource, another server or a name.
    Elsewhere,
}

impl Referent {
    /// Reads a reference; `base` is the address of this store, e.g. `http://127.0.0.1:8080/fhir`.
    ///
    /// # Errors
    /// A placeholder that no entry resolved, a conditional reference, a type that is not kept or
    /// text that is no reference at all.
    pub(super) fn read(base: &str, reference: &str) -> Result<Self, Refusal> {
        if reference.starts_with("urn:uuid:") {
            return Err(Refusal::invalid(format!(
                "no entry of the bundle has the fullUrl {reference} that is referred to"
            )));
        }
        let relative = within(base, reference);
        if relative.starts_with('#') || relative.contains(':') {
            return Ok(Self::Elsewhere);
        }
        // The text of a conditional reference may hold a patient's identifier.
        if relative.contains('?') {
            return Err(Refusal::unsupported(
                "conditional references are not supported: refer to Type/id or to a fullUrl",
            ));
        }
        Address::parse(relative).map(Self::Here).ok_or_else(|| {
            Refusal::invalid("a reference is not of the form Type/id with a type kept here")
        })
    }
}

/// The reference without the address of this store in front.
pub(super) fn within<'r>(base: &str, reference: &'r str) -> &'r str {
    reference
        .strip_prefix(base)
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or(reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "http://h/fhir";

    fn here(reference: &str) -> Option<String> {
        match Referent::read(BASE, reference) {
            Ok(Referent::Here(address)) => Some(address.to_string()),
            _ => None,
        }
    }

    #[test]
    fn a_reference_to_this_store_may_be_absolute_and_versioned() {
        assert_eq!(here("Patient/1").as_deref(), Some("Patient/1"));
        assert_eq!(
            here("http://h/fhir/Patient/1/_history/2").as_deref(),
            Some("Patient/1")
        );
    }

    #[test]
    fn contained_resources_names_and_other_servers_are_elsewhere() {
        for reference in ["#p", "urn:oid:1.2", "http://other/fhir/Patient/1"] {
            let read = Referent::read(BASE, reference);
            assert!(matches!(read, Ok(Referent::Elsewhere)), "{reference}");
        }
    }

    #[test]
    fn a_conditional_reference_is_not_supported() {
        let refusal = Referent::read(BASE, "Patient?identifier=1").unwrap_err();
        assert_eq!(refusal.code, "not-supported");
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        for reference in ["urn:uuid:1", "Patient", "Claim/1", "Patient/é"] {
            assert!(Referent::read(BASE, reference).is_err(), "{reference}");
        }
    }
}
