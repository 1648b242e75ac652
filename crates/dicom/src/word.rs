//! Eight bytes of a text at once, as one number: the first of them is the lowest.

/// How many bytes that are.
pub(super) const WIDTH: usize = 8;

/// Each of eight bytes with this in it.
pub(super) const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; WIDTH])
}

/// The bytes from this place on; none where there are fewer.
#[inline]
pub(super) fn at(text: &[u8], at: usize) -> Option<u64> {
    let word = text.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*word))
}

/// The highest bit of each byte that is this one, and perhaps of some behind the first of them.
#[inline]
pub(super) const fn marks(word: u64, byte: u8) -> u64 {
    let rest = word ^ each(byte);
    rest.wrapping_sub(each(1)) & !rest & each(0x80)
}

/// Before which byte the first mark stands.
#[inline]
pub(super) const fn first(marks: u64) -> usize {
    (marks.trailing_zeros() / u8::BITS) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_mark_is_on_the_first_byte_that_is_meant(
            text in prop::collection::vec(prop_oneof![b'!'..=b'#', any::<u8>()], WIDTH),
        ) {
            let marks = marks(at(&text, 0).unwrap(), b'"');
            let found = (marks != 0).then(|| first(marks));
            prop_assert_eq!(found, text.iter().position(|byte| *byte == b'"'));
            prop_assert_eq!(at(&text, 1), None);
        }
    }
}
