//! A structural scanner of JSON text.
//!
//! It sees strings, escapes, brackets and commas and nothing else, so that a bare `NaN` or another
//! bad token inside one element harms that element alone. What it cuts out is decoded, and
//! judged, by whoever needs it.

use std::ops::Range;

use bytes::Bytes;

use super::word;

/// The items of a JSON array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    /// The text of each item, without the white space around it; slices of the array's own buffer.
    pub items: Vec<Bytes>,
    /// Whether the array was closed. When it was not, what followed the last comma is left out.
    pub complete: bool,
}

/// Splits a JSON array into its items; `None` when the text is no array.
#[must_use]
pub fn items(json: &Bytes) -> Option<Items> {
    items_up_to(json, usize::MAX)
}

/// As [`items`], of an array that should have so many at most: with one more it is left, incomplete.
#[must_use]
pub fn items_up_to(json: &Bytes, most: usize) -> Option<Items> {
    let mut at = opening(json, b'[')?;
    let mut items = Vec::new();
    while let Some(end) = segment_end(json, at, b']') {
        let item = trim(json, at..end);
        if !item.is_empty() {
            items.push(json.slice(item));
        }
        if json.get(end) == Some(&b']') {
            return Some(Items {
                items,
                complete: true,
            });
        }
        if items.len() > most {
            break;
        }
        at = end + 1;
    }
    Some(Items {
        items,
        complete: false,
    })
}

/// Splits a JSON object into its members: the unescaped key and the text of the value.
///
/// `None` when the text is no object or the object is never closed. A member without a quoted key
/// is left out.
#[must_use]
pub fn members(json: &Bytes) -> Option<Vec<(String, Bytes)>> {
    let (members, closed) = leading_members(json);
    closed.then_some(members)
}

/// As [`members`], up to the place where the object breaks off, if it does; and whether it was
/// closed. What followed the last comma of a broken one is left out.
#[must_use]
pub fn leading_members(json: &Bytes) -> (Vec<(String, Bytes)>, bool) {
    let mut members = Vec::new();
    let closed = visit_members(json, |key, value| {
        members.push((unescape(key), json.slice(value)));
    });
    (members, closed)
}

/// The first item of the array in the member `name`, whatever its case; what follows is not looked
/// at.
pub(super) fn first_item(json: &Bytes, name: &str) -> Option<Bytes> {
    let mut at = opening(json, b'{')?;
    loop {
        let (key, value) = key(json, at..json.len())?;
        if key.eq_ignore_ascii_case(name.as_bytes()) {
            let array = json.slice(value..);
            let first = opening(&array, b'[')?;
            let item = trim(&array, first..segment_end(&array, first, b']')?);
            return (!item.is_empty()).then(|| array.slice(item));
        }
        let end = segment_end(json, value, b'}')?;
        if json.get(end) == Some(&b'}') {
            return None;
        }
        at = end + 1;
    }
}

/// Calls `visit` with the raw key (between its quotes, escapes untouched) and the range of the
/// value of each member of a JSON object; answers whether the text is an object that was closed.
pub(super) fn visit_members<'a>(
    json: &'a [u8],
    mut visit: impl FnMut(&'a [u8], Range<usize>),
) -> bool {
    let Some(mut at) = opening(json, b'{') else {
        return false;
    };
    while let Some(end) = segment_end(json, at, b'}') {
        if let Some((key, value)) = member(json, at..end) {
            visit(key, value);
        }
        if json.get(end) == Some(&b'}') {
            return true;
        }
        at = end + 1;
    }
    false
}

/// The place after the opening bracket, white space and a byte order mark before it skipped.
fn opening(json: &[u8], bracket: u8) -> Option<usize> {
    let mark: &[u8] = b"\xEF\xBB\xBF";
    let start = if json.starts_with(mark) {
        mark.len()
    } else {
        0
    };
    let at = trim(json, start..json.len()).start;
    (json.get(at) == Some(&bracket)).then_some(at + 1)
}

