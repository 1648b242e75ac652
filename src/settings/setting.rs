//! What a row of the table of settings says.

use std::fmt;
use std::time::Duration;

use super::timespan;

/// One setting: a row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    /// `Section:Key` in its canonical spelling; a last segment `*` stands for any keys below.
    pub(super) path: &'static str,
    /// What its value has to be.
    pub(super) kind: Kind,
    /// Whether it is read, and what holds when it is not given.
    pub(super) standing: Standing,
    /// One line for the reference page.
    pub(super) doc: &'static str,
}

/// What the value of a setting has to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// An absolute `http` or `https` address.
    Url,
    /// Any text.
    Text,
    /// Several texts: a list, or one text with commas between them.
    List,
    /// Text that is never shown.
    Secret,
    /// .NET `TimeSpan`, at least this long.
    Duration(Duration),
    /// `true` or `false`.
    Boolean,
    /// A whole number within these bounds, both included.
    Integer(u32, u32),
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// A name of the IANA time zone database.
    TimeZone,
    /// A path of a file.
    Path,
    /// An IP address with a port.
    Address,
}

/// Whether a setting is read, and what holds when it is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has to be given.
    Required,
    /// This holds when it is not given; empty for "nothing".
    Default(&'static str),
    /// A setting of dicom-cast that this version knows but does not use.
    Recognised,
}

impl Setting {
    /// The text that holds when the setting is not given; empty for none.
    pub(super) const fn default(&self) -> &'static str {
        match self.standing {
            Standing::Default(text) => text,
            Standing::Required | Standing::Recognised => "",
        }
    }

    /// The name of the environment variable that sets it.
    pub(super) fn variable(&self) -> String {
        self.path.replace(':', "__")
    }

    /// Whether this row covers the path, which is in lower case.
    pub(super) fn covers(&self, path: &str) -> bool {
        let own = self.path.to_lowercase();
        match own.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None if matches!(self.kind, Kind::List) => {
                let rest = path.strip_prefix(&own);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
            }
            None => own == path,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url => f.write_str("an absolute http or https address"),
            Self::Text => f.write_str("text"),
            Self::List => f.write_str("a list of texts, or one text with commas between them"),
            Self::Secret => f.write_str("secret text"),
            Self::Duration(least) if least.is_zero() => {
                f.write_str("a duration [d.]hh:mm:ss[.fffffff]")
            }
            Self::Duration(least) => write!(
                f,
                "a duration [d.]hh:mm:ss[.fffffff] of at least {}",
                timespan::format(*least)
            ),
            Self::Boolean => f.write_str("true or false"),
            Self::Integer(least, most) => write!(f, "a whole number from {least} to {most}"),
            Self::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Self::TimeZone => f.write_str("an IANA time zone such as Europe/Berlin"),
            Self::Path => f.write_str("a path"),
            Self::Address => f.write_str("an IP address with a port such as 0.0.0.0:8080"),
        }
    }
}
