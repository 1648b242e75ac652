//! Passing over what nobody reads, while an answer comes in: of the metadata in a page of the feed
//! only wanted attributes are kept, so that a page of enhanced multi-frame instances, of a hundred
//! megabytes or more, takes the room of what is mapped.

use bytes::Bytes;
use dicom_core::Tag;

/// The member of an entry that holds its dataset.
const METADATA: &[u8] = b"metadata";

/// How deep an entry's members are: in the page, in the entry.
const DEEPEST_ENTRY: usize = 2;

/// How much deeper the attributes of an item are than those of the dataset that has the sequence: in
/// the attribute, in its `Value`, in the item.
const ITEM: usize = 3;

/// The longest name of a member that is looked at, in bytes: a longer one is no attribute.
const LONGEST_NAME: usize = 64;

/// What is kept of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing.
    No,
    /// All of it.
    Whole,
    /// The sequence, with what is wanted of its items.
    InItems,
}

/// Tells what is wanted of an attribute, in the items of a sequence or else in the dataset itself.
pub type Want = fn(Option<Tag>, Tag) -> Wanted;

/// Takes JSON text piece by piece, and keeps all but the attributes that are not wanted of each
/// dataset under `metadata`. Text that is no JSON is kept as it is, as far as that can be.
#[derive(Debug)]
pub struct Sieve {
    want: Want,
    kept: Vec<u8>,
    depth: usize,
    /// Inside of a text, and whether the next byte is escaped.
    text: Option<bool>,
    /// The name of the member that was read last, as it is written.
    name: Vec<u8>,
    /// The dataset that is being read, and the items inside of it.
    datasets: Vec<Attributes>,
    /// Whether the name of an attribute is being read; it is kept back until it is known.
    holds_name: bool,
    /// Whether an attribute is passed over.
    passes: bool,
}

/// The attributes of a dataset or of an item.
#[derive(Debug)]
struct Attributes {
    depth: usize,
    /// The sequence whose item it is.
    sequence: Option<Tag>,
    /// The sequence that is being read.
    reading: Option<Tag>,
    /// Whether an attribute was kept before.
    has_kept: bool,
}

impl Sieve {
    /// Keeps what is wanted.
    #[must_use]
    pub const fn new(want: Want) -> Self {
        Self {
            want,
            kept: Vec::new(),
            depth: 0,
            text: None,
            name: Vec::new(),
            datasets: Vec::new(),
            holds_name: false,
            passes: false,
        }
    }

    /// Takes the next piece of the text.
    pub fn push(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some((&byte, after)) = rest.split_first() {
            match self.text {
                Some(false) => {
                    let end = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                    let (plain, behind) = rest.split_at(end);
                    self.spell(plain);
                    rest = behind;
                    if let Some((&byte, after)) = behind.split_first() {
                        self.text = (byte == b'\\').then_some(true);
                        self.spell(&[byte]);
                        rest = after;
                    }
                }
                Some(true) => {
                    self.text = Some(false);
                    self.spell(&[byte]);
                    rest = after;
                }
                None => {
                    self.structure(byte);
                    rest = after;
                }
            }
        }
    }

    /// Returns the number of bytes kept so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether nothing was kept so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Returns the text that was kept.
    #[must_use]
    pub fn into_kept(self) -> Bytes {
        self.kept.into()
    }

    /// Part of a text, its last quotation mark included.
    fn spell(&mut self, part: &[u8]) {
        if self.may_be_name() {
            let room = (LONGEST_NAME + 1).saturating_sub(self.name.len());
            self.name.extend(part.iter().take(room));
        }
        self.emit(part);
    }

    fn emit(&mut self, part: &[u8]) {
        if !self.passes && !self.holds_name {
            self.kept.extend_from_slice(part);
        }
    }

    /// Whether a text may be the name of a member that matters.
    fn may_be_name(&self) -> bool {
        self.holds_name || self.datasets.is_empty() && self.depth <= DEEPEST_ENTRY
    }

    fn is_at_attributes(&self) -> bool {
        let innermost = self.datasets.last();
        innermost.is_some_and(|attributes| attributes.depth == self.depth)
    }

