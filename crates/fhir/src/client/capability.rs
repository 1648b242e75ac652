//! What a server can do, by its capability statement (R4 `CapabilityStatement`).

use serde::Deserialize;

use radcast_engine::failure::{Code, Failure};

/// The longest word of the server that is told, in bytes.
const LONGEST: usize = 60;

/// The parts of a capability statement that radcast depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// `fhirVersion`, e.g. `4.0.1`.
    pub fhir_version: String,
    /// The name and version of the software, as the server tells them.
    pub software: Option<String>,
    /// The first resource type of those written that has no versions, if the server says so.
    unversioned: Option<String>,
    /// The first resource type of those written that has no conditional creates, if the server
    /// says so.
    unconditional: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    fhir_version: Option<String>,
    software: Option<Software>,
    #[serde(default)]
    rest: Vec<Rest>,
}

#[derive(Deserialize)]
struct Software {
    name: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
struct Rest {
    #[serde(default)]
    interaction: Vec<Interaction>,
    #[serde(default)]
    resource: Vec<ResourceAbilities>,
}

/// R4 `CapabilityStatement.rest.resource`. Servers leave most of it out: what is not said is not
/// held against them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceAbilities {
    #[serde(rename = "type")]
    resource_type: Option<String>,
    versioning: Option<String>,
    conditional_create: Option<bool>,
}

/// The types that are written.
const WRITTEN: [&str; 4] = ["Patient", "Endpoint", "ImagingStudy", "Observation"];

#[derive(Deserialize)]
struct Interaction {
    code: Option<String>,
}

impl Capability {
    /// Reads a capability statement and checks that radcast can work with the server: R4 (4.0.x)
    /// or R4B (4.3.x), and transactions.
    pub(super) fn check(body: &[u8]) -> Result<Self, Failure> {
        // The parser's own words may quote the answer.
        let statement: Statement = serde_json::from_slice(body).map_err(|_| {
            let message = "metadata is no capability statement";
            Failure::new(Code::FhirWrongAddress, message)
        })?;
        let fhir_version = statement.supported_version()?;
        if !statement.has_transactions() {
            let message = "the capability statement lists no interaction transaction";
            return Err(Failure::new(Code::FhirNoTransactions, message));
        }
        Ok(Self {
            fhir_version,
            unversioned: statement
                .first(|abilities| abilities.versioning.as_deref() == Some("no-version")),
            unconditional: statement.first(|abilities| abilities.conditional_create == Some(false)),
            software: statement.software.and_then(Software::title),
        })
    }

    /// Checks that what is written can be written safely.
    ///
    /// # Errors
    /// `fhir.no-conditional-create`; `fhir.no-versions`, unless versions are not required.
    pub fn check_writes(&self, require_versions: bool) -> Result<(), Failure> {
        if let Some(kind) = &self.unconditional {
            let message = format!("the capability statement has no conditionalCreate for {kind}");
            return Err(Failure::new(Code::FhirNoConditionalCreate, message));
        }
        match &self.unversioned {
            Some(kind) if require_versions => {
                let message =
                    format!("the capability statement has versioning no-version for {kind}");
                Err(Failure::new(Code::FhirNoVersions, message))
            }
            _ => Ok(()),
        }
    }
}

impl Statement {
    fn supported_version(&self) -> Result<String, Failure> {
        let version = self.fhir_version.as_deref().unwrap_or("missing");
        let version = if is_plain(version) {
            version
        } else {
            "unreadable"
        };
        if ["4.0.", "4.3."]
            .iter()
            .any(|supported| version.starts_with(supported))
        {
            return Ok(version.to_owned());
        }
        Err(Failure::new(
            Code::FhirWrongVersion,
            format!("fhirVersion is {version}"),
        ))
    }

    /// The first type that is written and of which this holds.
    fn first(&self, holds: impl Fn(&ResourceAbilities) -> bool) -> Option<String> {
        let mut abilities = self.rest.iter().flat_map(|rest| &rest.resource);
        let written = |it: &&ResourceAbilities| {
            let kind = it.resource_type.as_deref();
            kind.is_some_and(|kind| WRITTEN.contains(&kind)) && holds(it)
        };
        abilities.find(written)?.resource_type.clone()
    }

