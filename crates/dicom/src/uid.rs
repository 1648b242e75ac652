//! Unique identifiers: UI (PS3.5 9.1).

use dicom_core::Tag;

use super::{Dataset, Read, Reason};

/// The longest UID.
const LONGEST: usize = 64;

/// Whether the text is a UID: components of digits joined by dots, 64 characters at most.
///
/// Leading zeros in a component, which PS3.5 9.1 forbids, are let through: DICOM services store
/// such instances, and every FHIR element that carries a UID takes them.
#[must_use]
pub fn is_uid(text: &str) -> bool {
    validate(text).is_ok()
}

impl Dataset {
    /// The UID of an attribute.
    ///
    /// # Errors
    /// When it has several values or is no UID, see [`is_uid`].
    pub fn uid(&self, tag: Tag) -> Read<String> {
        self.read_text(tag, |text| validate(text).map(|()| text.to_owned()))
    }
}

fn validate(text: &str) -> Result<(), Reason> {
    if text.len() > LONGEST {
        return Err(Reason::TooLong(LONGEST));
    }
    let mut before = b'.';
    for byte in text.bytes() {
        if !byte.is_ascii_digit() && (byte != b'.' || before == b'.') {
            return Err(Reason::Form("UI (digits and dots)"));
        }
        before = byte;
    }
    if before == b'.' {
        return Err(Reason::Form("UI (digits and dots)"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_digits_and_dots() {
        for uid in ["1.2.840.10008.1.1", "0", "1.02"] {
            assert!(is_uid(uid), "{uid}");
        }
        for other in ["", ".", "1.", "1..2", "1.2a", "1 2", "urn:oid:1.2"] {
            assert!(!is_uid(other), "{other}");
        }
    }

    #[test]
    fn a_uid_has_64_characters_at_most() {
        assert!(is_uid(&"1".repeat(64)));
        assert_eq!(validate(&"1".repeat(65)), Err(Reason::TooLong(64)));
    }
}