    /// A byte outside of texts.
    fn structure(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.text = Some(false);
                if self.may_be_name() {
                    self.name.clear();
                }
                self.emit(b"\"");
            }
            b':' if self.holds_name => self.judge(),
            b'{' | b'[' => self.open(byte),
            b'}' | b']' => self.close(byte),
            b',' if self.is_at_attributes() => {
                (self.passes, self.holds_name) = (false, true);
            }
            b',' => {
                if self.may_be_name() {
                    self.name.clear();
                }
                self.emit(b",");
            }
            _ => self.emit(&[byte]),
        }
    }

    /// The name of an attribute is complete.
    fn judge(&mut self) {
        self.holds_name = false;
        let Some(attributes) = self.datasets.last_mut() else {
            return;
        };
        let name = self.name.strip_suffix(b"\"").unwrap_or(&self.name);
        let tag = attribute(name);
        let wanted = match tag {
            Some(tag) => (self.want)(attributes.sequence, tag),
            None if name.len() > LONGEST_NAME => Wanted::No,
            None => Wanted::Whole,
        };
        attributes.reading = tag.filter(|_| wanted == Wanted::InItems);
        self.passes = wanted == Wanted::No;
        if !self.passes {
            let before: &[u8] = match attributes.has_kept {
                true => b",\"",
                false => b"\"",
            };
            attributes.has_kept = true;
            self.kept.extend_from_slice(before);
            self.kept.extend_from_slice(&self.name);
            self.kept.push(b':');
        }
    }

    fn open(&mut self, byte: u8) {
        self.emit(&[byte]);
        self.depth += 1;
        if byte == b'{'
            && let Some(attributes) = self.opened()
        {
            self.datasets.push(attributes);
            self.holds_name = true;
        }
        self.name.clear();
    }

    /// The attributes that begin with the object that was opened: those of an entry's dataset, or of
    /// an item of which not all is wanted.
    fn opened(&self) -> Option<Attributes> {
        let sequence = match self.datasets.last() {
            Some(outer) if self.depth == outer.depth + ITEM => Some(outer.reading?),
            Some(_) => return None,
            None => {
                let name = self.name.strip_suffix(b"\"");
                let is_of_entry = self.depth <= DEEPEST_ENTRY + 1;
                return (is_of_entry && name == Some(METADATA)).then(|| self.attributes(None));
            }
        };
        Some(self.attributes(sequence))
    }

    const fn attributes(&self, sequence: Option<Tag>) -> Attributes {
        Attributes {
            depth: self.depth,
            sequence,
            reading: None,
            has_kept: false,
        }
    }

    fn close(&mut self, byte: u8) {
        if self.is_at_attributes() {
            self.datasets.pop();
            (self.holds_name, self.passes) = (false, false);
        }
        self.depth = self.depth.saturating_sub(1);
        self.name.clear();
        self.emit(&[byte]);
    }
}

