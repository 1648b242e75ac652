//! Takes what identifies a patient out of texts that others wrote.

use std::collections::HashSet;

use serde_json::Value;

use radcast_dicom::NameGroup;

use super::super::StudyDelta;
use super::super::fact::Fact;
use super::super::imaging_study;
use super::PatientFacts;
use super::rows::ROWS;

/// What stands for what was taken out.
const REMOVED: &str = "[removed]";

/// The fewest bytes that are looked for inside of words; shorter values are compared with whole
/// words.
const WITHIN_WORDS: usize = 4;

/// Members of elements that identify somebody, by the element's name.
const IDENTIFYING: [(&str, &[&str]); 5] = [
    ("identifier", &["value"]),
    ("name", &["family", "given"]),
    ("telecom", &["value"]),
    ("contact", &["family", "given", "display"]),
    ("extension", &["valueString"]),
];

/// Elements whose short words, such as a house number, identify nobody.
const OF_COMMON_WORDS: [&str; 3] = ["telecom", "address", "extension"];

/// A value that identifies somebody, and which of its words do.
struct Private {
    value: String,
    shortest_word: usize,
}

impl StudyDelta {
    /// A text, such as a server's diagnostics, without the names, birth dates, ids and addresses
    /// of the patients of this delta, and without what leads to them: visits, orders, physicians.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let facts = self.statements().map(|(_, said)| &said.patient);
        let private: Vec<Private> = facts.flat_map(PatientFacts::private).collect();
        // Birth dates stand there without their hyphens too, as DICOM has them.
        let values: HashSet<String> = private
            .iter()
            .flat_map(|Private { value, .. }| [value.clone(), value.replace('-', "")])
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
        let words: HashSet<String> = private.iter().flat_map(Private::words).collect();
        without(&text, &words)
    }
}

impl Private {
    fn words(&self) -> impl Iterator<Item = String> {
        let compact = self.value.replace('-', "");
        let all: Vec<String> = words(&self.value).chain(words(&compact)).collect();
        let shortest = self.shortest_word;
        all.into_iter().filter(move |word| word.len() >= shortest)
    }
}

impl PatientFacts {
    /// PatientID and the other ids, the components of names, the birth date, numbers and
    /// addresses, and who decides for the patient.
    fn private(&self) -> Vec<Private> {
        let said = ROWS.iter().zip(self.facts.0.iter());
        let said = said.flat_map(|(row, fact)| {
            let values = fact.iter().flat_map(|fact| values(row.element, fact));
            values.map(|value| (row.element, value))
        });
        let private = said.map(|(element, value)| Private {
            value,
            shortest_word: match OF_COMMON_WORDS.contains(&element) {
                true => WITHIN_WORDS,
                false => 1,
            },
        });
        private
            .filter(|private| !private.value.trim().is_empty())
            .collect()
    }
}

/// What of a fact identifies somebody.
fn values(element: &str, fact: &Fact) -> Vec<String> {
    match fact {
        Fact::Name(group) => components(group).map(str::to_owned).to_vec(),
        // A study's UID identifies nobody.
        Fact::Patient(key) if !key.of_study => vec![key.id.to_string()],
        Fact::Text(text) if matches!(element, "birthDate" | "address") => vec![text.to_string()],
        Fact::Json(json) => members(element, json),
        Fact::List(items) => items
            .iter()
            .flat_map(|json| members(element, json))
            .collect(),
        Fact::Emptied | Fact::Patient(_) | Fact::Text(_) | Fact::Number(_) => Vec::new(),
    }
}

/// The identifying members of an element.
fn members(element: &str, json: &str) -> Vec<String> {
    let named = IDENTIFYING.into_iter().find(|(name, _)| *name == element);
    let mut texts = Vec::new();
    if let (Some((_, names)), Ok(value)) = (named, serde_json::from_str(json)) {
        gather(&value, names, false, &mut texts);
    }
    texts
}

/// The texts in members of these names, and in what they hold.
fn gather(value: &Value, names: &[&str], is_named: bool, texts: &mut Vec<String>) {
    match value {
        Value::String(text) if is_named => texts.push(text.clone()),
        Value::Array(items) => {
            for item in items {
                gather(item, names, is_named, texts);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                gather(member, names, names.contains(&name.as_str()), texts);
            }
        }
        _ => {}
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
    use radcast_dicom::Dataset;
    use radcast_engine::feed::InstanceKey;

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
            "00380010": { "vr": "LO", "Value": ["VISIT-3"] },
            "00101000": { "Value": ["FRM-0815"] },
            "00101001": { "Value": ["Formername^Zoe"] },
            "00101002": { "Value": [{ "00100020": { "Value": ["SEQ-2342"] } }] },
            "00101005": { "Value": [{ "Alphabetic": "Birthname", "Phonetic": "やまだ" }] },
            "00101040": { "Value": ["Elmstreet 1428^^Springwood"] },
            "00102150": { "Value": ["Wonderland"] },
            "00102152": { "Value": ["Hillside"] },
            "00102154": { "Value": ["+1 555 0142"] },
            "00102155": { "Value": ["^NET^Internet^canary@mail.example"] },
            "00102160": { "Value": ["Elvish"] },
            "00102297": { "Value": ["Guardianname^Eve"] },
            "00102298": { "Value": ["PARENT"] },
            "00102299": { "Value": ["Sunshine Garden"] }
        }"#;
        let dataset = Dataset::parse(Bytes::from_static(json.as_bytes())).unwrap();
        let key = InstanceKey {
            partition: None,
            study: "1.2".to_owned(),
            series: "1.3".to_owned(),
            instance: "1.4".to_owned(),
        };
        let rules = Rules {
            patient_system: Some("urn:mrn".to_owned()),
            ..Rules::new("http://dicom")
        };
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
    fn other_ids_and_names_numbers_and_addresses_go_too() {
        let text = "FRM-0815, frm-0815; SEQ-2342; FORMERNAME Zoe; birthname やまだ; Elmstreet 1428, \
                    Springwood; springwood; wonderland Hillside; +1 555 0142; canary@mail.example; Elvish; \
                    Guardianname, Eve; Sunshine Garden; sunshine: are wrong";
        let redacted = delta().redact(text);
        for private in [
            "0815",
            "2342",
            "ORMERNAME",
            "Zoe",
            "irthname",
            "やまだ",
            "Elmstreet",
            "1428",
            "pringwood",
            "onderland",
            "Hillside",
            "0142",
            "canary",
            "mail",
            "Elvish",
            "Guardian",
            "Eve",
            "unshine",
        ] {
            assert!(!redacted.contains(private), "{private} in {redacted}");
        }
        assert!(redacted.ends_with("are wrong"), "{redacted}");
    }

    #[test]
    fn what_identifies_nobody_stays() {
        let text = "ImagingStudy.status: value 'male' of study 1.2 is also unknown, fatal 412 \
                    phone home maiden old PARENT 1";
        assert_eq!(delta().redact(text), text);
    }
}
