//! Whether a stored resource kept what tells our elements from those of others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Resource;

/// The beginning of the URLs of our extensions.
const EXTENSIONS: &str = "https://radcast.invalid/fhir/StructureDefinition/";

/// The kinds of marks.
const IDS: &str = "element ids";
const OURS: &str = "extensions";
/// The mark that is not among the content of a resource, but in its `meta`.
pub const MARK_IN_META: &str = "meta.source";

/// A kind of mark and one of them.
type Mark = (&'static str, String);

impl Resource {
    /// Compares the marks that were sent with those that are stored: ids of elements, our extensions,
    /// and `meta.source`, to which servers may add a fragment. The ids of primitive elements and of
    /// contained resources are no marks of ours. Returns the kinds that were sent and kept.
    ///
    /// # Errors
    /// The kind of the first mark that is lost.
    pub fn marks_kept_in(&self, stored: &Self) -> Result<BTreeSet<&'static str>, &'static str> {
        let (sent, mut stored) = (marks(self), marks(stored));
        let mut kept = BTreeSet::new();
        for (mark, times) in sent {
            let left = stored.remove(&mark).unwrap_or_default();
            if left < times {
                return Err(mark.0);
            }
            kept.insert(mark.0);
        }
        Ok(kept)
    }
}

/// Each mark of a resource, and how often there is one.
fn marks(resource: &Resource) -> BTreeMap<Mark, usize> {
    let mut marks = BTreeMap::new();
    let json = serde_json::to_value(resource).unwrap_or_default();
    let Value::Object(members) = &json else {
        return marks;
    };
    let source = json.pointer("/meta/source").and_then(Value::as_str);
    if let Some(source) = source {
        let source = source.split('#').next().unwrap_or_default();
        count(&mut marks, (MARK_IN_META, source.to_owned()));
    }
    for (name, member) in members {
        if name != "meta" && name != "contained" {
            collect(name, member, &mut marks);
        }
    }
    marks
}

fn collect(name: &str, value: &Value, marks: &mut BTreeMap<Mark, usize>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(name, item, marks)),
        Value::Object(members) => {
            if let Some(Value::String(id)) = members.get("id").filter(|_| !name.starts_with('_')) {
                count(marks, (IDS, id.clone()));
            }
            let url = members.get("url").and_then(Value::as_str);
            if let Some(url) = url.filter(|url| url.starts_with(EXTENSIONS)) {
                count(marks, (OURS, url.to_owned()));
            }
            for (name, member) in members {
                collect(name, member, marks);
            }
        }
        _ => {}
    }
}

fn count(marks: &mut BTreeMap<Mark, usize>, mark: Mark) {
    *marks.entry(mark).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_that_is_lost_is_named_by_its_kind() {
        let ours = r#"{"url":"https://radcast.invalid/fhir/StructureDefinition/x"}"#;
        let extended = format!(r#"{{"extension":[{ours}]}}"#);
        let cases = [
            (r#"{"id":"1"}"#, r#"{"id":"2"}"#, Ok(None)),
            (r#"{"_name":{"id":"a"}}"#, "{}", Ok(None)),
            (
                r##"{"contained":[{"id":"a","name":[{"id":"b"}]}]}"##,
                r##"{"contained":[{"id":"#1"}]}"##,
                Ok(None),
            ),
            (
                r#"{"name":[{"id":"a"},{"id":"a"}]}"#,
                r#"{"id":"1","name":[{"id":"a"}]}"#,
                Err(IDS),
            ),
            (
                r#"{"name":[{"id":"a"}]}"#,
                r#"{"name":[{"id":"b"},{"id":"a"}]}"#,
                Ok(Some(IDS)),
            ),
            (
                &extended,
                r#"{"extension":[{"url":"https://x"}]}"#,
                Err(OURS),
            ),
            (
                r#"{"meta":{"source":"https://d/"}}"#,
                r#"{"meta":{"source":"https://d/#a1"}}"#,
                Ok(Some(MARK_IN_META)),
            ),
            (
                r#"{"meta":{"source":"https://d/"}}"#,
                "{}",
                Err(MARK_IN_META),
            ),
        ];
        for (sent, stored, verdict) in cases {
            let resource = |json: &str| Resource::parse(json).unwrap();
            let kept = resource(sent).marks_kept_in(&resource(stored));
            let expected = verdict.map(|kind: Option<_>| kind.into_iter().collect());
            assert_eq!(kept, expected, "{sent} {stored}");
        }
    }
}
