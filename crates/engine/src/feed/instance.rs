//! The identity of an instance.

/// The partition that a service without data partitions puts everything in.
pub const DEFAULT_PARTITION: &str = "Microsoft.Default";

/// Which instance: its UIDs, within its data partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceKey {
    /// Data partition; `None` for the default one.
    pub partition: Option<String>,
    /// Study Instance UID (0020,000D).
    pub study: String,
    /// Series Instance UID (0020,000E).
    pub series: String,
    /// SOP Instance UID (0008,0018).
    pub instance: String,
}

/// Returns whether a text is a UID: numbers with single dots between them, 64 characters at most
/// (PS3.5 9.1).
#[must_use]
pub fn is_uid(text: &str) -> bool {
    let mut parts = text.split('.');
    text.len() <= 64
        && parts.all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_numbers_with_dots_between_them() {
        for uid in ["1.2.840.10008.1.1", "0", "1.02", &"1".repeat(64)] {
            assert!(is_uid(uid), "{uid}");
        }
        for other in ["", ".", "1.", ".1", "1..2", "1.2a", "1 2", &"1".repeat(65)] {
            assert!(!is_uid(other), "{other}");
        }
    }
}