    fn has_transactions(&self) -> bool {
        let mut interactions = self.rest.iter().flat_map(|rest| &rest.interaction);
        interactions.any(|interaction| interaction.code.as_deref() == Some("transaction"))
    }
}

impl Software {
    /// Name and version, as far as they are plain.
    fn title(self) -> Option<String> {
        let name = self.name.filter(|name| is_plain(name))?;
        let version = self.version.filter(|version| is_plain(version));
        Some(version.map_or_else(|| name.clone(), |version| format!("{name} {version}")))
    }
}

/// Whether a word of the server is short and of letters, digits and a few signs: such as a terminal
/// shows as they are.
fn is_plain(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " .-_+()/".contains(c);
    text.len() <= LONGEST && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: &str, interaction: &str) -> Result<Capability, Code> {
        let json = format!(
            r#"{{"fhirVersion":"{version}","software":{{"name":"Test","version":"1"}},
                "rest":[{{"interaction":[{{"code":"{interaction}"}}]}}]}}"#
        );
        Capability::check(json.as_bytes()).map_err(|failure| failure.code)
    }

    #[test]
    fn r4_and_r4b_with_transactions_will_do() {
        for version in ["4.0.1", "4.0.0", "4.3.0"] {
            let capability = check(version, "transaction").unwrap();
            assert_eq!(capability.fhir_version, version);
            assert_eq!(capability.software.as_deref(), Some("Test 1"));
        }
    }

    #[test]
    fn other_versions_and_servers_without_transactions_are_named() {
        for version in ["3.0.2", "5.0.0", "4.6.0", ""] {
            assert_eq!(
                check(version, "transaction"),
                Err(Code::FhirWrongVersion),
                "{version}"
            );
        }
        assert_eq!(check("4.0.1", "batch"), Err(Code::FhirNoTransactions));
    }

    #[test]
    fn what_the_server_cannot_do_stops_it_and_what_is_not_said_does_not() {
        let verdict = |abilities: &str, require_versions: bool| {
            let json = format!(
                r#"{{"fhirVersion":"4.0.1","rest":[{{"interaction":[{{"code":"transaction"}}],
                    "resource":[{{"type":"Basic","versioning":"no-version"}},{abilities}]}}]}}"#
            );
            let capability = Capability::check(json.as_bytes()).unwrap();
            let checked = capability.check_writes(require_versions);
            checked.map_err(|failure| failure.code)
        };
        let unversioned = r#"{"type":"Patient","versioning":"no-version"}"#;
        assert_eq!(verdict(unversioned, true), Err(Code::FhirNoVersions));
        assert_eq!(verdict(unversioned, false), Ok(()));
        let unconditional = r#"{"type":"ImagingStudy","conditionalCreate":false}"#;
        let missing = Err(Code::FhirNoConditionalCreate);
        assert_eq!(verdict(unconditional, false), missing);
        assert_eq!(verdict(r#"{"type":"Patient"}"#, true), Ok(()));
    }

    #[test]
    fn a_name_or_version_that_is_not_plain_is_not_told() {
        for word in [
            "4.0.1\\u001b[2J",
            "4.0.1\\n",
            "4.0.1 Ω",
            &"4.0.1".repeat(20),
        ] {
            let json = format!(
                r#"{{"fhirVersion":"4.0.1","software":{{"name":"{word}"}},
                    "rest":[{{"interaction":[{{"code":"transaction"}}]}}]}}"#
            );
            let capability = Capability::check(json.as_bytes()).unwrap();
            assert_eq!(capability.software, None, "{word}");
            let failure = Capability::check(json.replacen("4.0.1", word, 1).as_bytes());
            assert_eq!(
                failure.unwrap_err().message,
                "fhirVersion is unreadable",
                "{word}"
            );
        }
    }

    #[test]
    fn a_page_that_is_no_statement_means_a_wrong_address() {
        assert_eq!(
            Capability::check(b"<html>").unwrap_err().code,
            Code::FhirWrongAddress
        );
    }
}
