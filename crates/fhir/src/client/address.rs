//! Addresses at the configured server: the base, resources, and links that the server states.

use reqwest::Url;

/// The base address of a FHIR server, as configured.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// As given, with or without a slash at its end.
    root: String,
    /// Without a slash at its end.
    plain: String,
}

impl Base {
    pub(super) fn new(endpoint: &Url) -> Self {
        let root = endpoint.as_str().to_owned();
        let plain = root.trim_end_matches('/').to_owned();
        Self { root, plain }
    }

    /// The address that bundles are posted to: the base as it was given.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// The address of `path` below the base.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}/{path}", self.plain)
    }

    /// The address that a link of a search for a type leads to, at the configured server and at no
    /// other; `None` when that cannot be said.
    ///
    /// Links are opaque (R4 HTTP 3.1.0.1.7), and relative ones count from the base. A server behind
    /// a gateway states its own address: the part of the link below its base is kept.
    pub(super) fn follow(&self, resource_type: &str, link: &str) -> Option<String> {
        let base = Url::parse(&format!("{}/", self.plain)).ok()?;
        let target = base.join(link).ok()?;
        if target.origin() == base.origin() && target.path().starts_with(base.path()) {
            return Some(target.into());
        }
        let query = target
            .query()
            .map_or_else(String::new, |it| format!("?{it}"));
        if target.path().trim_end_matches('/') == self.path(&base) {
            return Some(format!("{}{query}", self.plain));
        }
        let segments: Vec<_> = target.path_segments()?.collect();
        match segments.iter().rposition(|it| *it == resource_type) {
            Some(at) => Some(self.join(&format!("{}{query}", segments.get(at..)?.join("/")))),
            // Of the link below an unknown base nothing but the query is known.
            None if !query.is_empty() => Some(format!("{}{query}", self.plain)),
            None => None,
        }
    }

    fn path<'a>(&self, base: &'a Url) -> &'a str {
        base.path().trim_end_matches('/')
    }
}

/// Whether a text can be the id or the version of a resource (R4 `id`, and `_`, which some servers
/// have in them). One or two dots would be no name in an address but a step.
pub(super) fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_step = matches!(text, "." | "..");
    (1..=64).contains(&text.len()) && text.bytes().all(allowed) && !is_step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Base {
        Base::new(&text.parse().unwrap())
    }

    #[test]
    fn a_link_leads_to_the_configured_server() {
        let base = base("http://gate/fhir");
        let follow = |link| base.follow("Patient", link);
        for (link, address) in [
            (
                "https://inner/r4/Patient?page=2",
                "http://gate/fhir/Patient?page=2",
            ),
            (
                "https://inner/r4/Patient/__page/t0",
                "http://gate/fhir/Patient/__page/t0",
            ),
            ("Patient?page=2", "http://gate/fhir/Patient?page=2"),
            ("?page=2", "http://gate/fhir/?page=2"),
            (
                "https://inner/r4?_getpages=7",
                "http://gate/fhir?_getpages=7",
            ),
            (
                "https://inner/fhir?_getpages=7",
                "http://gate/fhir?_getpages=7",
            ),
            (
                "http://gate/fhir?_getpages=7",
                "http://gate/fhir?_getpages=7",
            ),
            ("http://gate/fhir/__page/t1", "http://gate/fhir/__page/t1"),
            (
                "/fhir/Patient/__page/t1",
                "http://gate/fhir/Patient/__page/t1",
            ),
        ] {
            assert_eq!(follow(link).as_deref(), Some(address), "{link}");
        }
    }

    #[test]
    fn a_link_without_anything_to_follow_leads_nowhere() {
        let base = base("http://gate/fhir");
        for link in ["https://inner/other", "mailto:a@b", "http://["] {
            assert_eq!(base.follow("Patient", link), None, "{link}");
        }
    }

    #[test]
    fn the_root_is_used_as_given_and_paths_below_it_have_one_slash() {
        for (given, root) in [
            ("http://gate/fhir", "http://gate/fhir"),
            ("http://gate/fhir/", "http://gate/fhir/"),
            ("http://gate", "http://gate/"),
        ] {
            let base = base(given);
            assert_eq!(base.root(), root);
            assert_eq!(
                base.join("metadata"),
                format!("{}/metadata", root.trim_end_matches('/'))
            );
        }
    }
}
