//! JSON text that is written as it stands.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// The mark by which serde_json tells raw JSON, as `RawValue` gives it. That type takes no text
/// without reading it once more, and the instances of a study are many.
const MARK: &str = "$serde_json::private::RawValue";

/// A part of what was read as JSON, or made of such parts: serde_json writes it as it stands.
pub(super) struct Verbatim<'a>(pub(super) &'a str);

impl Serialize for Verbatim<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut raw = serializer.serialize_struct(MARK, 1)?;
        raw.serialize_field(MARK, self.0)?;
        raw.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_raw_json_is() {
        let json = r#"{ "a":1.00,"b":["\u00e9"]}"#;
        let raw: &serde_json::value::RawValue = serde_json::from_str(json).unwrap();
        let written = serde_json::to_string(&[Verbatim(json)]).unwrap();
        assert_eq!(written, serde_json::to_string(&[raw]).unwrap());
        assert_eq!(written, format!("[{json}]"));
    }
}
