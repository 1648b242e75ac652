//! One vocabulary of failures: what went wrong (code), what the engine does about it (class), and
//! what a person can do about it (cure). This room knows no other.

mod causes;
mod code;
mod disposition;
mod omitted;
mod policy;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

pub use causes::{Cause, causes};
pub use code::Code;
pub use disposition::{Disposition, Dispositions};
pub use omitted::OmittedValue;
pub use policy::{Dependency, Operation, Symptom, classify};

/// What the engine does about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The same request may succeed later: retried in place with backoff.
    Transient,
    /// Somebody changed what we were changing: read again, merge again.
    Conflict,
    /// Needs a repair on the FHIR side: recorded with its cure and passed.
    Fhir,
    /// The instance itself is bad: recorded and passed.
    Dicom,
    /// Credentials, permissions, versions, addresses: the feed pauses until it is mended.
    Setup,
    /// A bug of our own, a panic included: recorded like `Fhir`.
    Internal,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 6] = [
        Self::Transient,
        Self::Conflict,
        Self::Fhir,
        Self::Dicom,
        Self::Setup,
        Self::Internal,
    ];

    /// The stable name that records, logs and filters use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Conflict => "conflict",
            Self::Fhir => "fhir",
            Self::Dicom => "dicom",
            Self::Setup => "setup",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a failure is about: the entry's sequence and UIDs, as far as they could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// Sequence of the feed entry.
    pub sequence: Option<u64>,
    /// Study Instance UID (0020,000D).
    pub study: Option<String>,
    /// Series Instance UID (0020,000E).
    pub series: Option<String>,
    /// SOP Instance UID (0008,0018).
    pub instance: Option<String>,
    /// Data partition; `None` for the default one.
    pub partition: Option<String>,
    /// What happened to the instance: `create`, `update`, `delete`.
    pub action: Option<String>,
    /// When it happened, by the feed's clock.
    pub timestamp: Option<Timestamp>,
    /// First 16 hex digits of the SHA-256 of the raw entry, when it could not be read.
    pub digest: Option<String>,
}

/// Something that went wrong, in words a person can act on and without patient data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Failure {
    /// What went wrong; decides class and cure.
    pub code: Code,
    /// One sentence with the particulars. Never holds a patient's name, birth date or id.
    pub message: String,
    /// How long the server asked us to wait before the next attempt (`Retry-After`).
    pub retry_after: Option<std::time::Duration>,
    /// The server's answer in its own words, for the archive alone.
    pub answer: Option<Redacted>,
}

/// What may hold patient data: it is archived when that is switched on, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Redacted(Arc<Bytes>);

impl Redacted {
    /// Withholds it.
    pub fn new(content: impl Into<Bytes>) -> Self {
        Self(Arc::new(content.into()))
    }

    /// The content, for the archive.
    #[must_use]
    pub fn reveal(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redacted(..)")
    }
}

impl Failure {
    /// A failure of this code, with a sentence of particulars.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after: None,
            answer: None,
        }
    }

    /// What the engine does about it.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.code.class()
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn cure(&self) -> &'static str {
        self.code.cure()
    }
}