/// The place of the comma or of the closing bracket that ends the segment beginning at `at`.
fn segment_end(json: &[u8], mut at: usize, close: u8) -> Option<usize> {
    let mut depth = 0_usize;
    while let Some(&byte) = json.get(at) {
        match byte {
            b'"' => {
                at = string_end(json, at + 1)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            _ if depth == 0 && (byte == b',' || byte == close) => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The place after the quote that ends the string whose content begins at `at`.
#[inline]
pub(super) fn string_end(json: &[u8], mut at: usize) -> Option<usize> {
    while let Some(word) = word::at(json, at) {
        let marks = word::marks(word, b'"') | word::marks(word, b'\\');
        if marks == 0 {
            at += word::WIDTH;
            continue;
        }
        at += word::first(marks);
        if json.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        at += 2;
    }
    // The last few bytes of a text.
    loop {
        match json.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Key and value of the member that a segment holds.
fn member(json: &[u8], segment: Range<usize>) -> Option<(&[u8], Range<usize>)> {
    let (key, value) = key(json, segment.clone())?;
    Some((key, trim(json, value..segment.end)))
}

/// Key of the member that begins a segment, and the place after its colon.
fn key(json: &[u8], segment: Range<usize>) -> Option<(&[u8], usize)> {
    let start = trim_start(json, segment.clone());
    if json.get(start) != Some(&b'"') {
        return None;
    }
    let key_end = string_end(json, start + 1)?;
    let colon = trim_start(json, key_end..segment.end);
    if colon >= segment.end || json.get(colon) != Some(&b':') {
        return None;
    }
    let key = json.get(start + 1..key_end - 1)?;
    Some((key, colon + 1))
}

/// The range without the white space at either end.
fn trim(json: &[u8], range: Range<usize>) -> Range<usize> {
    let (start, mut end) = (trim_start(json, range.clone()), range.end);
    while end > start && is_blank(json, end - 1) {
        end -= 1;
    }
    start..end
}

/// The place of the first byte that is no white space; the end when there is none.
fn trim_start(json: &[u8], range: Range<usize>) -> usize {
    let mut start = range.start;
    while start < range.end && is_blank(json, start) {
        start += 1;
    }
    start
}

fn is_blank(json: &[u8], at: usize) -> bool {
    json.get(at)
        .is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

/// The text of a raw key. A key with a broken escape stands for itself.
fn unescape(key: &[u8]) -> String {
    let escaped = memchr::memchr(b'\\', key).is_some();
    let quoted = || [b"\"", key, b"\""].concat();
    escaped
        .then(|| serde_json::from_slice(&quoted()).ok())
        .flatten()
        .unwrap_or_else(|| String::from_utf8_lossy(key).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(json: &'static str) -> (Vec<String>, bool) {
        let items = items(&Bytes::from_static(json.as_bytes())).unwrap();
        let text = |item: &Bytes| String::from_utf8(item.to_vec()).unwrap();
        (items.items.iter().map(text).collect(), items.complete)
    }

    fn pairs(json: &'static str) -> Option<Vec<(String, String)>> {
        let text = |value: Bytes| String::from_utf8(value.to_vec()).unwrap();
        let members = members(&Bytes::from_static(json.as_bytes()))?;
        Some(members.into_iter().map(|(k, v)| (k, text(v))).collect())
    }

    #[test]
    fn a_bad_token_harms_its_own_item_alone() {
        let (items, complete) = split(r#"[ {"a":NaN} , {"b":[-Infinity]}, {"c":"],}\"["} ]"#);
        assert_eq!(
            items,
            [r#"{"a":NaN}"#, r#"{"b":[-Infinity]}"#, r#"{"c":"],}\"["}"#]
        );
        assert!(complete);
    }

    #[test]
    fn a_truncated_array_gives_the_items_before_the_cut() {
        assert_eq!(
            split(r#"[1, {"a":2}, {"b":"#),
            (vec!["1".into(), r#"{"a":2}"#.into()], false)
        );
        assert_eq!(split("["), (vec![], false));
    }

    #[test]
    fn an_empty_array_and_a_trailing_comma_give_no_item() {
        assert_eq!(split("\u{feff} [ ] "), (vec![], true));
        assert_eq!(split("[1,]"), (vec!["1".into()], true));
    }

    #[test]
    fn keys_are_unescaped_and_values_keep_their_bytes() {
        let found = pairs("{ \"a\\u0062\\\"\" : 1.00 , \"c\":\t[ 1, {\"d\":2} ] }").unwrap();
        let expected = [("ab\"", "1.00"), ("c", "[ 1, {\"d\":2} ]")];
        assert_eq!(found, expected.map(|(k, v)| (k.into(), v.into())));
    }

    #[test]
    fn a_member_without_a_key_is_left_out() {
        let found = pairs(r#"{ a: 1, "b" 2, "c": 3 }"#).unwrap();
        assert_eq!(found, [("c".to_owned(), "3".to_owned())]);
    }

    #[test]
    fn an_object_that_breaks_off_gives_the_members_before_the_cut() {
        let (found, closed) = leading_members(&Bytes::from_static(br#"{"a":1,"b":[2],"c"#));
        assert_eq!(
            found.iter().map(|(k, _)| k.as_str()).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert!(!closed);
    }

    #[test]
    fn the_first_item_is_found_whatever_follows_it() {
        let first = |json: &'static str| {
            let item = first_item(&Bytes::from_static(json.as_bytes()), "Value")?;
            String::from_utf8(item.to_vec()).ok()
        };
        let item = Some(r#"{"a":[1,"]"]}"#.to_owned());
        for json in [
            r#"{"vr":"SQ","Value":[ {"a":[1,"]"]} , 2]}"#,
            r#"{ "value" : [{"a":[1,"]"]}, NaN"#,
            r#"{"x":{"Value":[3]} , "Value":[{"a":[1,"]"]}]}"#,
        ] {
            assert_eq!(first(json), item, "{json}");
        }
        for json in [
            "",
            "[1]",
            r#"{"vr":"SQ"}"#,
            r#"{"Value":[]}"#,
            r#"{"Value":{"a":1}}"#,
            r#"{"Value":[1"#,
            r#"{"Value""#,
            r#"{x,"Value":[1]}"#,
        ] {
            assert_eq!(first(json), None, "{json}");
        }
    }

    #[test]
    fn what_is_no_object_or_never_ends_is_refused() {
        for json in ["", "[1]", "null", "{\"a\":1", "{\"a", "{\"a\\"] {
            assert_eq!(pairs(json), None, "{json}");
        }
        assert_eq!(items(&Bytes::from_static(b"{}")), None);
    }
}
