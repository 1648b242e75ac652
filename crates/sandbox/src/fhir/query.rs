//! A search as it is asked for (R4 Search 3.1.1): the query part of a URL, or `If-None-Exist`.

use super::address::{Address, within};
use super::index::normalised;
use super::outcome::Refusal;
use super::parameter::{Kind, Parameter, ResourceType};
use super::token::{Token, cut, unescape};
use super::validation::is_id;

/// Entries of a page when `_count` is absent.
const DEFAULT_PAGE: u32 = 50;

/// Entries of a page at most, whatever `_count` says.
const MAX_PAGE: u32 = 1000;

/// Parameters that say how to answer; they are read before the search is.
const PRESENTATION: [&str; 2] = ["_format", "_pretty"];

/// Parameters that shape the result.
pub(super) const RESULT: [&str; 4] = ["_count", "_include", "_offset", "_summary"];

/// What a resource must fulfil to be found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Criterion {
    /// One of these ids.
    Id(Vec<String>),
    /// One of these matches in the index.
    Indexed {
        /// The name of the search parameter.
        parameter: &'static str,
        /// The alternatives.
        matches: Vec<Match>,
    },
}

/// What matches a row of the index.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// A token.
    Token(Token),
    /// The start of a normalised string.
    Prefix(String),
}

/// A search over the resources of one type.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) kind: &'static ResourceType,
    /// All of them must be fulfilled.
    pub(super) criteria: Vec<Criterion>,
    /// Entries of a page; with 0, the total is the answer.
    pub(super) page_size: u32,
    /// The resource behind which the page begins.
    pub(super) after: i64,
    /// The references whose resources come with the matches.
    pub(super) includes: Vec<&'static str>,
    /// The parameters as they came, for the links.
    pub(super) pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads a search; `base` is the address of this store.
    ///
    /// # Errors
    /// A parameter is not known, or its value cannot be read.
    pub(super) fn parse(
        kind: &'static ResourceType,
        base: &str,
        query: &str,
    ) -> Result<Self, Refusal> {
        let mut parsed = Self {
            kind,
            criteria: Vec::new(),
            page_size: DEFAULT_PAGE,
            after: 0,
            includes: Vec::new(),
            pairs: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .filter(|(name, _)| !PRESENTATION.contains(&name.as_str()))
                .collect(),
        };
        for (name, value) in parsed.pairs.clone() {
            parsed.take(base, &name, &value)?;
        }
        Ok(parsed)
    }

    /// Reads the condition of a conditional create, which must ask for something.
    ///
    /// # Errors
    /// As [`Query::parse`], or there is no criterion, or a parameter that is none.
    pub(super) fn condition(
        kind: &'static ResourceType,
        base: &str,
        query: &str,
    ) -> Result<Self, Refusal> {
        let query = Self::parse(kind, base, query.strip_prefix('?').unwrap_or(query))?;
        if query.criteria.is_empty() || query.criteria.len() != query.pairs.len() {
            return Err(Refusal::invalid(
                "If-None-Exist must hold search criteria, e.g. identifier=system|value, and no others",
            ));
        }
        Ok(query)
    }

    fn take(&mut self, base: &str, name: &str, value: &str) -> Result<(), Refusal> {
        match name {
            _ if value.is_empty() => return Err(bad_value(name, "a value")),
            "_count" => self.page_size = count(value)?,
            "_include" => self.includes.push(include(self.kind, value)?),
            "_offset" => {
                self.after = value
                    .parse()
                    .map_err(|_| bad_value(name, "taken from a link of a bundle"))?;
            }
            "_summary" if value == "count" => self.page_size = 0,
            "_summary" if value == "false" => {}
            "_summary" => return Err(bad_value(name, "count or false")),
            "_id" => {
                let ids = cut(value, ',').into_iter().map(unescape);
                self.criteria
                    .push(Criterion::Id(ids.collect::<Result<_, _>>()?));
            }
            _ => {
                let parameter = self
                    .kind
                    .parameter(name)
                    .ok_or_else(|| unknown(self.kind, name))?;
                self.criteria.push(criterion(parameter, base, value)?);
            }
        }
        Ok(())
    }
}

fn criterion(parameter: &'static Parameter, base: &str, value: &str) -> Result<Criterion, Refusal> {
    let mut matches = Vec::new();
    for alternative in cut(value, ',') {
        matches.extend(self::matches(parameter.kind, base, alternative)?);
    }
    Ok(Criterion::Indexed {
        parameter: parameter.name,
        matches,
    })
}

fn matches(kind: Kind, base: &str, alternative: &str) -> Result<Vec<Match>, Refusal> {
    match kind {
        Kind::Identifier | Kind::Coding | Kind::CodeableConcept | Kind::Code(_) | Kind::Id => {
            Ok(vec![Match::Token(Token::parse(alternative)?)])
        }
        Kind::Text | Kind::HumanName => {
            let text = unescape(alternative)?;
            if text.is_empty() {
                return Err(Refusal::invalid("a search value is empty"));
            }
            Ok(vec![Match::Prefix(normalised(&text))])
        }
        Kind::Reference(targets) => references(targets, base, alternative),
    }
}

