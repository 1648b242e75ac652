//! Bringing a stored resource in step with what entries say, and telling where it said something else.

use std::collections::BTreeSet;

use serde_json::Value;

use super::disagreement::Statement;
use super::edit::EditError;
use super::fact::Fact;
use super::object::Object;
use super::row::{PutFacts, Row};
use super::{Notice, StudyDelta};

/// What is brought in step with a delta, and the notices about it.
pub(super) struct Stored<'a> {
    pub(super) delta: &'a StudyDelta,
    /// `Type/id`; none of what is new.
    pub(super) name: Option<&'a str>,
    pub(super) notices: &'a mut Vec<Notice>,
    /// SOP Instance UIDs of the instances whose values took the place of others.
    pub(super) counting: &'a mut Vec<String>,
    /// How facts come into it.
    pub(super) put: PutFacts,
}

impl Stored<'_> {
    /// Brings an object of the resource in step with the facts that count, one for each row. One
    /// notice for each attribute of which it said something else that nobody has corrected: an
    /// update is meant to change it.
    pub(super) fn put(
        &mut self,
        rows: &[Row],
        facts: &[Option<&Fact>],
        statements: &[Statement<'_>],
        object: &mut Object,
    ) -> Result<(), EditError> {
        let put = self.put;
        let rows = rows.iter().zip(facts).enumerate();
        for (index, (row, fact)) in rows {
            let before = object.shared(row.element);
            put(
                std::slice::from_ref(row),
                std::slice::from_ref(fact),
                object,
            )?;
            let (Some(before), Some(fact)) = (before, fact) else {
                continue;
            };
            let after = object.get(row.element).map(|raw| raw.get());
            if loses(before.get(), after.unwrap_or("null")) {
                let mut said = statements.iter().rev();
                let speaker = said.find(|(_, said)| said.get(index) == Some(*fact));
                self.note(row, speaker);
            }
        }
        Ok(())
    }

    fn note(&mut self, row: &Row, speaker: Option<&Statement<'_>>) {
        let Some(((speaker, _), name)) = speaker.zip(self.name) else {
            return;
        };
        self.counting.push(speaker.instance.clone());
        if self.delta.updates(speaker) {
            return;
        }
        let notice = Notice::StoredValueReplaced {
            study: self.delta.study().clone(),
            keyword: row.keyword(),
            instance: speaker.instance.clone(),
            resource: name.to_owned(),
        };
        // Several rows may come from one attribute.
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }
}

/// Whether an element said something that it does not say any more.
fn loses(before: &str, after: &str) -> bool {
    if before == after {
        return false;
    }
    let value = |json: &str| serde_json::from_str(json).unwrap_or(Value::Null);
    let (mut lost, mut said) = (BTreeSet::new(), BTreeSet::new());
    leaves(&value(before), &mut lost);
    leaves(&value(after), &mut said);
    let is_said = |leaf: &String| {
        let is_finer = |other: &String| is_date(leaf) && other.starts_with(leaf.as_str());
        said.contains(leaf) || said.iter().any(is_finer)
    };
    lost.iter().any(|leaf| !is_said(leaf))
}

/// The values in an element, but for the marks of items and what dicom-cast wrote for a system.
fn leaves(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(members) => {
            for (name, member) in members {
                let is_legacy = name == "system" && member == "DCM";
                if name != "id" && !is_legacy {
                    leaves(member, found);
                }
            }
        }
        Value::String(text) => {
            found.insert(text.trim().to_owned());
        }
        // However the number is written.
        Value::Number(number) => {
            found.insert(number.as_f64().unwrap_or_default().to_string());
        }
        Value::Bool(truth) => {
            found.insert(truth.to_string());
        }
    }
}

/// Whether a text is a date, to which more may be added.
fn is_date(text: &str) -> bool {
    let is_of_date = |byte: u8| byte.is_ascii_digit() || byte == b'-';
    text.len() >= 4 && text.bytes().all(is_of_date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_loses_what_it_does_not_say_any_more() {
        let cases = [
            (r#""a""#, r#""b""#, true),
            (r#""a""#, "null", true),
            (r#""a""#, r#""a ""#, false),
            (r#""1980""#, r#""1980-02-29""#, false),
            (r#""1980-02""#, r#""1981-02""#, true),
            ("1", "1.0", false),
            (r#"[{"id":"x","v":"a"}]"#, r#"[{"v":"a"},{"v":"b"}]"#, false),
            (r#"[{"v":"a"},{"v":"b"}]"#, r#"[{"v":"a"}]"#, true),
            (
                r#"{"system":"DCM","code":"CT"}"#,
                r#"{"system":"urn:x","code":"CT"}"#,
                false,
            ),
            (
                r#"{"system":"urn:x","code":"CT"}"#,
                r#"{"system":"urn:x","code":"MR"}"#,
                true,
            ),
        ];
        for (before, after, lost) in cases {
            assert_eq!(loses(before, after), lost, "{before} {after}");
        }
    }
}
