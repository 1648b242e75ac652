//! What is wrong with an element, told without its value.

use dicom_core::Tag;

use super::keyword;

/// An element that has a value, but not one its attribute may have. Never holds the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{keyword} {tag} {reason}")]
pub struct InvalidValue {
    /// Which attribute.
    pub tag: Tag,
    /// Its keyword in PS3.6.
    pub keyword: &'static str,
    /// Which rule it breaks.
    pub reason: Reason,
    /// Whether the value is used all the same: it breaks a rule that FHIR does not have.
    pub is_kept: bool,
}

impl InvalidValue {
    /// The verdict on an attribute.
    #[must_use]
    pub fn new(tag: Tag, reason: Reason) -> Self {
        Self {
            tag,
            keyword: keyword(tag),
            reason,
            is_kept: false,
        }
    }
}

/// The rule that a value breaks (PS3.5 6.2, PS3.18 F.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Reason {
    /// The element is no DICOM JSON, or its value is of another kind than the attribute's.
    #[error("cannot be read as DICOM JSON")]
    Malformed,
    /// Several values where the attribute has one.
    #[error("has several values where one is allowed")]
    SeveralValues,
    /// More characters than the value representation takes.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// More items than anybody has use for.
    #[error("has more than {0} items")]
    TooMany(usize),
    /// Characters outside the repertoire of the value representation.
    #[error("has characters that {0} does not allow")]
    Repertoire(&'static str),
    /// Not in the form of the value representation.
    #[error("is not of the form {0}")]
    Form(&'static str),
    /// In the right form, but no such date, time or number.
    #[error("is out of range")]
    OutOfRange,
    /// Not one of the defined terms.
    #[error("is none of {0}")]
    UndefinedTerm(&'static str),
    /// An item of the sequence lacks the attribute of this keyword, or has an invalid one.
    #[error("has an item whose {0} is missing or invalid")]
    Item(&'static str),
    /// It is somewhere else.
    #[error("is given by a reference (BulkDataURI), which is not followed")]
    ByReference,
    /// Binary that is no value of the attribute's.
    #[error("is binary (InlineBinary) and no value of its attribute")]
    Binary,
    /// Bytes that no Specific Character Set (0008,0005) gives a meaning.
    #[error("has characters of no declared and known Specific Character Set")]
    CharacterSet,
    /// As above, but that the name is nearly a known one.
    #[error("is read by a Specific Character Set whose name is misspelt")]
    Misspelt,
    /// Not the UID that the feed gives the instance.
    #[error("is not the one that the feed tells")]
    Contradiction,
    /// So many irradiation events that no UID, or no valid one, tells from the others.
    #[error("has {0} irradiation events without a valid Irradiation Event UID")]
    EventsWithoutUid(usize),
    /// A patient id that stands for none.
    #[error("is one of Patient:PlaceholderIds")]
    Placeholder,
    /// A patient id of an issuer that nobody named, or that two parts of the dataset name
    /// differently.
    #[error("is of an issuer that neither Issuers nor Patient:HomeIssuers names")]
    UnknownIssuer,
}