/// `Type/id`, a full URL, or a bare id of any of the types that the parameter leads to.
fn references(targets: &[&str], base: &str, alternative: &str) -> Result<Vec<Match>, Refusal> {
    let reference = unescape(alternative)?;
    let reference = within(base, &reference);
    let exact = |value: String| Match::Token(Token::Value(value));
    if let Some(address) = Address::parse(reference) {
        return Ok(vec![exact(address.to_string())]);
    }
    if reference.contains([':', '#']) {
        return Ok(vec![exact(reference.to_owned())]);
    }
    if is_id(reference) {
        return Ok(targets
            .iter()
            .map(|target| exact(format!("{target}/{reference}")))
            .collect());
    }
    Err(Refusal::invalid(
        "a reference is searched for as Type/id, id or full URL",
    ))
}

fn count(value: &str) -> Result<u32, Refusal> {
    value
        .parse()
        .map(|count: u32| count.min(MAX_PAGE))
        .map_err(|_| bad_value("_count", "an integer from 0"))
}

fn include(kind: &ResourceType, value: &str) -> Result<&'static str, Refusal> {
    value
        .split_once(':')
        .filter(|(source, _)| *source == kind.name)
        .and_then(|(_, name)| kind.parameter(name))
        .filter(|parameter| matches!(parameter.kind, Kind::Reference(_)))
        .map(|parameter| parameter.name)
        .ok_or_else(|| {
            let known = includes(kind).collect::<Vec<_>>().join(", ");
            bad_value("_include", &format!("one of: {known}"))
        })
}

/// What `_include` can ask for with this type.
pub(super) fn includes(kind: &ResourceType) -> impl Iterator<Item = String> {
    kind.parameters
        .iter()
        .filter(|parameter| matches!(parameter.kind, Kind::Reference(_)))
        .map(|parameter| format!("{}:{}", kind.name, parameter.name))
}

fn bad_value(name: &str, asked_for: &str) -> Refusal {
    Refusal::invalid(format!("the value of {name} must be {asked_for}"))
}

fn unknown(kind: &ResourceType, name: &str) -> Refusal {
    let known: Vec<_> = kind
        .parameters
        .iter()
        .map(|parameter| parameter.name)
        .chain(["_id"])
        .chain(RESULT)
        .chain(PRESENTATION)
        .collect();
    Refusal::unsupported(format!(
        "search parameter {name} is not known for {}; known are: {}",
        kind.name,
        known.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, query: &str) -> Result<Query, Refusal> {
        Query::parse(ResourceType::named(name).unwrap(), "http://h/fhir", query)
    }

    #[test]
    fn an_unknown_parameter_is_named_with_the_known_ones() {
        let refusal = parse("Patient", "birthdate=2000").unwrap_err();
        assert!(
            refusal
                .diagnostics
                .contains("birthdate is not known for Patient")
        );
        assert!(
            refusal
                .diagnostics
                .contains("identifier, name, family, _id")
        );
    }

    #[test]
    fn a_repeated_parameter_is_two_criteria_and_a_comma_two_alternatives() {
        let query = parse("Patient", "identifier=a,b&identifier=c").unwrap();
        let alternatives: Vec<_> = query
            .criteria
            .iter()
            .map(|criterion| match criterion {
                Criterion::Indexed { matches, .. } => matches.len(),
                Criterion::Id(ids) => ids.len(),
            })
            .collect();
        assert_eq!(alternatives, [2, 1]);
    }

    #[test]
    fn the_page_is_bounded() {
        assert_eq!(parse("Patient", "").unwrap().page_size, DEFAULT_PAGE);
        assert_eq!(parse("Patient", "_count=5000").unwrap().page_size, MAX_PAGE);
        assert_eq!(parse("Patient", "_summary=count").unwrap().page_size, 0);
        assert!(parse("Patient", "_count=-1").is_err());
    }

    #[test]
    fn a_bare_id_is_looked_for_in_every_target_type() {
        let query = parse("ImagingStudy", "subject=7").unwrap();
        let exact = |value: &str| Match::Token(Token::Value(value.to_owned()));
        let matches = vec![exact("Patient/7"), exact("Device/7"), exact("Group/7")];
        assert_eq!(
            query.criteria,
            [Criterion::Indexed {
                parameter: "subject",
                matches
            }]
        );
    }

    #[test]
    fn a_condition_holds_criteria_alone() {
        let kind = ResourceType::named("Patient").unwrap();
        let condition = |query| Query::condition(kind, "http://h/fhir", query);
        assert!(condition("?identifier=s%7Cv").is_ok());
        for query in [
            "",
            "_count=1",
            "identifier=a&_summary=count",
            "Patient?identifier=a",
        ] {
            assert!(condition(query).is_err(), "{query}");
        }
    }
}
