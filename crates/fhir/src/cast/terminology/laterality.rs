//! Laterality (0020,0060), Image Laterality (0020,0062) and Frame Laterality (0020,9072) as
//! SNOMED CT concepts.

use super::Code;

/// The concept of a term (PS3.16 CID 244; PS3.3 10.5 maps them). None of an undefined term.
pub(in crate::cast) fn coding(term: &str) -> Option<Code> {
    let (id, meaning) = match term.trim() {
        "R" | "r" => ("24028007", "Right"),
        "L" | "l" => ("7771000", "Left"),
        "B" | "b" => ("51440002", "Bilateral"),
        "U" | "u" => ("66459002", "Unilateral"),
        _ => return None,
    };
    Some(Code::sct(id, meaning))
}

#[cfg(test)]
mod tests {
    use super::super::{sct_id, srt};
    use super::*;

    // The SRT codes of CID 244 in PS3.16 2015, by Table O-1.
    #[test]
    fn terms_are_the_concepts_of_cid_244() {
        let codes = [
            ("R", "G-A100"),
            ("L", "G-A101"),
            ("B", "G-A102"),
            ("U", "G-A103"),
        ];
        for (term, code) in codes {
            let coding = coding(term).unwrap();
            assert_eq!(Some(coding.code.as_ref()), srt::sct(code), "{term}");
            assert!(sct_id::is_concept_id(&coding.code), "{term}");
        }
        assert_eq!(coding(" l "), Some(Code::sct("7771000", "Left")));
    }

    #[test]
    fn undefined_terms_have_none() {
        for term in ["", "RL", "RIGHT", "M", "A"] {
            assert_eq!(coding(term), None, "{term}");
        }
    }
}
