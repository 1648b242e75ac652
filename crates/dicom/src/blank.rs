//! Whether an object says nothing: a person's name without a letter, an item without a value.

use serde_json::Value;

/// Whether nothing stands in an object but blanks, carets and the like.
pub(super) fn is_blank(json: &[u8]) -> bool {
    serde_json::from_slice(json).is_ok_and(|value| says_nothing(&value))
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim_matches([' ', '\0', '^', '=', '\\']).is_empty(),
        Value::Array(values) => values.iter().all(says_nothing),
        Value::Object(members) => members
            .iter()
            .all(|(name, value)| name.eq_ignore_ascii_case("vr") || says_nothing(value)),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_items_are_blank_however_they_are_written() {
        for json in [
            "{}",
            r#"{"Alphabetic":null}"#,
            r#"{"Alphabetic":" ^^ ","Phonetic":"="}"#,
            r#"{"00080100":{"vr":"SH"},"00080102":{"vr":"SH","Value":[""," ",null]}}"#,
            r#"{"00400031":{"vr":"SQ","Value":[{"00080100":{"vr":"SH"}}]}}"#,
        ] {
            assert!(is_blank(json.as_bytes()), "{json}");
        }
        for json in [
            "",
            "{",
            r#"{"Alphabetic":"a"}"#,
            r#"{"00080100":{"vr":"SH","Value":[0]}}"#,
            r#"{"00080100":{"vr":"SH","BulkDataURI":"a"}}"#,
        ] {
            assert!(!is_blank(json.as_bytes()), "{json}");
        }
    }
}
