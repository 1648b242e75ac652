//! How strictly attributes are validated.

/// What an invalid value of a mapped attribute does to its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validation {
    /// The entry fails.
    Full,
    /// The value is left out, with a warning; only required attributes fail the entry.
    Partial,
}

impl Validation {
    /// The word for it in settings, logs and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
        }
    }
}
