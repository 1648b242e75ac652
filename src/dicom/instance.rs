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
