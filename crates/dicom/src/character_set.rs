//! Text that is not Unicode, by Specific Character Set (0008,0005), PS3.3 C.12.1.1.2. JSON is
//! Unicode throughout; what stands in it as binary is not.

use bytes::Bytes;
use dicom_dictionary_std::tags;
use encoding_rs::{
    EUC_JP, EUC_KR, Encoding, GB18030, GBK, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5,
    ISO_8859_6, ISO_8859_7, ISO_8859_8, ISO_8859_15, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1252,
    WINDOWS_1254,
};

use super::Reason;
use super::element::{Element, Value};

const ESCAPE: u8 = 0x1B;

/// Specific Character Set (0008,0005) of a dataset, as it is written.
#[derive(Clone)]
pub(super) struct Terms(Bytes);

/// What bytes stand for.
#[derive(Clone, Copy)]
enum Set {
    /// Bytes from 0x80 on, beside ASCII.
    High(&'static Encoding),
    /// Pairs of bytes below 0x80, which EUC-JP has with the high bit set, after this prefix.
    Pairs(&'static [u8]),
    /// ASCII, or nearly.
    Low,
}

/// Escape sequence, without the escape itself, to what it invokes (PS3.3 tables C.12-3 and C.12-4).
const ESCAPES: &[(&[u8], Set)] = &[
    (b"(B", Set::Low),
    (b"(J", Set::Low),
    (b"$B", Set::Pairs(&[])),
    (b"$(D", Set::Pairs(&[0x8F])),
    (b")I", Set::High(SHIFT_JIS)),
    (b"$)C", Set::High(EUC_KR)),
    (b"$)A", Set::High(GBK)),
    (b"-A", Set::High(WINDOWS_1252)),
    (b"-B", Set::High(ISO_8859_2)),
    (b"-C", Set::High(ISO_8859_3)),
    (b"-D", Set::High(ISO_8859_4)),
    (b"-F", Set::High(ISO_8859_7)),
    (b"-G", Set::High(ISO_8859_6)),
    (b"-H", Set::High(ISO_8859_8)),
    (b"-L", Set::High(ISO_8859_5)),
    (b"-M", Set::High(WINDOWS_1254)),
    (b"-T", Set::High(WINDOWS_874)),
    (b"-b", Set::High(ISO_8859_15)),
];

impl Terms {
    /// Those of the element with this JSON text.
    pub(super) const fn of(element: Bytes) -> Self {
        Self(element)
    }

    fn texts(&self) -> Option<Vec<String>> {
        let element = Element::read(tags::SPECIFIC_CHARACTER_SET, &self.0, || None);
        let texts = element.all().ok()?.into_iter().map(Value::into_text);
        texts.collect::<Result<_, _>>().ok()
    }
}

/// The text, and what is to be said of how it was read. `delimiters` end the reach of an escape
/// sequence, besides control characters and the backslash.
pub(super) fn decode(
    bytes: &[u8],
    terms: Option<&Terms>,
    delimiters: &[u8],
) -> Result<(String, Option<Reason>), Reason> {
    if bytes.is_ascii() && !bytes.contains(&ESCAPE) {
        return Ok((String::from_utf8_lossy(bytes).into_owned(), None));
    }
    let terms = terms.map_or(Some(Vec::new()), Terms::texts);
    let terms = terms.ok_or(Reason::CharacterSet)?;
    let sets: Option<Vec<_>> = terms.iter().map(|term| Name::of(term).known()).collect();
    let sets = sets.ok_or(Reason::CharacterSet)?;
    let is_extended = bytes.contains(&ESCAPE);
    let text = match sets.first() {
        None if is_extended => None,
        // Text that is UTF-8 by chance would be a very odd one.
        None => strictly(UTF_8, bytes),
        Some((set, _)) if is_extended => extended(bytes, *set, delimiters),
        Some((set, _)) => set.decode(bytes),
    };
    let is_misspelt = sets.iter().any(|(_, is_exact)| !is_exact);
    let note = is_misspelt.then_some(Reason::Misspelt);
    Ok((text.ok_or(Reason::CharacterSet)?, note))
}

fn strictly(set: &'static Encoding, bytes: &[u8]) -> Option<String> {
    let text = set.decode_without_bom_handling_and_without_replacement(bytes)?;
    Some(text.into_owned())
}

/// Text with escape sequences. Each delimiter leads back to the `initial` set.
fn extended(bytes: &[u8], initial: Set, delimiters: &[u8]) -> Option<String> {
    let mut text = String::new();
    let mut set = initial;
    let mut rest = bytes;
    while let Some((&first, others)) = rest.split_first() {
        if first == ESCAPE {
            let found =
                |(sequence, set): &(&[u8], Set)| Some((others.strip_prefix(*sequence)?, *set));
            (rest, set) = ESCAPES.iter().find_map(found)?;
            continue;
        }
        let is_end = |byte: u8| byte < b' ' || byte == b'\\' || delimiters.contains(&byte);
        let is_pair = matches!(set, Set::Pairs(_));
        if !is_pair && is_end(first) {
            set = initial;
            text.push(char::from(first));
            rest = others;
            continue;
        }
        let stops = |byte: &u8| *byte == ESCAPE || (!is_pair && is_end(*byte));
        let end = rest.iter().position(stops).unwrap_or(rest.len());
        let (piece, behind) = rest.split_at_checked(end)?;
        text.push_str(&set.decode(piece)?);
        rest = behind;
    }
    Some(text)
}

impl Set {
    fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::High(set) => strictly(set, bytes),
            Self::Low => bytes
                .is_ascii()
                .then(|| String::from_utf8_lossy(bytes).into_owned()),
            Self::Pairs(prefix) => {
                let (pairs, []) = bytes.as_chunks::<2>() else {
                    return None;
                };
                let euc = pairs
                    .iter()
                    .map(|pair| [prefix, &pair.map(|byte| byte | 0x80)].concat());
                strictly(EUC_JP, &euc.collect::<Vec<_>>().concat())
            }
        }
    }
}

