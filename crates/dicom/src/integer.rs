//! Integers: IS (PS3.5 6.2), and the binary integers where a sender used them in its place.

use dicom_core::Tag;

use super::{Dataset, Read, Reason};

/// The longest IS, sign included.
const LONGEST: usize = 12;

impl Dataset {
    /// The number of an integer attribute.
    ///
    /// # Errors
    /// When it has several values, is no integer, is longer than 12 characters, or is outside the
    /// 32 bits of IS.
    pub fn integer(&self, tag: Tag) -> Read<i32> {
        match self.raw_one(tag).and_then(plain) {
            Some(number) => Ok(Some(number)),
            None => self.read_number(tag, LONGEST, parse),
        }
    }
}

/// The number of an element in its usual form, which takes no reading.
fn plain(element: &[u8]) -> Option<i32> {
    let value = element.strip_prefix(br#"{"vr":"IS","Value":["#)?;
    let value = value.strip_suffix(b"]}")?;
    let text = value.strip_prefix(b"\"");
    let digits = match text {
        Some(text) => text.strip_suffix(b"\"")?,
        None => value,
    };
    // JSON has no number that begins with a zero, but this one; and nine digits have room.
    let usual = digits.len() <= 9 && (text.is_some() || digits.first() != Some(&b'0'));
    let usual = usual && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits)
        .ok()?
        .parse()
        .ok()
        .filter(|_| usual)
}

fn parse(text: &str) -> Result<i32, Reason> {
    let digits = without_empty_fraction(text);
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::Form("IS (an integer)"));
    }
    digits.parse().map_err(|_| Reason::OutOfRange)
}

/// `7.0` is how some JSON writers put the number 7.
fn without_empty_fraction(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|b| b == b'0') => {
            whole
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use dicom_dictionary_std::tags;
    use proptest::prelude::*;

    use super::*;
    use crate::Dataset;

    proptest! {
        #[test]
        fn the_usual_form_is_read_as_any_other(
            value in r#"-?0{0,2}[0-9]{0,12}|"[ +-]?[0-9]{0,12} ?"|"1\\\\2"|1,2|""|"x""#,
        ) {
            let of = |json: String| {
                let json = format!(r#"{{"00200013":{json}}}"#);
                Dataset::parse(Bytes::from(json)).unwrap().integer(tags::INSTANCE_NUMBER)
            };
            let usual = of(format!(r#"{{"vr":"IS","Value":[{value}]}}"#));
            prop_assert_eq!(usual, of(format!(r#"{{"Value":[{value}]}}"#)));
        }
    }

    #[test]
    fn integers_are_read_in_all_their_spellings() {
        for (text, number) in [("7", 7), ("+7", 7), ("-7", -7), ("007", 7), ("7.0", 7)] {
            assert_eq!(parse(text), Ok(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_integer_is_refused() {
        for text in ["", "-", "1.5", "abc", "1e3", "7.", "0x1"] {
            assert_eq!(parse(text), Err(Reason::Form("IS (an integer)")), "{text}");
        }
        assert_eq!(parse("2147483648"), Err(Reason::OutOfRange));
    }
}
