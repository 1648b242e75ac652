//! The options that choose among failed entries.

use clap::Args;

use crate::cli::command_error::CommandError;
use crate::ops::failures::Filter;

/// Which failed entries. Everything that is given has to hold.
#[derive(Debug, Args)]
pub(super) struct Filters {
    /// Those of one table, or of several with commas between: dicom, fhir, transient-exhausted;
    /// tag (values left out of entries that are stored) and transient-retry only when named
    #[arg(long, value_name = "CATEGORY", help_heading = "Which entries")]
    category: Option<String>,
    /// dicom, fhir, internal, transient, conflict, or intransient for all that stay until somebody
    /// does something
    #[arg(long, value_name = "CLASS", help_heading = "Which entries")]
    class: Option<String>,
    /// A code, such as fhir.multiple-matches
    #[arg(long, value_name = "CODE", help_heading = "Which entries")]
    code: Option<String>,
    /// Of this study
    #[arg(long, value_name = "STUDY-UID", help_heading = "Which entries")]
    study: Option<String>,
    /// Of this instance
    #[arg(long, value_name = "SOP-UID", help_heading = "Which entries")]
    instance: Option<String>,
    /// From this sequence of the change feed on
    #[arg(long, value_name = "SEQUENCE", help_heading = "Which entries")]
    from: Option<String>,
    /// Up to this sequence
    #[arg(long, value_name = "SEQUENCE", help_heading = "Which entries")]
    to: Option<String>,
    /// Failed last at this time or later: 2h, 3d (ago), or 2024-06-01T08:15:00Z
    #[arg(long, value_name = "TIME", help_heading = "Which entries")]
    since: Option<String>,
    /// Failed last before this time
    #[arg(long, value_name = "TIME", help_heading = "Which entries")]
    until: Option<String>,
    /// Also those whose instance was applied by a later entry
    #[arg(long, help_heading = "Which entries")]
    superseded: bool,
}

impl Filters {
    /// Whether superseded ones are named.
    pub(super) const fn superseded(&self) -> bool {
        self.superseded
    }

    /// What they ask for.
    pub(super) fn wanted(&self) -> Result<Filter, CommandError> {
        let texts = [
            ("category", &self.category),
            ("class", &self.class),
            ("code", &self.code),
            ("study", &self.study),
            ("instance", &self.instance),
            ("from", &self.from),
            ("to", &self.to),
            ("since", &self.since),
            ("until", &self.until),
        ];
        let mut wanted = Filter::default();
        let told = |error: String| CommandError::Usage(format!("--{error}"));
        for (name, text) in texts {
            if let Some(text) = text {
                wanted.set(name, text).map_err(told)?;
            }
        }
        wanted
            .set("superseded", &self.superseded.to_string())
            .map_err(told)?;
        Ok(wanted)
    }
}