/// The name of a character set, and the name that it is compared by.
struct Name<'a> {
    written: &'a str,
    bare: String,
}

impl<'a> Name<'a> {
    fn of(written: &'a str) -> Self {
        let letters = written.chars().filter(char::is_ascii_alphanumeric);
        let bare = letters.map(|c| c.to_ascii_uppercase()).collect();
        Self { written, bare }
    }

    /// The set of the bytes that no escape sequence precedes, and whether the name is spelt as
    /// PS3.3 has it.
    fn known(&self) -> Option<(Set, bool)> {
        let bare = self.bare.as_str();
        let prefixes = ["ISOIR", "ISO2022IR", "IR", "ISO"];
        let number = prefixes
            .into_iter()
            .find_map(|prefix| bare.strip_prefix(prefix));
        let set = match number.unwrap_or(bare) {
            "6" | "87" | "159" | "ASCII" => return Some((Set::Low, self.is_exact(number))),
            "100" | "88591" | "LATIN1" => WINDOWS_1252,
            "101" | "88592" | "LATIN2" => ISO_8859_2,
            "109" | "88593" => ISO_8859_3,
            "110" | "88594" => ISO_8859_4,
            "126" | "88597" => ISO_8859_7,
            "127" | "88596" => ISO_8859_6,
            "138" | "88598" => ISO_8859_8,
            "144" | "88595" => ISO_8859_5,
            "148" | "88599" => WINDOWS_1254,
            "166" | "TIS620" => WINDOWS_874,
            "203" | "885915" => ISO_8859_15,
            "13" => SHIFT_JIS,
            "149" => EUC_KR,
            "58" | "GBK" | "GB2312" => GBK,
            "192" | "UTF8" => UTF_8,
            "GB18030" => GB18030,
            _ => return None,
        };
        Some((Set::High(set), self.is_exact(number)))
    }

