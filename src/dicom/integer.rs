//! Integers: IS (PS3.5 6.2), and the binary integers where a sender used them in its place.

use dicom_core::Tag;

use super::{Dataset, InvalidValue, Reason};

/// The longest IS, sign included.
const LONGEST: usize = 12;

impl Dataset {
    /// The number of an integer attribute.
    ///
    /// # Errors
    /// When it has several values, is no integer, is longer than 12 characters, or is outside the
    /// 32 bits of IS.
    pub fn integer(&self, tag: Tag) -> Result<Option<i32>, InvalidValue> {
        self.read_number(tag, LONGEST, parse)
    }
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
    use super::*;

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
