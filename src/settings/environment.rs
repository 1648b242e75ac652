//! The process's environment: which variables are settings.

use std::collections::HashMap;
use std::ffi::OsString;

use super::layers::EnvironmentLayer;
use super::problem::{Findings, Problem, Warning};
use super::{spelling, table};

/// Names the second settings file, `appsettings.{DOTNET_ENVIRONMENT}.json`.
const ENVIRONMENT_NAME: &str = "DOTNET_ENVIRONMENT";

/// What .NET takes for the name of the environment when none is given.
const DEFAULT_ENVIRONMENT: &str = "Production";

/// Variables that the platform sets for every Azure SDK: whom tokens are asked for.
const PLATFORM: [&str; 3] = [
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
];

/// The process's environment, sorted out.
pub(super) struct Environment {
    /// The name of the environment, `Production` by default.
    pub(super) name: String,
    /// The variables that are settings.
    pub(super) variables: Vec<(String, String)>,
    /// The variables of the platform.
    pub(super) platform: HashMap<String, String>,
    /// What is wrong with them.
    pub(super) findings: Findings,
}

impl Environment {
    /// Picks out the variables of our sections and the name of the environment.
    pub(super) fn sort(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut sorted = Self {
            name: DEFAULT_ENVIRONMENT.to_owned(),
            variables: Vec::new(),
            platform: HashMap::new(),
            findings: Findings::default(),
        };
        let mut named: Vec<_> = environment
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect();
        named.sort();
        for (name, value) in named {
            sorted.take(name, value);
        }
        sorted.refuse_contradictions();
        sorted
    }

    fn take(&mut self, name: String, value: OsString) {
        if PLATFORM.contains(&name.as_str()) {
            self.platform
                .insert(name, value.to_string_lossy().into_owned());
            return;
        }
        let is_environment_name = name.eq_ignore_ascii_case(ENVIRONMENT_NAME);
        if !is_environment_name && !self.is_ours(&name) {
            return;
        }
        match value.into_string() {
            Ok(value) if !is_environment_name => self.variables.push((name, value)),
            Ok(value) if !value.is_empty() => self.name = value,
            Ok(_) => {}
            Err(_) => self.problem(&name, "is not valid UTF-8"),
        }
    }

    /// Whether the variable is of one of our sections; warns when it seems to be meant to.
    fn is_ours(&mut self, variable: &str) -> bool {
        let path = EnvironmentLayer::path(variable);
        let Some((section, _)) = path.split_once(':') else {
            return false;
        };
        let known = table::sections()
            .iter()
            .any(|known| known.eq_ignore_ascii_case(section));
        if !known {
            self.findings.warnings.extend(misspelt(variable, section));
        }
        known
    }

    /// Two spellings of one path may not have two values: which would hold is chance.
    fn refuse_contradictions(&mut self) {
        let mut values = HashMap::new();
        let mut twice = Vec::new();
        for (name, value) in &self.variables {
            let path = EnvironmentLayer::path(name).to_lowercase();
            let (first, known) = values.entry(path).or_insert((name, value));
            if *known != value {
                twice.push((
                    name.clone(),
                    format!("differs from {first}; leave one of the two"),
                ));
            }
        }
        for (name, cure) in twice {
            self.problem(&name, &cure);
        }
    }

    fn problem(&mut self, variable: &str, cure: &str) {
        let path = EnvironmentLayer::path(variable);
        let known = table::find(&path.to_lowercase()).filter(|row| !row.path.ends_with('*'));
        self.findings.problems.push(Problem {
            key: known.map_or(path, |setting| setting.path.to_owned()),
            value: None,
            origin: Some(format!("environment variable {variable}")),
            cure: cure.to_owned(),
        });
    }
}

fn misspelt(variable: &str, section: &str) -> Option<Warning> {
    let known = spelling::nearest_section(section)?;
    Some(Warning {
        key: EnvironmentLayer::path(variable),
        origin: format!("environment variable {variable}"),
        message: format!("{section} is not a known section; did you mean {known}?"),
    })
}
