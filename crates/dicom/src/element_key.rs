//! The keys of DICOM JSON: eight hexadecimal digits for a tag (PS3.18 F.2.2).

use dicom_core::Tag;

use super::word::each;

/// The tag that eight hexadecimal digits name. All digits at once: there are a hundred and more
/// keys in every entry.
#[inline]
pub(super) fn tag(key: &[u8; 8]) -> Option<Tag> {
    let key = u64::from_be_bytes(*key);
    let letters = (key & each(0x40)) >> 6;
    // 9 more than the low half of a letter is the digit that it stands for.
    let digits = (key & each(0x0F)) + letters * 9;
    let small = key | letters << 5;
    (digits & each(0xF0) == 0 && small == written(digits)).then(|| {
        let pairs = (digits | digits >> 4) & 0x00FF_00FF_00FF_00FF;
        let [_, a, _, b, _, c, _, d] = pairs.to_be_bytes();
        Tag(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
    })
}

/// Eight digits as they are written in small letters.
const fn written(digits: u64) -> u64 {
    let letters = (digits + each(6)) >> 4 & each(1);
    digits + each(b'0') + letters * (b'a' - b'0' - 10) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(key: &[u8; 8]) -> Option<u32> {
        tag(key).map(|Tag(group, element)| u32::from(group) << 16 | u32::from(element))
    }

    /// Digit by digit.
    fn plainly(key: &[u8; 8]) -> Option<u32> {
        key.iter().try_fold(0_u32, |number, digit| {
            Some(number << 4 | char::from(*digit).to_digit(16)?)
        })
    }

    #[test]
    fn every_byte_in_every_place_is_a_digit_or_none() {
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut key = *b"7Fe0aA19";
                key[place] = byte;
                assert_eq!(number(&key), plainly(&key), "{key:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn digits_are_read_all_at_once_as_one_by_one(
            text in "[0-9a-fA-F]{7}[0-9a-gA-G/:@`\x10\x50]",
            bytes: [u8; 8],
        ) {
            let key: [u8; 8] = text.as_bytes().try_into().unwrap();
            prop_assert_eq!(number(&key), plainly(&key));
            prop_assert_eq!(number(&bytes), plainly(&bytes));
        }
    }
}
