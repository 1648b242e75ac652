//! Keys as the table service takes them.

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use radcast_engine::store::{PARTITION, RecordKey};

/// The longest row key of ours, in bytes; the service takes 1 KiB of UTF-16.
const LONGEST: usize = 300;

/// What stands before the two digits of a byte that may not be in a key. Unlike `%` no gateway
/// takes it for anything.
const ESCAPE: char = '~';

/// The row key as it is stored. Only rows of our own are encoded: others' keys are as they are.
pub(super) fn stored(key: &RecordKey) -> Cow<'_, str> {
    if key.partition == PARTITION {
        encode(&key.row)
    } else {
        Cow::Borrowed(&key.row)
    }
}

/// The row key as it is known outside.
pub(super) fn known(partition: &str, row: &str) -> String {
    if partition == PARTITION {
        decode(row)
    } else {
        row.to_owned()
    }
}

/// The key that a row is known by once it was stored: one that is too long is cut.
pub(super) fn cut(key: RecordKey) -> RecordKey {
    let row = known(&key.partition, &stored(&key));
    RecordKey { row, ..key }
}

/// A literal of the service's filters and addresses: quotes are doubled.
pub(super) fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}

/// Keeps letters, digits and what UIDs and our own keys are made of; a key that is too long ends
/// in a digest of the whole.
fn encode(row: &str) -> Cow<'_, str> {
    if row.bytes().all(is_plain) && row.len() <= LONGEST {
        return Cow::Borrowed(row);
    }
    let mut encoded: String = row.chars().map(escape).collect();
    if encoded.len() > LONGEST {
        encoded.clear();
        // Of whole characters, so that it can be decoded.
        for character in row.chars().map(escape) {
            if encoded.len() + character.len() > LONGEST - 33 {
                break;
            }
            encoded.push_str(&character);
        }
        encoded.push('-');
        for byte in &Sha256::digest(row.as_bytes())[..16] {
            // Writing into a text cannot fail.
            let _ = write!(encoded, "{byte:02x}");
        }
    }
    Cow::Owned(encoded)
}

fn escape(character: char) -> String {
    let mut escaped = String::new();
    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
        if is_plain(byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "{ESCAPE}{byte:02X}");
        }
    }
    escaped
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

fn decode(row: &str) -> String {
    let mut bytes = Vec::with_capacity(row.len());
    let mut rest = row;
    while let Some((before, after)) = rest.split_once(ESCAPE) {
        bytes.extend_from_slice(before.as_bytes());
        let escaped = after.get(..2);
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(b'~');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| row.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn w34_the_keys_of_entries_are_stored_as_they_are() {
        for row in [
            "00000000000000000007",
            "entry-0123456789abcdef",
            "instance-1.2.3",
        ] {
            assert_eq!(encode(row), row);
        }
    }

    proptest! {
        #[test]
        fn w34_every_key_can_be_stored_and_is_told_from_every_other(one in "\\PC{0,40}", two in "[a~/\\\\#?%' \n\u{7f}\u{85}é]{0,40}") {
            for row in [&one, &two] {
                let stored = encode(row);
                let forbidden = |c: char| c.is_control() || "/\\#?%'".contains(c);
                prop_assert!(!stored.contains(forbidden), "{stored}");
                prop_assert_eq!(&decode(&stored), row);
            }
            prop_assert_eq!(one == two, encode(&one) == encode(&two));
        }

        #[test]
        fn w34_a_long_key_is_cut_the_same_way_every_time(row in "[/aé]{301,600}", other in "[/aé]{301,600}") {
            let stored = encode(&row);
            prop_assert!(stored.len() <= LONGEST);
            let known = decode(&stored);
            prop_assert_eq!(&encode(&known), &stored, "it is found by the key it is known by");
            prop_assert_eq!(row == other, encode(&other) == stored);
        }
    }
}