/// The attribute that a name of a member stands for.
fn attribute(name: &[u8]) -> Option<Tag> {
    let name = std::str::from_utf8(name).ok()?;
    let is_tag = name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u32::from_str_radix(name, 16).ok().filter(|_| is_tag)?;
    let [group, element] = [number >> 16, number & 0xFFFF].map(u16::try_from);
    Some(Tag(group.ok()?, element.ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    const ID: Tag = Tag(0x0010, 0x0020);
    const CONTENT: Tag = Tag(0x0040, 0xA730);
    const FRAMES: Tag = Tag(0x5200, 0x9230);
    const ANATOMY: Tag = Tag(0x0020, 0x9071);

    fn want(sequence: Option<Tag>, tag: Tag) -> Wanted {
        match (sequence, tag) {
            (None, ID | CONTENT) | (Some(FRAMES), ANATOMY) => Wanted::Whole,
            (None, FRAMES) => Wanted::InItems,
            _ => Wanted::No,
        }
    }

    fn sieved(text: &str, pieces: usize) -> String {
        let mut sieve = Sieve::new(want);
        for piece in text.as_bytes().chunks(pieces.max(1)) {
            sieve.push(piece);
        }
        String::from_utf8(sieve.into_kept().to_vec()).unwrap()
    }

    /// The same, by way of the whole.
    fn expected(mut page: Value) -> Value {
        for entry in page.as_array_mut().unwrap() {
            if let Some(Value::Object(dataset)) = entry.get_mut("metadata") {
                sift(None, dataset);
            }
        }
        page
    }

    fn sift(sequence: Option<Tag>, dataset: &mut Map<String, Value>) {
        dataset.retain(|name, value| {
            let Some(tag) = attribute(name.as_bytes()) else {
                return true;
            };
            let wanted = want(sequence, tag);
            if wanted == Wanted::InItems
                && let Some(parts) = value.as_object_mut()
            {
                // Whatever the part is called.
                for items in parts.values_mut().filter_map(Value::as_array_mut) {
                    let items = items.iter_mut().filter_map(Value::as_object_mut);
                    items.for_each(|item| sift(Some(tag), item));
                }
            }
            wanted != Wanted::No
        });
    }

    #[test]
    fn unwanted_attributes_go_wherever_they_stand() {
        let cases = [
            (r#"[{"metadata":{}}]"#, r#"[{"metadata":{}}]"#),
            (
                r#"[ {"a":"metadata","metadata" : { "00100010":{"Value":[{"Alphabetic":"x\"}"}]} , "00100020" : 1 , "52009231":[[{}]]} ,"b":2}]"#,
                r#"[ {"a":"metadata","metadata" : {"00100020": 1 } ,"b":2}]"#,
            ),
            (
                r#"{"metadata":{"00100020":{"metadata":{"00100010":1}},"x":{}}}"#,
                r#"{"metadata":{"00100020":{"metadata":{"00100010":1}},"x":{}}}"#,
            ),
            (
                r#"[{"metadata":{"52009230":{"vr":"SQ","Value":[{"00289110":{},"00209071":{"a":[{}]}},{"00209072":1},{}]},"00100020":2}}]"#,
                r#"[{"metadata":{"52009230":{"vr":"SQ","Value":[{"00209071":{"a":[{}]}},{},{}]},"00100020":2}}]"#,
            ),
            (r#"[{"metadata":null},7]"#, r#"[{"metadata":null},7]"#),
            ("<html>", "<html>"),
            ("", ""),
        ];
        for (text, left) in cases {
            for pieces in 1..text.len().max(2) {
                assert_eq!(sieved(text, pieces), left, "{pieces}");
            }
        }
    }

    #[test]
    fn what_is_passed_over_takes_no_room() {
        let mut sieve = Sieve::new(|_, _| Wanted::No);
        sieve.push(br#"[{"metadata":{"52009230":{"vr":"SQ","Value":["#);
        for _ in 0..1_000 {
            sieve.push(br#"{"00289110":{"vr":"SQ","Value":[{"x":"\\\"]}"}]}},"#);
        }
        sieve.push(b"{}]}}}]");
        assert_eq!(sieve.into_kept(), r#"[{"metadata":{}}]"#);
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            r#"[ -~"\\{}\[\],:é]{0,8}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 40, 4, |inner| {
            let name = prop_oneof![
                Just("metadata".to_owned()),
                Just("00100020".to_owned()),
                Just("0040A730".to_owned()),
                Just("00100010".to_owned()),
                Just("52009230".to_owned()),
                Just("00209071".to_owned()),
                Just("Value".to_owned()),
                r#"[a-z"\\]{0,4}"#,
            ];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(name, inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn in_pieces_as_in_one(
            entries in prop::collection::vec((json(), json()), 0..4),
            pieces in 1_usize..40,
            pretty in any::<bool>(),
        ) {
            let entries = entries.into_iter().map(|(dataset, other)| {
                json!({ "sequence": other, "metadata": dataset, "state": "current" })
            });
            let page = Value::from(entries.collect::<Vec<_>>());
            let text = if pretty { format!("{page:#}") } else { page.to_string() };
            let sieved: Value = serde_json::from_str(&sieved(&text, pieces)).unwrap();
            prop_assert_eq!(sieved, expected(page));
        }

        #[test]
        fn whatever_comes_is_taken(text in any::<Vec<u8>>(), pieces in 1_usize..9) {
            let mut sieve = Sieve::new(|_, _| Wanted::No);
            text.chunks(pieces).for_each(|piece| sieve.push(piece));
            prop_assert!(sieve.len() <= text.len() + 1);
        }
    }
}
