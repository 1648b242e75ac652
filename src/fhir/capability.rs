//! What a server can do, by its capability statement (R4 `CapabilityStatement`).

use serde::Deserialize;

use crate::failure::{Code, Failure};

/// The parts of a capability statement that radcast depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// `fhirVersion`, e.g. `4.0.1`.
    pub fhir_version: String,
    /// The name and version of the software, as the server tells them.
    pub software: Option<String>,
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
}

#[derive(Deserialize)]
struct Interaction {
    code: Option<String>,
}

impl Capability {
    /// Reads a capability statement and checks that radcast can work with the server: R4 (4.0.x)
    /// or R4B (4.3.x), and transactions.
    pub(super) fn check(body: &[u8]) -> Result<Self, Failure> {
        let statement: Statement = serde_json::from_slice(body).map_err(|error| {
            let message = format!("metadata is no capability statement: {error}");
            Failure::new(Code::FhirWrongAddress, message)
        })?;
        let fhir_version = statement.supported_version()?;
        if !statement.has_transactions() {
            let message = "the capability statement lists no interaction transaction";
            return Err(Failure::new(Code::FhirNoTransactions, message));
        }
        Ok(Self {
            fhir_version,
            software: statement.software.and_then(Software::title),
        })
    }
}

impl Statement {
    fn supported_version(&self) -> Result<String, Failure> {
        let version = self
            .fhir_version
            .clone()
            .unwrap_or_else(|| "missing".to_owned());
        if ["4.0.", "4.3."]
            .iter()
            .any(|supported| version.starts_with(supported))
        {
            return Ok(version);
        }
        Err(Failure::new(
            Code::FhirWrongVersion,
            format!("fhirVersion is {version}"),
        ))
    }

    fn has_transactions(&self) -> bool {
        let mut interactions = self.rest.iter().flat_map(|rest| &rest.interaction);
        interactions.any(|interaction| interaction.code.as_deref() == Some("transaction"))
    }
}

impl Software {
    fn title(self) -> Option<String> {
        let name = self.name?;
        Some(
            self.version
                .map_or_else(|| name.clone(), |version| format!("{name} {version}")),
        )
    }
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
    fn a_page_that_is_no_statement_means_a_wrong_address() {
        assert_eq!(
            Capability::check(b"<html>").unwrap_err().code,
            Code::FhirWrongAddress
        );
    }
}
