//! Takes what identifies a patient out of texts that others wrote.

use std::collections::HashSet;

use crate::dicom::NameGroup;

use super::super::StudyDelta;
use super::super::fact::Fact;
use super::super::imaging_study;
use super::PatientFacts;

/// What stands for what was taken out.
const REMOVED: &str = "[removed]";

/// The fewest bytes that are looked for inside of words; shorter values are compared with whole
/// words.
const WITHIN_WORDS: usize = 4;

impl StudyDelta {
    /// A text, such as a server's diagnostics, without the names, birth dates and ids of the
    /// patients of this delta, and without what leads to them: visits, orders, physicians.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let facts = self.statements().map(|(_, said)| &said.patient);
        // Birth dates stand there without their hyphens too, as DICOM has them.
        let values: HashSet<String> = facts
            .flat_map(PatientFacts::identifying)
            .flat_map(|value| [value.to_owned(), value.replace('-', "")])
            .collect();
        let mut text = text.to_owned();
        let of_studies: HashSet<String> = self
            .statements()
            .flat_map(|(_, said)| imaging_study::identifying(said))
            .collect();
        let mut long: Vec<&str> = values
            .union(&of_studies)
            .map(String::as_str)
            .filter(|value| value.len() >= WITHIN_WORDS)
            .collect();
        // A value that holds another one goes first.
        long.sort_by_key(|value| std::cmp::Reverse(value.len()));
        for value in long {
            text = text.replace(value, REMOVED);
        }
        let words: HashSet<String> = values.iter().flat_map(|value| words(value)).collect();
        without(&text, &words)
    }
}

impl PatientFacts {
    /// PatientID, the components of the name and the birth date.
    fn identifying(&self) -> impl Iterator<Item = &str> {
        let said = self.facts.0.iter().flatten().flat_map(|fact| match fact {
            Fact::Name(group) => components(group).to_vec(),
            Fact::Text(text) if text.starts_with(|c: char| c.is_ascii_digit()) => {
                vec![text.as_ref()]
            }
            _ => Vec::new(),
        });
        let said = said.chain([&*self.key.id]);
        said.filter(|value| !value.trim().is_empty())
    }
}

fn components(group: &NameGroup) -> [&str; 3] {
    [&group.family, &group.given, &group.middle]
}

fn words(value: &str) -> impl Iterator<Item = String> {
    let words = value
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(str::to_lowercase)
}

/// The text without these words, whatever their case.
fn without(text: &str, words: &HashSet<String>) -> String {
    let mut kept = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
        if words.contains(&word.to_lowercase()) {
            kept.push_str(REMOVED);
            kept.push_str(piece.get(word.len()..).unwrap_or_default());
        } else {
            kept.push_str(piece);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::cast::{Action, Change, Rules};
    use crate::dicom::{Dataset, InstanceKey};

    fn delta() -> StudyDelta {
        let json = r#"{
            "00080016": { "vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"] },
            "00080018": { "vr": "UI", "Value": ["1.4"] },
            "0020000D": { "vr": "UI", "Value": ["1.2"] },
            "0020000E": { "vr": "UI", "Value": ["1.3"] },
            "00080060": { "vr": "CS", "Value": ["CT"] },
            "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "Canary^Al", "Ideographic": "山田^太郎" }] },
            "00100020": { "vr": "LO", "Value": ["ID-4711"] },
            "00100030": { "vr": "DA", "Value": ["19660607"] },
            "00100040": { "vr": "CS", "Value": ["M"] },
            "00080050": { "vr": "SH", "Value": ["ACC-815"] },
            "00080090": { "vr": "PN", "Value": ["Doctor^Dora"] },
            "00081070": { "vr": "PN", "Value": ["Oper^Otto"] },
            "00380010": { "vr": "LO", "Value": ["VISIT-3"] }
        }"#;
        let dataset = Dataset::parse(Bytes::from_static(json.as_bytes())).unwrap();
        let key = InstanceKey {
            partition: None,
            study: "1.2".to_owned(),
            series: "1.3".to_owned(),
            instance: "1.4".to_owned(),
        };
        let rules = Rules::new("http://dicom");
        let change = Change::read(1, key, Action::Create, Some(&dataset), &rules).unwrap();
        StudyDelta::of(change)
    }

    #[test]
    fn names_ids_and_birth_dates_go_whatever_surrounds_them() {
        let text = "Patient?identifier=x|ID-4711 (CANARY, al; 山田さん, 1966-06-07, 19660607) is not unique";
        let redacted = delta().redact(text);
        for private in ["4711", "CANARY", "al;", "山田", "1966"] {
            assert!(!redacted.contains(private), "{private} in {redacted}");
        }
        assert!(redacted.ends_with("is not unique"), "{redacted}");
    }

    #[test]
    fn what_leads_to_a_person_goes_too() {
        let text = "identifier=|ACC-815, |VISIT-3 of Dora Doctor and Otto Oper, status 409";
        assert_eq!(
            delta().redact(text),
            "identifier=|[removed], |[removed] of [removed] and [removed], status 409"
        );
    }

    #[test]
    fn what_identifies_nobody_stays() {
        let text = "ImagingStudy.status: value 'male' of study 1.2 is also unknown, fatal 412";
        assert_eq!(delta().redact(text), text);
    }
}
