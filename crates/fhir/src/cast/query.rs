//! Searches, and the conditions of conditional creates: the same text serves both.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Resource;
use super::identifier;

/// What is kept as it is in a query: RFC 3986's unreserved characters, and `:` and `/`, which a
/// query may hold and which keep systems legible.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'/');

/// The search parameter of identifiers.
const IDENTIFIER: &str = "identifier";

/// How many resources an answer to several searches in one is to hold at least: as many as these
/// can sensibly find, so that there is one page.
const PAGE_OF_ALL: &str = "100";

/// A search by parameters, of one resource type.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Query {
    /// The type that is searched.
    pub resource_type: &'static str,
    parameters: Vec<(&'static str, String)>,
    /// For each `identifier` parameter the identifiers that it accepts.
    identifiers: Vec<Vec<Identifier>>,
    /// Whether one identifier is all that is searched by. Not where anything of it is escaped: some
    /// servers do not know escapes, and would take it apart.
    shareable: bool,
}

/// An identifier that is searched for.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Identifier {
    system: Option<String>,
    value: String,
}

impl Identifier {
    fn new(system: Option<&str>, value: &str) -> Self {
        Self {
            system: system.map(str::to_owned),
            value: value.to_owned(),
        }
    }
}

impl Query {
    pub(super) fn new(resource_type: &'static str) -> Self {
        Self {
            resource_type,
            parameters: Vec::new(),
            identifiers: Vec::new(),
            shareable: false,
        }
    }

    /// Adds a token (`system|code`); without a system only what has no system matches.
    pub(super) fn token(mut self, name: &'static str, system: Option<&str>, code: &str) -> Self {
        let token = format!("{}|{}", escape(system.unwrap_or_default()), escape(code));
        let is_identifier = name == IDENTIFIER;
        let is_alone = is_identifier && !token.contains('\\') && self.parameters.is_empty();
        self = self.with(name, token);
        if is_identifier {
            self.identifiers.push(vec![Identifier::new(system, code)]);
        }
        self.shareable = is_alone;
        self
    }

    /// Adds tokens (system and code), any of which matches.
    pub(super) fn any_token(mut self, name: &'static str, tokens: &[(String, String)]) -> Self {
        let token =
            |(system, code): &(String, String)| format!("{}|{}", escape(system), escape(code));
        let texts: Vec<_> = tokens.iter().map(token).collect();
        self = self.with(name, texts.join(","));
        if name == IDENTIFIER {
            let identifiers = tokens.iter();
            let identifiers =
                identifiers.map(|(system, value)| Identifier::new(Some(system), value));
            self.identifiers.push(identifiers.collect());
        }
        self
    }

    /// Adds a string, which matches by its beginning.
    pub(super) fn string(self, name: &'static str, value: &str) -> Self {
        self.with(name, escape(value))
    }

    fn with(mut self, name: &'static str, value: String) -> Self {
        self.shareable = false;
        self.parameters.push((name, value));
        self
    }

    /// Whether it may be made together with others, by [`Self::any_of`].
    #[must_use]
    pub const fn is_shareable(&self) -> bool {
        self.shareable
    }

    /// Returns whether every identifier that it asks for has a system.
    #[must_use]
    pub fn has_system(&self) -> bool {
        let mut identifiers = self.identifiers.iter().flatten();
        identifiers.all(|it| {
            it.system
                .as_deref()
                .is_some_and(|system| !system.is_empty())
        })
    }

    /// One search that finds what any of these finds (R4 search, 3.1.1.3.2), and whose answers
    /// [`Self::matches`] deals out; `None` unless all are of one type and shareable.
    #[must_use]
    pub fn any_of(queries: &[&Self]) -> Option<Self> {
        let first = queries.first()?;
        let alike = |it: &&Self| it.is_shareable() && it.resource_type == first.resource_type;
        if !queries.iter().all(alike) {
            return None;
        }
        let tokens = queries.iter().flat_map(|query| &query.parameters);
        let tokens: Vec<_> = tokens.map(|(_, token)| token.as_str()).collect();
        let mut any = Self::new(first.resource_type).with(IDENTIFIER, tokens.join(","));
        let accepted = queries
            .iter()
            .flat_map(|query| &query.identifiers)
            .flatten();
        any.identifiers.push(accepted.cloned().collect());
        Some(any.with("_count", PAGE_OF_ALL.to_owned()))
    }

    /// Returns whether the resource carries an identifier that this search asks for, by the same
    /// comparison as that of the merge: servers compare more loosely. `None` when that cannot be
    /// said: the search is by something else, or the resource's identifiers cannot be read.
    #[must_use]
    pub fn matches(&self, resource: &Resource) -> Option<bool> {
        if self.identifiers.is_empty() {
            return None;
        }
        if resource.resource_type().as_deref() != Some(self.resource_type) {
            return Some(false);
        }
        let tokens = identifier::tokens(resource.object()).ok()?;
        let carries = |wanted: &Identifier| {
            let mut tokens = tokens.iter();
            tokens.any(|token| token.is(wanted.system.as_deref(), &wanted.value))
        };
        let mut parameters = self.identifiers.iter();
        Some(parameters.all(|accepted| accepted.iter().any(carries)))
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

    fn of(system: Option<&str>, code: &str) -> Query {
        Query::new("Patient").token("identifier", system, code)
    }

    #[test]
    fn several_searches_by_identifier_are_one_with_alternatives() {
        let (one, other) = (of(Some("s"), "a"), of(None, "c"));
        let any = Query::any_of(&[&one, &other]).unwrap();
        assert_eq!(any.encoded(), "identifier=s%7Ca%2C%7Cc&_count=100");
        assert_eq!(Query::any_of(&[]), None);
        for unlike in [&any, &of(Some("s"), "a,b"), &of(Some("a|b"), "c")] {
            assert_eq!(Query::any_of(&[&one, unlike]), None);
        }
        let study = Query::new("ImagingStudy").token("identifier", None, "c");
        assert_eq!(Query::any_of(&[&one, &study]), None);
    }

    #[test]
    fn a_resource_is_dealt_to_the_search_whose_identifier_it_carries() {
        let patient = |identifiers: &str| {
            let json = format!(r#"{{"resourceType":"Patient","identifier":{identifiers}}}"#);
            Resource::parse(&json).unwrap()
        };
        let stored = patient(r#"[{"system":"s","value":"a "},{"system":"","value":"c"}]"#);
        assert_eq!(of(Some("s"), "a").matches(&stored), Some(true));
        assert_eq!(of(None, "c").matches(&stored), Some(true));
        assert_eq!(of(Some("s"), "c").matches(&stored), Some(false));
        let study = Query::new("ImagingStudy").token("identifier", None, "c");
        assert_eq!(study.matches(&stored), Some(false));
        assert_eq!(of(None, "c").matches(&patient(r#""x""#)), None);
        let by_name = Query::new("Patient").string("name", "c");
        assert_eq!(by_name.matches(&stored), None);
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
