//! References to resources, compared by what they refer to.

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
    fn another_type_or_id_is_another_resource() {
        for other in ["Patient/2", "Group/1", "1", "urn:uuid:1", ""] {
            assert!(!same("Patient/1", other), "{other}");
        }
    }
}
