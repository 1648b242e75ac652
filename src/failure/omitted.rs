//! A value that was left out.

/// An invalid value of a mapped attribute that was left out, while the rest of its entry went on.
/// Never holds the value itself. Displays as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{keyword} {tag} {reason}; not stored in FHIR")]
pub struct OmittedValue {
    /// The attribute, as `(0010,0040)`.
    pub tag: String,
    /// Its keyword in PS3.6, as `PatientSex`.
    pub keyword: String,
    /// Which rule the value breaks, as `is none of M, F, O`.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_which_value_why_and_that_it_was_not_stored() {
        let omitted = OmittedValue {
            tag: "(0010,0040)".to_owned(),
            keyword: "PatientSex".to_owned(),
            reason: "is none of M, F, O".to_owned(),
        };
        assert_eq!(
            omitted.to_string(),
            "PatientSex (0010,0040) is none of M, F, O; not stored in FHIR"
        );
    }
}