    fn is_exact(&self, number: Option<&str>) -> bool {
        let Some(number) = number else {
            return matches!(self.written, "GBK" | "GB18030" | "GB2312");
        };
        let forms = [format!("ISO_IR {number}"), format!("ISO 2022 IR {number}")];
        forms.iter().any(|form| form == self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(terms: &str, bytes: &[u8]) -> Result<(String, Option<Reason>), Reason> {
        let values = serde_json::json!({ "vr": "CS", "Value": [terms] }).to_string();
        decode(bytes, Some(&Terms::of(Bytes::from(values))), b"^=")
    }

    fn read(text: &str) -> Result<(String, Option<Reason>), Reason> {
        Ok((text.to_owned(), None))
    }

    #[test]
    fn the_examples_of_ps3_5_annexes_h_to_k_decode() {
        let h_3_1 =
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B";
        let h_3_2 = b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J";
        let i_2 = b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf";
        let cases: [(&str, &[u8], &str); 7] = [
            (
                "\\ISO 2022 IR 87",
                h_3_1,
                "Yamada^Tarou=山田^太郎=やまだ^たろう",
            ),
            (
                "ISO 2022 IR 13\\ISO 2022 IR 87",
                h_3_2,
                "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
            ),
            ("\\ISO 2022 IR 149", i_2, "Hong^Gildong=洪^吉洞=홍^길동"),
            (
                "GB18030",
                b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
                "Wang^XiaoDong=王^小东=",
            ),
            (
                "\\ISO 2022 IR 58",
                b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
                "Zhang^XiaoDong=张^小东=",
            ),
            (
                "ISO 2022 IR 100\\ISO 2022 IR 126",
                b"\x1b-F\xc4\xe9\xef^\xe9",
                "Διο^é",
            ),
            // 0x30 0x5C is U+79FB.
            ("\\ISO 2022 IR 87", b"\x1b$B0\\\x1b(B\\B", "\u{79fb}\\B"),
        ];
        for (terms, bytes, text) in cases {
            assert_eq!(person(terms, bytes), read(text), "{terms}");
        }
    }

    #[test]
    fn a_misspelt_name_is_told_of_and_an_unknown_one_is_none() {
        let misspelt = |text: &str| Ok((text.to_owned(), Some(Reason::Misspelt)));
        for name in [
            "ISO-IR 100",
            "iso_ir 100",
            "ISO_IR_100",
            "ISO IR 100",
            "latin1",
            "ISO8859-1",
        ] {
            assert_eq!(person(name, b"\xe4"), misspelt("ä"), "{name}");
        }
        assert_eq!(person("UTF-8", "ä".as_bytes()), misspelt("ä"));
        assert_eq!(person("ISO_IR 100", b"\xe4"), read("ä"));
        assert_eq!(person("GBK", b"\xcd\xf5"), read("王"));
        for unknown in ["ISO_IR 999", "EBCDIC", "?"] {
            assert_eq!(person(unknown, b"\xe4"), Err(Reason::CharacterSet));
            assert_eq!(person(unknown, b"plain"), read("plain"));
        }
    }

    #[test]
    fn bytes_outside_of_the_character_set_are_no_text() {
        for (terms, bytes) in [
            ("ISO_IR 192", &b"a\xff"[..]),
            ("ISO_IR 6", b"\xe4"),
            ("\\ISO 2022 IR 87", b"\x1b$B!"),
            ("\\ISO 2022 IR 87", b"a\x1b"),
            ("\\ISO 2022 IR 87", b"a\x1b$Zb"),
        ] {
            assert_eq!(person(terms, bytes), Err(Reason::CharacterSet), "{terms}");
        }
        assert_eq!(decode("ä".as_bytes(), None, b""), read("ä"));
        assert_eq!(decode(b"\xe4", None, b""), Err(Reason::CharacterSet));
    }
}
