//! What a SNOMED CT concept id is.

/// How Verhoeff's scheme permutes a digit at each next place.
const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/// Whether a text is the id of a SNOMED CT concept: 6 to 18 digits, no leading zero, the partition
/// of concepts (`00`, with a namespace `10`), and Verhoeff's check digit (SNOMED CT Technical
/// Implementation Guide, SCTID).
pub(super) fn is_concept_id(text: &str) -> bool {
    (6..=18).contains(&text.len())
        && !text.starts_with('0')
        && is_concept_partition(text)
        && has_check_digit(text)
}

fn is_concept_partition(text: &str) -> bool {
    let partition = text.len().checked_sub(3).and_then(|at| text.get(at..));
    partition.is_some_and(|end| end.starts_with("00") || end.starts_with("10"))
}

fn has_check_digit(text: &str) -> bool {
    let mut places = text.bytes().rev().enumerate();
    let sum = places.try_fold(0, |sum, (place, digit)| {
        Some(compose(sum, permute(digit.checked_sub(b'0')?, place)?))
    });
    sum == Some(0)
}

/// None when it is no digit.
fn permute(digit: u8, place: usize) -> Option<u8> {
    let digit = (digit < 10).then_some(digit)?;
    (0..place % 8).try_fold(digit, |digit, _| {
        PERMUTATION.get(usize::from(digit)).copied()
    })
}

/// The symmetries of a pentagon: 0 to 4 turn it, 5 to 9 turn and mirror it.
fn compose(first: u8, second: u8) -> u8 {
    let turn = if first < 5 {
        first + second % 5
    } else {
        first + 5 - second % 5
    };
    turn % 5 + if (first < 5) == (second < 5) { 0 } else { 5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concept_ids_have_their_check_digit() {
        for id in ["24028007", "7771000", "818981001", "111002", "1217257000"] {
            assert!(is_concept_id(id), "{id}");
        }
    }

    #[test]
    fn one_wrong_digit_or_two_swapped_are_found() {
        for text in ["24028006", "24018007", "42028007", "818918001"] {
            assert!(!is_concept_id(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_concept_id() {
        // Too short, of SNOMED RT, a description's, with a leading zero, with other digits.
        let texts = [
            "",
            "12345",
            "T-D4000",
            "680946014",
            "010000109",
            "２４０２８００７",
        ];
        for text in texts {
            assert!(!is_concept_id(text), "{text}");
        }
    }
}
