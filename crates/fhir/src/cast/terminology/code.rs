//! A coded concept as FHIR writes it.

use std::borrow::Cow;

use super::{scheme, sct_id, srt};

/// What becomes a `Coding` (R4 `Coding`). There is no empty display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cast) struct Code {
    /// `Coding.system`: an absolute URI.
    pub(in crate::cast) system: Cow<'static, str>,
    /// `Coding.code`: no surrounding blanks, no two in a row.
    pub(in crate::cast) code: Cow<'static, str>,
    /// `Coding.display`.
    pub(in crate::cast) display: Option<Cow<'static, str>>,
}

/// An item of a code sequence (PS3.3 Table 8.8-1), as it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::cast) struct CodedItem<'a> {
    /// Code Value (0008,0100), or Long Code Value (0008,0119).
    pub(in crate::cast) value: &'a str,
    /// Coding Scheme Designator (0008,0102).
    pub(in crate::cast) designator: &'a str,
    /// Coding Scheme UID (0008,010C).
    pub(in crate::cast) uid: Option<&'a str>,
    /// Code Meaning (0008,0104).
    pub(in crate::cast) meaning: Option<&'a str>,
}

impl Code {
    /// A concept of SNOMED CT.
    pub(in crate::cast) const fn sct(id: &'static str, display: &'static str) -> Self {
        Self {
            system: Cow::Borrowed(scheme::SCT),
            code: Cow::Borrowed(id),
            display: Some(Cow::Borrowed(display)),
        }
    }

    /// The concept of an item; none when it has no value, or neither designator nor UID. A code
    /// of SNOMED RT becomes one of SNOMED CT where that is known.
    pub(in crate::cast) fn of(item: CodedItem<'_>) -> Option<Self> {
        let value = one_line(item.value)?;
        let system = scheme::system(item.designator, item.uid)?;
        let (system, code) = match system.as_ref() {
            system if scheme::is_snomed(system) => snomed(system, value),
            scheme::MDC => (Cow::Borrowed(scheme::MDC), medical_device(value)),
            _ => (system, value),
        };
        Some(Self {
            system,
            code: Cow::Owned(code),
            display: item.meaning.and_then(one_line).map(Cow::Owned),
        })
    }
}

/// R4 `code`: blanks inside are single; none when nothing is left.
fn one_line(text: &str) -> Option<String> {
    let blank = |c: char| c.is_whitespace() || c.is_control();
    let words: Vec<_> = text.split(blank).filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The concept id; what has none keeps its value, under a system that allows it.
fn snomed(system: &str, value: String) -> (Cow<'static, str>, String) {
    if sct_id::is_concept_id(&value) {
        return (Cow::Borrowed(scheme::SCT), value);
    }
    match srt::sct(&value) {
        Some(id) => (Cow::Borrowed(scheme::SCT), id.to_owned()),
        None if system == scheme::SCT => (Cow::Borrowed(scheme::SRT), value),
        None => (Cow::Owned(system.to_owned()), value),
    }
}

/// DICOM writes codes of ISO/IEEE 11073 as `partition:element` (PS3.16 Table 8-1), FHIR as the one
/// number that both make (R4 "Using MDC with FHIR").
fn medical_device(value: String) -> String {
    let code = value.split_once(':').and_then(|(partition, element)| {
        let partition: u16 = partition.trim().parse().ok()?;
        let element: u16 = element.trim().parse().ok()?;
        Some(u32::from(partition) << 16 | u32::from(element))
    });
    code.map_or(value, |code| code.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(value: &str, designator: &str) -> Option<(String, String)> {
        let item = CodedItem {
            value,
            designator,
            ..CodedItem::default()
        };
        let code = Code::of(item)?;
        assert_eq!(code.display, None);
        Some((code.system.into_owned(), code.code.into_owned()))
    }

    fn coded(system: &str, code: &str) -> Option<(String, String)> {
        Some((system.to_owned(), code.to_owned()))
    }

    #[test]
    fn every_designator_of_snomed_leads_to_the_concept() {
        for designator in ["SRT", "SNM3", "99SDM", "SCT", "snm3 "] {
            let region = of("T-D1000", designator);
            assert_eq!(region, coded(scheme::SCT, "774007"), "{designator}");
            let side = of(" 7771000 ", designator);
            assert_eq!(side, coded(scheme::SCT, "7771000"), "{designator}");
        }
    }

    #[test]
    fn codes_without_a_concept_are_not_said_to_be_of_snomed_ct() {
        assert_eq!(of("T-99999", "SRT"), coded(scheme::SRT, "T-99999"));
        assert_eq!(of("T-99999", "SCT"), coded(scheme::SRT, "T-99999"));
        let snm3 = "http://terminology.hl7.org/CodeSystem/SNM3";
        assert_eq!(of("T-99999", "SNM3"), coded(snm3, "T-99999"));
    }

    #[test]
    fn a_private_designator_with_the_uid_of_snomed_ct_is_snomed_ct() {
        let code = Code::of(CodedItem {
            value: "T-D1000",
            designator: "99MINE",
            uid: Some("2.16.840.1.113883.6.96"),
            meaning: Some(" Head  and\r\nNeck "),
        });
        assert_eq!(code, Some(Code::sct("774007", "Head and Neck")));
    }

    #[test]
    fn other_schemes_keep_their_codes() {
        let dcm = "http://dicom.nema.org/resources/ontology/DCM";
        assert_eq!(of("T-D1000", "DCM"), coded(dcm, "T-D1000"));
        assert_eq!(
            of("CT  CHEST", "L"),
            coded("urn:dicom:scheme:L", "CT CHEST")
        );
    }

    // 2 * 65536 + 19532.
    #[test]
    fn codes_of_medical_devices_are_one_number() {
        assert_eq!(of("2:19532", "MDC"), coded(scheme::MDC, "150604"));
        for code in ["150604", "2:", "2:65536", "a:b"] {
            assert_eq!(of(code, "MDC"), coded(scheme::MDC, code));
        }
    }

    #[test]
    fn no_value_or_no_scheme_is_no_code() {
        for (value, designator) in [("", "DCM"), (" \0", "DCM"), ("1", ""), ("1", " ")] {
            assert_eq!(of(value, designator), None);
        }
    }

    proptest! {
        #[test]
        fn snomed_ct_has_concept_ids_alone(value in "[A-Z0-9-]{1,18}", designator in "SCT|SRT|SNM3|99SDM|SNOMED") {
            if let Some((system, code)) = of(&value, &designator) {
                prop_assert_eq!(system == scheme::SCT, sct_id::is_concept_id(&code));
            }
        }

        #[test]
        fn codes_are_what_fhir_calls_one(value in any::<String>(), meaning in any::<String>()) {
            let item = CodedItem { value: &value, designator: "DCM", uid: None, meaning: Some(&meaning) };
            if let Some(code) = Code::of(item) {
                prop_assert_eq!(code.code.split(' ').find(|word| word.is_empty()), None);
                prop_assert!(!code.code.contains(char::is_control));
                prop_assert!(code.display.is_none_or(|text| !text.trim().is_empty()));
            }
        }
    }
}
