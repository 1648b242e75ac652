//! Code sequences: the items of the Code Sequence Macro (PS3.3 8.8).

use std::fmt;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::flawed::Flaw;
use super::{Dataset, Flawed, InvalidValue, Reason, keyword};

/// A concept by its code.
#[derive(Clone, PartialEq, Eq)]
pub struct CodedConcept {
    /// Code Value (0008,0100), Long Code Value (0008,0119) or URN Code Value (0008,0120).
    pub value: String,
    /// Coding Scheme Designator (0008,0102); there may be none with a URN or a UID of the scheme.
    pub scheme: Option<String>,
    /// Coding Scheme UID (0008,010C).
    pub scheme_uid: Option<String>,
    /// Coding Scheme Version (0008,0103).
    pub scheme_version: Option<String>,
    /// Code Meaning (0008,0104), in words.
    pub meaning: Option<String>,
}

impl fmt::Debug for CodedConcept {
    /// Tells nothing of the content: it is patient data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodedConcept(..)")
    }
}

impl Dataset {
    /// The concepts of a code sequence, each with its own verdict; items that say nothing are left
    /// out.
    ///
    /// # Errors
    /// An item cannot be read, lacks the code or, unless that is a URN, its scheme, or has an
    /// invalid attribute.
    pub fn coded_concepts(&self, tag: Tag) -> Vec<Result<CodedConcept, Flawed<CodedConcept>>> {
        let items = self.sequence(tag).into_iter();
        let filled = items.filter(|item| !item.as_ref().is_ok_and(Self::says_nothing));
        filled.map(|item| item?.coded_concept(tag)).collect()
    }

    fn says_nothing(&self) -> bool {
        const ALL: [Tag; 4] = [
            tags::CODE_VALUE,
            tags::LONG_CODE_VALUE,
            tags::URN_CODE_VALUE,
            tags::CODE_MEANING,
        ];
        ALL.iter()
            .all(|tag| self.element(*tag).is_none_or(|element| element.is_empty()))
    }

    fn coded_concept(&self, sequence: Tag) -> Result<CodedConcept, Flawed<CodedConcept>> {
        let invalid = |tag| InvalidValue::new(sequence, Reason::Item(keyword(tag)));
        let mut flawed = None;
        let mut text = |tag| match self.text(tag) {
            Err(Flawed { kept: None, .. }) => Err(invalid(tag)),
            Err(Flawed { kept, .. }) => {
                flawed.get_or_insert(tag);
                Ok(kept)
            }
            Ok(text) => Ok(text),
        };
        let code = match text(tags::CODE_VALUE)? {
            None => text(tags::LONG_CODE_VALUE)?,
            short => short,
        };
        let scheme = text(tags::CODING_SCHEME_DESIGNATOR)?;
        let (scheme_version, meaning) = (
            text(tags::CODING_SCHEME_VERSION)?,
            text(tags::CODE_MEANING)?,
        );
        let urn = self.uri(tags::URN_CODE_VALUE);
        let urn = urn.map_err(|_| invalid(tags::URN_CODE_VALUE))?;
        let scheme_uid = self.uid(tags::CODING_SCHEME_UID);
        let scheme_uid = scheme_uid.map_err(|_| invalid(tags::CODING_SCHEME_UID))?;
        if code.is_some() && scheme.is_none() && scheme_uid.is_none() {
            return Err(invalid(tags::CODING_SCHEME_DESIGNATOR).into());
        }
        let concept = CodedConcept {
            value: code.or(urn).ok_or_else(|| invalid(tags::CODE_VALUE))?,
            scheme,
            scheme_uid,
            scheme_version,
            meaning,
        };
        match flawed {
            Some(tag) => {
                let flaw = Flaw::kept(Reason::Item(keyword(tag)), concept);
                Err(Flawed::new(sequence, flaw))
            }
            None => Ok(concept),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read(items: &str) -> Vec<Result<CodedConcept, Flawed<CodedConcept>>> {
        let json = format!(r#"{{"00081032":{{"vr":"SQ","Value":{items}}}}}"#);
        let dataset = Dataset::parse(Bytes::from(json)).unwrap();
        dataset.coded_concepts(tags::PROCEDURE_CODE_SEQUENCE)
    }

    fn reason(items: &str) -> String {
        let mut read = read(items);
        assert_eq!(read.len(), 1, "{items}");
        read.remove(0).unwrap_err().to_string()
    }

    #[test]
    fn a_code_has_scheme_version_and_meaning() {
        let item = r#"[{"00080100":{"Value":["77477000"]},"00080102":{"Value":["SCT"]},
            "00080103":{"Value":["2024"]},"00080104":{"Value":["CT"]},
            "0008010C":{"Value":["2.16.840.1.113883.6.96"]}}]"#;
        let expected = CodedConcept {
            value: "77477000".to_owned(),
            scheme: Some("SCT".to_owned()),
            scheme_uid: Some("2.16.840.1.113883.6.96".to_owned()),
            scheme_version: Some("2024".to_owned()),
            meaning: Some("CT".to_owned()),
        };
        assert_eq!(read(item), [Ok(expected)]);
    }

    #[test]
    fn long_codes_and_urns_are_codes_too() {
        let long = "1".repeat(40);
        let item =
            format!(r#"[{{"00080119":{{"Value":["{long}"]}},"00080102":{{"Value":["X"]}}}}]"#);
        assert_eq!(read(&item)[0].as_ref().unwrap().value, long);
        let urn = r#"[{"00080120":{"Value":["urn:lex:a"]}}]"#;
        assert_eq!(read(urn)[0].as_ref().unwrap().value, "urn:lex:a");
    }

    #[test]
    fn an_item_that_says_nothing_is_none() {
        let empty = r#"[{}, {"00080100":{"vr":"SH"},"00080104":{"Value":[""]}}, null]"#;
        assert_eq!(read(empty), []);
        assert_eq!(read("null"), []);
    }

    #[test]
    fn one_bad_item_is_one_bad_item() {
        let items = r#"[{"00080104":{"Value":["CT"]}},
            {"00080100":{"Value":["1"]},"00080102":{"Value":["SCT"]}}, "CT", NaN,
            {"00080100":{"Value":["2"]},"0008010C":{"Value":["1.2"]}}]"#;
        let verdicts: Vec<_> = read(items).iter().map(Result::is_ok).collect();
        assert_eq!(verdicts, [false, true, false, false, true]);
    }

    #[test]
    fn what_is_missing_or_invalid_is_named() {
        let without = |what: &str| {
            format!(
                "ProcedureCodeSequence (0008,1032) has an item whose {what} is missing or invalid"
            )
        };
        let nameless = r#"[{"00080104":{"Value":["CT"]}}]"#;
        assert_eq!(reason(nameless), without("CodeValue"));
        let schemeless = r#"[{"00080100":{"Value":["1"]}}]"#;
        assert_eq!(reason(schemeless), without("CodingSchemeDesignator"));
        let long = r#"[{"00080100":{"Value":["12345678901234567"]},"00080102":{"Value":["X"]}}]"#;
        assert_eq!(reason(long), without("CodeValue"));
        let kept = read(long).remove(0).unwrap_err().kept;
        assert_eq!(kept.unwrap().value, "12345678901234567");
        assert!(reason(r#"["CT"]"#).contains("cannot be read"));
    }
}
