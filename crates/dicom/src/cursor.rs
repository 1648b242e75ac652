//! One pass over JSON text that is as it should be, for the bulk of the feed.

use std::ops::Range;

use dicom_core::Tag;

use super::element_key::tag;
use super::scan::string_end;
use super::word::{self, each};

/// Walks JSON text once, value by value, and sees its structure alone, as
/// [`items`](super::items) and [`members`](super::members) do. Where the text is not quite as it
/// should be it answers `None`, and whoever asked turns to those, which cost more and bear more.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    json: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the beginning of a text.
    #[must_use]
    pub const fn new(json: &'a [u8]) -> Self {
        Self { json, at: 0 }
    }

    /// The place in the text.
    #[must_use]
    pub const fn place(&self) -> usize {
        self.at
    }

    /// The byte that the next value begins with.
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.json.get(self.at) {
            self.at += 1;
        }
        self.json.get(self.at).copied()
    }

    /// Goes into an array or object; answers whether there is anything in it.
    pub fn enter(&mut self, open: u8) -> Option<bool> {
        if self.peek()? != open {
            return None;
        }
        self.at += 1;
        let empty = self.peek()? == closing(open);
        self.at += usize::from(empty);
        Some(!empty)
    }

    /// Goes on behind a value in an array or object; answers whether another one follows.
    pub fn proceed(&mut self, open: u8) -> Option<bool> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(true),
            byte if byte == closing(open) => Some(false),
            _ => None,
        }
    }

    /// A member's key, as it stands between its quotes; none when it is escaped.
    pub fn key(&mut self) -> Option<&'a [u8]> {
        self.written_key().filter(|key| !key.contains(&b'\\'))
    }

    /// A member's key, as it stands between its quotes, whatever is escaped in it.
    pub fn written_key(&mut self) -> Option<&'a [u8]> {
        if self.peek()? != b'"' {
            return None;
        }
        let (start, end) = (self.at + 1, string_end(self.json, self.at + 1)?);
        let key = self.json.get(start..end - 1)?;
        self.at = end;
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        Some(key)
    }

    /// As [`Cursor::key`], of an element; `None` inside for a key that names no tag.
    #[inline]
    pub(super) fn tag(&mut self) -> Option<Option<Tag>> {
        self.peek()?;
        let rest = self.json.get(self.at..)?;
        if let Some((&[b'"', key @ .., b'"', b':'], _)) = rest.split_first_chunk::<KEY>()
            && let Some(tag) = tag(&key)
        {
            self.at += KEY;
            return Some(Some(tag));
        }
        let key = self.key()?;
        Some(key.try_into().ok().and_then(tag))
    }

    /// Passes a value, and answers where it stands.
    pub fn value(&mut self) -> Option<Range<usize>> {
        let first = self.peek()?;
        let start = self.at;
        self.at = match first {
            b'"' => string_end(self.json, start + 1)?,
            b'{' | b'[' => nested_end(self.json, start)?,
            _ => plain_end(self.json, start)?,
        };
        Some(start..self.at)
    }
}

const fn closing(open: u8) -> u8 {
    if open == b'[' { b']' } else { b'}' }
}

/// Whether a text begins as nearly every element does: `{"vr":"CS","Value":[`.
fn is_usual(json: &[u8]) -> bool {
    json.split_first_chunk::<9>().is_some_and(|(head, rest)| {
        let [head @ .., v, r] = *head;
        head == *br#"{"vr":""#
            && v.is_ascii_uppercase()
            && r.is_ascii_uppercase()
            && rest.starts_with(br#"","Value":["#)
    })
}

/// The length of that beginning, and how deep it leads.
const USUAL: (usize, usize) = (20, 2);

/// The length of an element's key, with quotes and colon.
const KEY: usize = 11;

/// The place behind the bracket that closes the one at `at`.
fn nested_end(json: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    if is_usual(json.get(at..)?) {
        at = first_value_end(json, at + USUAL.0)?;
        if json.get(at..)?.starts_with(b"]}") {
            return Some(at + 2);
        }
        depth = USUAL.1;
    }
    loop {
        match json.get(at)? {
            b'"' if is_usual_member(json.get(at..)?) => {
                at += KEY + USUAL.0;
                depth += USUAL.1;
                continue;
            }
            b'"' => {
                at = string_end(json, at + 1)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return Some(at + 1),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

/// Whether a text begins with the key of an element, and this with its usual beginning.
fn is_usual_member(json: &[u8]) -> bool {
    json.split_first_chunk::<KEY>().is_some_and(|(key, rest)| {
        matches!(key, [b'"', key @ .., b'"', b':'] if tag(key).is_some()) && is_usual(rest)
    })
}

/// The place behind the string or the numbers that an array begins with; where it begins with
/// another value, the place of that one.
fn first_value_end(json: &[u8], at: usize) -> Option<usize> {
    if json.get(at)? == &b'"' {
        string_end(json, at + 1)
    } else {
        Some(numbers_end(json, at))
    }
}

/// The place of the first byte that is in no list of numbers, or one before it.
fn numbers_end(json: &[u8], mut at: usize) -> usize {
    while let Some(word) = word::at(json, at) {
        // All brackets and letters have this bit, and no digit or other sign of a number does.
        let marks = (word & each(0x40)) << 1 | word::marks(word, b'"');
        if marks != 0 {
            return at + word::first(marks);
        }
        at += word::WIDTH;
    }
    at
}

/// The place behind a number or a word.
fn plain_end(json: &[u8], start: usize) -> Option<usize> {
    let rest = json.get(start..)?;
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
    let len = rest.iter().position(ends)?;
    let plain = rest.get(..len)?;
    (len > 0 && !plain.iter().any(|byte| b"\"{[:".contains(byte))).then_some(start + len)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Byte by byte.
    fn plainly(json: &[u8]) -> Option<usize> {
        let (mut depth, mut quoted, mut escaped) = (0, false, false);
        for (at, byte) in json.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ if quoted => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 1 => return Some(at + 1),
                b'}' | b']' => depth -= 1,
                _ => {}
            }
        }
        None
    }

    /// Elements as they are and as they should not be.
    fn texts() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "(\"[0-9A-F]{8}\":)?\\{\"vr\":\"(CS|SQ)\",\"Value\":\\[",
            4 => r#""([a-z0-9^ ]|\\["\\n]|[{}\[\],]|é){0,40}""#,
            4 => "(\\]\\}|\\]|\\})",
            2 => "-?[0-9]{1,9}(\\.[0-9]{1,9})?(e\\+7)?",
            2 => Just(",".to_owned()),
            1 => r#"("[0-9A-G]{8}|[{\[:"]|\{"vr":"cs"|\{"Alphabetic":|null|é| )"#,
        ];
        let pieces = prop::collection::vec(piece, 0..24);
        (r#"(\{"vr":"DS","Value":\[|\[|\{)"#, pieces, "(\\]\\}){0,4}")
            .prop_map(|(first, rest, last)| [first, rest.concat(), last].concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_value_ends_where_it_ends_byte_by_byte(text in texts()) {
            let value = Cursor::new(text.as_bytes()).value();
            prop_assert_eq!(value.map(|value| value.end), plainly(text.as_bytes()));
        }
    }
}
