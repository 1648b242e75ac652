//! Where an instance is: partition and UIDs.

use super::error::DicomServiceError;

/// The partition of whoever names none.
pub(super) const DEFAULT_PARTITION: &str = "Microsoft.Default";

/// Partition and UIDs of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) partition: String,
    pub(super) study: String,
    pub(super) series: String,
    pub(super) instance: String,
}

/// A study, a series or an instance in a partition.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub(super) partition: String,
    pub(super) study: String,
    pub(super) series: Option<String>,
    pub(super) instance: Option<String>,
}

/// The name, or the default's.
pub(super) fn partition(name: Option<&str>) -> Result<String, DicomServiceError> {
    let name = name.unwrap_or(DEFAULT_PARTITION);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    // Only dots would be another folder.
    let valid =
        name.len() <= 64 && name.bytes().all(allowed) && name.bytes().any(|byte| byte != b'.');
    if valid {
        Ok(name.to_owned())
    } else {
        Err(DicomServiceError::Partition(name.to_owned()))
    }
}

/// Whether the text may be used as a UID, in addresses and file names too (PS3.5 section 9.1; leading
/// zeros occur and do no harm).
pub(super) fn is_uid(text: &str) -> bool {
    text.len() <= 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_folders_of_their_own_are_refused() {
        for name in ["", ".", "..", "a/b", "ä", "a b", &"x".repeat(65)] {
            assert!(partition(Some(name)).is_err(), "{name}");
        }
        assert_eq!(partition(Some("clinic-1.a_B")).unwrap(), "clinic-1.a_B");
        assert_eq!(partition(None).unwrap(), DEFAULT_PARTITION);
    }

    #[test]
    fn only_digits_and_dots_are_a_uid() {
        assert!(is_uid("1.2.840.010"));
        for text in ["", "..", "1.2a", "1.2/3", &"1".repeat(65)] {
            assert!(!is_uid(text), "{text}");
        }
    }
}
