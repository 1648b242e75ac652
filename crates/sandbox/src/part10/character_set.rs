//! Text of any Specific Character Set (PS3.3 C.12.1.1.2) as UTF-8.

use std::borrow::Cow;

use encoding_rs::{
    EUC_JP, EUC_KR, Encoding, GB18030, GBK, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5,
    ISO_8859_6, ISO_8859_7, ISO_8859_8, ISO_8859_15, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1252,
    WINDOWS_1254,
};

const ESCAPE: u8 = 0x1B;

/// Escape sequence, without the escape itself, to what it invokes (PS3.3 tables C.12-3 and C.12-4).
const ESCAPES: &[(&[u8], Invoked)] = &[
    (b"(B", Invoked::SingleByteLow),
    (b"(J", Invoked::SingleByteLow),
    (b"$B", Invoked::DoubleByteLow(JIS_X_0208)),
    (b"$(D", Invoked::DoubleByteLow(JIS_X_0212)),
    (b")I", Invoked::High(SHIFT_JIS)),
    (b"$)C", Invoked::High(EUC_KR)),
    (b"$)A", Invoked::High(GBK)),
    (b"-A", Invoked::High(WINDOWS_1252)),
    (b"-B", Invoked::High(ISO_8859_2)),
    (b"-C", Invoked::High(ISO_8859_3)),
    (b"-D", Invoked::High(ISO_8859_4)),
    (b"-F", Invoked::High(ISO_8859_7)),
    (b"-G", Invoked::High(ISO_8859_6)),
    (b"-H", Invoked::High(ISO_8859_8)),
    (b"-L", Invoked::High(ISO_8859_5)),
    (b"-M", Invoked::High(WINDOWS_1254)),
    (b"-T", Invoked::High(WINDOWS_874)),
    (b"-b", Invoked::High(ISO_8859_15)),
];

/// What EUC-JP puts before each character of the set.
const JIS_X_0208: &[u8] = &[];
const JIS_X_0212: &[u8] = &[0x8F];

#[derive(Clone, Copy)]
enum Invoked {
    /// Bytes below 0x80 are ASCII, or nearly.
    SingleByteLow,
    /// Pairs of bytes below 0x80 are Japanese characters; EUC-JP is the same pairs with the high
    /// bit set, after this prefix.
    DoubleByteLow(&'static [u8]),
    /// Bytes from 0x80 on are of this encoding, which has ASCII below.
    High(&'static Encoding),
}

/// The character set of a data set.
#[derive(Debug, Clone, Copy)]
pub(super) struct CharacterSet {
    initial: Option<&'static Encoding>,
    extensible: bool,
}

impl CharacterSet {
    /// The default repertoire. Its bytes from 0x80 on, which it does not have, are read as
    /// Latin-1: the set most often left undeclared.
    pub(super) const DEFAULT: Self = Self {
        initial: None,
        extensible: true,
    };

    /// By the value of Specific Character Set (0008,0005), all values together. An unknown term
    /// counts as the default repertoire.
    pub(super) fn from_terms(terms: &str) -> Self {
        let first = terms.split('\\').next().unwrap_or_default().trim();
        let initial = encoding(first);
        Self {
            initial,
            extensible: !initial.is_some_and(|e| e == UTF_8 || e == GB18030 || e == GBK)
                || first.starts_with("ISO 2022"),
        }
    }

    /// The text; what is not of the character set becomes U+FFFD. `delimiters` end the reach of an
    /// escape sequence, besides control characters and the backslash.
    pub(super) fn decode(self, bytes: &[u8], delimiters: &[u8]) -> String {
        let initial = self.initial.unwrap_or(WINDOWS_1252);
        if !self.extensible || !bytes.contains(&ESCAPE) {
            return initial.decode_without_bom_handling(bytes).0.into_owned();
        }
        let mut text = String::new();
        let mut state = State {
            high: initial,
            low: None,
        };
        let mut pieces = bytes.split(|byte| *byte == ESCAPE);
        self.decode_piece(
            pieces.next().unwrap_or_default(),
            &mut state,
            delimiters,
            &mut text,
        );
        for piece in pieces {
            let rest = state.escape(piece);
            self.decode_piece(rest, &mut state, delimiters, &mut text);
        }
        text
    }

    fn decode_piece(self, piece: &[u8], state: &mut State, delimiters: &[u8], text: &mut String) {
        let is_end = |byte: &u8| is_delimiter(*byte) || delimiters.contains(byte);
        // A delimiter among the bytes of a double-byte set is one half of a character.
        let end = match (state.low, self.initial) {
            (None, Some(_)) => piece.iter().position(is_end).unwrap_or(piece.len()),
            _ => piece.len(),
        };
        let (before, after) = piece.split_at(end);
        text.push_str(&state.decode(before));
        if let Some(initial) = self.initial
            && !after.is_empty()
        {
            state.high = initial;
            text.push_str(&state.decode(after));
        }
    }
}

/// The sets invoked at one place of a text.
struct State {
    high: &'static Encoding,
    low: Option<&'static [u8]>,
}

impl State {
    /// Takes the escape sequence at the start of `piece`; what follows it.
    fn escape<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        for (sequence, invoked) in ESCAPES {
            if let Some(rest) = piece.strip_prefix(*sequence) {
                match invoked {
                    Invoked::SingleByteLow => self.low = None,
                    Invoked::DoubleByteLow(prefix) => self.low = Some(prefix),
                    Invoked::High(encoding) => self.high = encoding,
                }
                return rest;
            }
        }
        piece
    }

    fn decode<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        let Some(prefix) = self.low else {
            return self.high.decode_without_bom_handling(bytes).0;
        };
        let mut euc = Vec::with_capacity(bytes.len() * 2);
        for pair in bytes.chunks(2) {
            euc.extend_from_slice(prefix);
            euc.extend(pair.iter().map(|byte| byte | 0x80));
        }
        Cow::Owned(EUC_JP.decode_without_bom_handling(&euc).0.into_owned())
    }
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'\\' | b'\t' | b'\n' | 0x0C | b'\r')
}

