//! What is wrong with the settings, all of it at once.

use std::fmt;

/// A value that the daemon cannot start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting in its canonical spelling, or the file that cannot be read.
    pub key: String,
    /// The value as given; `None` when nothing is given, and for everything that may be secret.
    pub value: Option<String>,
    /// The file or the environment variable that the value comes from.
    pub origin: Option<String>,
    /// What is wrong and what to do about it.
    pub cure: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(value) = &self.value {
            write!(f, " = {value:?}")?;
        }
        if let Some(origin) = &self.origin {
            write!(f, " ({origin})")?;
        }
        write!(f, ": {}", self.cure)
    }
}

/// Settings that the daemon cannot start with. Its text lists every problem, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Every problem; at least one.
    pub problems: Vec<Problem>,
    /// What would not have stopped the start, but may explain a problem: a misspelt key.
    pub warnings: Vec<Warning>,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What the daemon cannot start with.
    pub(super) problems: Vec<Problem>,
    /// What a person should know.
    pub(super) warnings: Vec<Warning>,
}

impl From<Findings> for Unusable {
    fn from(Findings { problems, warnings }: Findings) -> Self {
        Self { problems, warnings }
    }
}

impl std::error::Error for Unusable {}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings cannot be used:")?;
        for problem in &self.problems {
            write!(f, "\n  - {problem}")?;
        }
        for warning in &self.warnings {
            write!(f, "\n  - note: {warning}")?;
        }
        Ok(())
    }
}

/// Something about the settings that a person should know and that stops nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The setting; an unknown one in the spelling it was given in.
    pub key: String,
    /// The file or the environment variable that it comes from.
    pub origin: String,
    /// What follows from it and what to do about it.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.key, self.origin, self.message)
    }
}
