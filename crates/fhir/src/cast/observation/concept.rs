//! Concepts that are recognised in a content tree, and concepts as FHIR has them.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use radcast_dicom::CodedConcept;

use super::super::concept::code;
use super::super::element::system;

/// A concept that is recognised by its code and scheme. Meaning and scheme version make no
/// difference: devices write them as they like.
pub(crate) struct Concept {
    /// Code Value (0008,0100).
    pub(crate) code: &'static str,
    /// Which scheme.
    pub(crate) scheme: Scheme,
    /// Codes that stood for it before, in the same scheme or one that it replaced.
    pub(crate) earlier: &'static [&'static str],
    /// What it means, in PS3.16's words.
    pub(crate) meaning: &'static str,
}

/// Schemes of recognised concepts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// `DCM`
    Dicom,
    /// `SCT`, or `SRT`, `SNM3`, `99SDM` (PS3.16 8.1), with which older devices write it.
    Snomed,
    /// `LN`
    Loinc,
}

/// A concept of DICOM (PS3.16 Annex D).
pub(super) const fn dcm(code: &'static str, meaning: &'static str) -> Concept {
    Concept {
        code,
        scheme: Scheme::Dicom,
        earlier: &[],
        meaning,
    }
}

/// A concept of SNOMED CT, with the codes that it had in SNOMED RT.
pub(super) const fn sct(
    code: &'static str,
    earlier: &'static [&'static str],
    meaning: &'static str,
) -> Concept {
    Concept {
        code,
        scheme: Scheme::Snomed,
        earlier,
        meaning,
    }
}

impl fmt::Display for Concept {
    /// As PS3.16 writes it: `(113725, DCM) Dose (RP) Total`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Dicom => "DCM",
            Scheme::Snomed => "SCT",
            Scheme::Loinc => "LN",
        };
        write!(f, "({}, {scheme}) {}", self.code, self.meaning)
    }
}

impl Scheme {
    /// Whether a Coding Scheme Designator (0008,0102) names it.
    fn is_named(self, designator: &str) -> bool {
        let names: &[&str] = match self {
            Self::Dicom => &["DCM"],
            Self::Snomed => &["SCT", "SRT", "SNM3", "99SDM", "SNOMED"],
            Self::Loinc => &["LN", "LOINC"],
        };
        let designator = designator.trim();
        names
            .iter()
            .any(|name| name.eq_ignore_ascii_case(designator))
    }

    /// Its system in FHIR.
    pub(crate) const fn system(self) -> &'static str {
        match self {
            Self::Dicom => system::DCM,
            Self::Snomed => "http://snomed.info/sct",
            Self::Loinc => "http://loinc.org",
        }
    }
}

impl Concept {
    /// Whether a coded concept is this one.
    pub(super) fn is(&self, other: &CodedConcept) -> bool {
        let (value, scheme) = (other.value.as_str(), other.scheme.as_deref());
        (value == self.code || self.earlier.contains(&value))
            && scheme.is_some_and(|scheme| self.scheme.is_named(scheme))
    }

    /// The concept as CodeableConcept; `qualifier` goes into its text.
    pub(super) fn codeable(&self, qualifier: &[String]) -> Value {
        let words = std::iter::once(self.meaning).chain(qualifier.iter().map(String::as_str));
        json!({
            "coding": [{
                "system": self.scheme.system(),
                "code": self.code,
                "display": self.meaning,
            }],
            "text": words.collect::<Vec<_>>().join(", "),
        })
    }
}

/// `Coding` of a coded value.
#[derive(Serialize)]
struct Coding<'a> {
    system: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
}

/// A coded value as CodeableConcept, under its own system; `qualifier` goes into its text.
pub(super) fn codeable(value: &CodedConcept, qualifier: &[String]) -> Option<Value> {
    let code = code(value)?;
    let words = code.display.as_deref().into_iter();
    let words = words.chain(qualifier.iter().map(String::as_str));
    let text = words.collect::<Vec<_>>().join(", ");
    let coding = Coding {
        system: &code.system,
        code: &code.code,
        display: code.display.as_deref(),
    };
    Some(if text.is_empty() {
        json!({ "coding": [coding] })
    } else {
        json!({ "coding": [coding], "text": text })
    })
}
