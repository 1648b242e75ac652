//! Sequences in implicit VR little endian (PS3.5 7.1.3, 7.5), as DICOM JSON. What is in their items
//! stays binary until somebody asks for it.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How deep sequences of unknown length are followed.
const MAX_DEPTH: usize = 16;

const ITEM: (u16, u16) = (0xFFFE, 0xE000);
const ITEM_END: (u16, u16) = (0xFFFE, 0xE00D);
const SEQUENCE_END: (u16, u16) = (0xFFFE, 0xE0DD);
const UNKNOWN: u32 = u32::MAX;

/// The items of a sequence, as a JSON array; none of what is no sequence.
pub(super) fn items(bytes: &[u8]) -> Option<String> {
    let mut rest = Bytes(bytes);
    let mut json = String::from("[");
    while !rest.0.is_empty() {
        let (tag, length) = rest.head()?;
        if tag == SEQUENCE_END {
            break;
        }
        let mut within = rest.item(tag, length, 0)?;
        if json.len() > 1 {
            json.push(',');
        }
        within.write_elements(&mut json)?;
    }
    json.push(']');
    Some(json)
}

/// What is left of a text.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// Tag and length of the next element.
    fn head(&mut self) -> Option<((u16, u16), u32)> {
        let (&[a, b, c, d, length @ ..], rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        let tag = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
        Some((tag, u32::from_le_bytes(length)))
    }

    fn take(&mut self, length: u32) -> Option<Self> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(Self(taken))
    }

    /// The content of an item whose head was read; goes behind it.
    fn item(&mut self, tag: (u16, u16), length: u32, depth: usize) -> Option<Self> {
        if tag != ITEM || depth > MAX_DEPTH {
            return None;
        }
        if length != UNKNOWN {
            return self.take(length);
        }
        let begin = *self;
        loop {
            let before = self.0.len();
            let (tag, length) = self.head()?;
            if tag == ITEM_END {
                return Some(Self(begin.0.get(..begin.0.len() - before)?));
            }
            self.value(length, depth)?;
        }
    }

    /// The value of an element; goes behind it.
    fn value(&mut self, length: u32, depth: usize) -> Option<Self> {
        if length != UNKNOWN {
            return self.take(length);
        }
        let begin = *self;
        loop {
            let before = self.0.len();
            let (tag, length) = self.head()?;
            if tag == SEQUENCE_END {
                return Some(Self(begin.0.get(..begin.0.len() - before)?));
            }
            self.item(tag, length, depth + 1)?;
        }
    }

    /// The elements of an item, as a JSON object.
    fn write_elements(&mut self, json: &mut String) -> Option<()> {
        json.push('{');
        let mut separator = "";
        while !self.0.is_empty() {
            let ((group, element), length) = self.head()?;
            let value = STANDARD.encode(self.value(length, 0)?.0);
            let text = format_args!(
                r#"{separator}"{group:04X}{element:04X}":{{"vr":"UN","InlineBinary":"{value}"}}"#
            );
            json.write_fmt(text).ok()?;
            separator = ",";
        }
        json.push('}');
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: (u16, u16), length: u32, value: &[u8]) -> Vec<u8> {
        let (group, element) = (tag.0.to_le_bytes(), tag.1.to_le_bytes());
        [&group[..], &element, &length.to_le_bytes(), value].concat()
    }

    fn known(tag: (u16, u16), value: &[u8]) -> Vec<u8> {
        element(tag, u32::try_from(value.len()).unwrap(), value)
    }

    /// With a delimiter in place of a length.
    fn unknown(tag: (u16, u16), value: &[u8], end: (u16, u16)) -> Vec<u8> {
        element(tag, UNKNOWN, &[value, &known(end, b"")].concat())
    }

    fn nested(json: &str) -> String {
        json.replace('\'', "\"")
    }

    #[test]
    fn items_of_known_and_unknown_length_are_the_same() {
        let code = known((0x0008, 0x0100), b"77 ");
        let inner = [known(ITEM, &code), unknown(ITEM, &code, ITEM_END)].concat();
        let json = nested(
            "[{'00080100':{'vr':'UN','InlineBinary':'Nzcg'}},{'00080100':{'vr':'UN','InlineBinary':'Nzcg'}}]",
        );
        assert_eq!(items(&inner).unwrap(), json);
        let ended = [inner.as_slice(), &known(SEQUENCE_END, b"")].concat();
        assert_eq!(items(&ended).unwrap(), json);
        let below = unknown((0x0040, 0xA730), &inner, SEQUENCE_END);
        let around = unknown(ITEM, &below, ITEM_END);
        let binary = STANDARD.encode(&inner);
        let json = nested(&format!(
            "[{{'0040A730':{{'vr':'UN','InlineBinary':'{binary}'}}}}]"
        ));
        assert_eq!(items(&around).unwrap(), json);
        assert_eq!(items(b"").unwrap(), "[]");
    }

    #[test]
    fn what_breaks_off_is_no_sequence() {
        let code = known((0x0008, 0x0100), b"77");
        let whole = [known(ITEM, &code), unknown(ITEM, &code, ITEM_END)].concat();
        for end in (1..whole.len()).filter(|end| *end != code.len() + 8) {
            assert_eq!(items(&whole[..end]), None, "{end}");
        }
        let mut deep = code;
        for _ in 0..MAX_DEPTH + 2 {
            let item = unknown(ITEM, &deep, ITEM_END);
            deep = unknown((0x0040, 0xA730), &item, SEQUENCE_END);
        }
        assert_eq!(items(&unknown(ITEM, &deep, ITEM_END)), None);
        assert_eq!(items(b"no sequence at all"), None);
    }
}