/// The encoding of bytes that no escape sequence precedes.
fn encoding(term: &str) -> Option<&'static Encoding> {
    let number = term
        .strip_prefix("ISO_IR")
        .or_else(|| term.strip_prefix("ISO 2022 IR"))
        .map_or(term, |number| number.trim_start_matches([' ', '_']));
    Some(match number {
        "100" => WINDOWS_1252,
        "101" => ISO_8859_2,
        "109" => ISO_8859_3,
        "110" => ISO_8859_4,
        "126" => ISO_8859_7,
        "127" => ISO_8859_6,
        "138" => ISO_8859_8,
        "144" => ISO_8859_5,
        "148" => WINDOWS_1254,
        "166" => WINDOWS_874,
        "203" => ISO_8859_15,
        "13" => SHIFT_JIS,
        "149" => EUC_KR,
        "58" | "GBK" => GBK,
        "192" => UTF_8,
        "GB18030" => GB18030,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(terms: &str, bytes: &[u8]) -> String {
        CharacterSet::from_terms(terms).decode(bytes, b"^=")
    }

    #[test]
    fn the_examples_of_ps3_5_annexes_h_to_k_decode() {
        let h_3_1 =
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B";
        assert_eq!(
            person("\\ISO 2022 IR 87", h_3_1),
            "Yamada^Tarou=山田^太郎=やまだ^たろう"
        );
        let h_3_2 = b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J";
        assert_eq!(
            person("ISO 2022 IR 13\\ISO 2022 IR 87", h_3_2),
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"
        );
        let i_2 = b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf";
        assert_eq!(
            person("\\ISO 2022 IR 149", i_2),
            "Hong^Gildong=洪^吉洞=홍^길동"
        );
        let j_3 = b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=";
        assert_eq!(person("GB18030", j_3), "Wang^XiaoDong=王^小东=");
        let k_2 = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=";
        assert_eq!(person("\\ISO 2022 IR 58", k_2), "Zhang^XiaoDong=张^小东=");
    }

    #[test]
    fn a_delimiter_ends_the_reach_of_an_escape_sequence() {
        let text = b"\x1b-F\xc4\xe9\xef^\xe9";
        assert_eq!(person("ISO 2022 IR 100\\ISO 2022 IR 126", text), "Διο^é");
    }

    #[test]
    fn a_backslash_inside_a_double_byte_character_is_no_delimiter() {
        // 0x30 0x5C is U+79FB.
        assert_eq!(
            person("\\ISO 2022 IR 87", b"\x1b$B0\\\x1b(B\\B"),
            "\u{79fb}\\B"
        );
    }

    #[test]
    fn jis_x_0212_and_undeclared_latin_1_decode() {
        assert_eq!(person("\\ISO 2022 IR 159", b"\x1b$(D0!\x1b(B"), "丂");
        assert_eq!(
            CharacterSet::DEFAULT.decode(b"Buc^J\xe9r\xf4me", b"^="),
            "Buc^Jérôme"
        );
    }

    #[test]
    fn bytes_outside_of_the_character_set_are_marked() {
        assert_eq!(person("ISO_IR 192", b"a\xff"), "a\u{fffd}");
        assert_eq!(person("\\ISO 2022 IR 87", b"\x1b$B!"), "\u{fffd}");
        assert_eq!(person("\\ISO 2022 IR 87", b"a\x1b"), "a");
    }
}
