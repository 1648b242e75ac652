//! A value that was left out, or kept although it is not valid.

use std::fmt;

/// An invalid value of a mapped attribute, while the rest of its entry went on. Never holds the
/// value itself. Displays as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct OmittedValue {
    /// The attribute, as `(0010,0040)`.
    pub tag: String,
    /// Its keyword in PS3.6, as `PatientSex`.
    pub keyword: String,
    /// Which rule the value breaks, as `is none of M, F, O`.
    pub reason: String,
    /// Whether it was stored all the same.
    pub is_kept: bool,
}

impl fmt::Display for OmittedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tag,
            keyword,
            reason,
            is_kept,
        } = self;
        let outcome = match is_kept {
            true => "stored in FHIR all the same",
            false => "not stored in FHIR",
        };
        write!(f, "{keyword} {tag} {reason}; {outcome}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_which_value_why_and_what_became_of_it() {
        let mut omitted = OmittedValue {
            tag: "(0010,0040)".to_owned(),
            keyword: "PatientSex".to_owned(),
            reason: "is none of M, F, O".to_owned(),
            is_kept: false,
        };
        assert_eq!(
            omitted.to_string(),
            "PatientSex (0010,0040) is none of M, F, O; not stored in FHIR"
        );
        omitted.is_kept = true;
        assert_eq!(
            omitted.to_string(),
            "PatientSex (0010,0040) is none of M, F, O; stored in FHIR all the same"
        );
    }
}
