//! Searches, and the conditions of conditional creates: the same text serves both.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is kept as it is in a query: RFC 3986's unreserved characters, and `:` and `/`, which a
/// query may hold and which keep systems legible.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'/');

/// A search by parameters, of one resource type.
#[derive(Clone, PartialEq, Eq)]
pub struct Query {
    /// The type that is searched.
    pub resource_type: &'static str,
    parameters: Vec<(&'static str, String)>,
}

impl Query {
    pub(super) fn new(resource_type: &'static str) -> Self {
        Self {
            resource_type,
            parameters: Vec::new(),
        }
    }

    /// Adds a token (`system|code`); without a system only what has no system matches.
    pub(super) fn token(mut self, name: &'static str, system: Option<&str>, code: &str) -> Self {
        let token = format!("{}|{}", escape(system.unwrap_or_default()), escape(code));
        self.parameters.push((name, token));
        self
    }

    /// Adds tokens (system and code), any of which matches.
    pub(super) fn any_token(mut self, name: &'static str, tokens: &[(String, String)]) -> Self {
        let token =
            |(system, code): &(String, String)| format!("{}|{}", escape(system), escape(code));
        let tokens: Vec<_> = tokens.iter().map(token).collect();
        self.parameters.push((name, tokens.join(",")));
        self
    }

    /// Adds a string, which matches by its beginning.
    pub(super) fn string(mut self, name: &'static str, value: &str) -> Self {
        self.parameters.push((name, escape(value)));
        self
    }

    /// Names and values; in the values FHIR's own `\ , | $` are escaped (R4 search, 3.1.1.5.7),
    /// nothing is percent-encoded.
    #[must_use]
    pub fn parameters(&self) -> &[(&'static str, String)] {
        &self.parameters
    }

    /// `name=value&…`, percent-encoded: the query of a URL, or `ifNoneExist`.
    #[must_use]
    pub fn encoded(&self) -> String {
        let pair = |(name, value): &(&str, String)| {
            format!("{name}={}", utf8_percent_encode(value, ENCODED))
        };
        self.parameters
            .iter()
            .map(pair)
            .collect::<Vec<_>>()
            .join("&")
    }

    /// The names of the parameters, for messages: the values may be a patient's.
    pub(super) fn names(&self) -> String {
        let names: Vec<_> = self.parameters.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

impl fmt::Debug for Query {
    /// Tells the names of the parameters and not their values: they may be a patient's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}?{}", self.resource_type, self.names())
    }
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '\\' | ',' | '|' | '$') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_for_fhir_and_then_for_the_url() {
        let query = Query::new("Patient").token("identifier", Some("urn:x"), r"A,B|C$D\E&F=G #+é");
        assert_eq!(
            query.parameters(),
            [("identifier", r"urn:x|A\,B\|C\$D\\E&F=G #+é".to_owned())]
        );
        assert_eq!(
            query.encoded(),
            "identifier=urn:x%7CA%5C%2CB%5C%7CC%5C%24D%5C%5CE%26F%3DG%20%23%2B%C3%A9"
        );
    }

    #[test]
    fn a_token_without_system_matches_what_has_none() {
        let query = Query::new("Patient").token("identifier", None, "1");
        assert_eq!(query.encoded(), "identifier=%7C1");
    }

    #[test]
    fn parameters_are_joined() {
        let query = Query::new("Endpoint")
            .string("name", "a b")
            .token("c", Some("s"), "d");
        assert_eq!(query.encoded(), "name=a%20b&c=s%7Cd");
        assert_eq!(format!("{query:?}"), "Endpoint?name, c");
    }
}
