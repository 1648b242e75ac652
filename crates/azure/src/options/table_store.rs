//! Options of the tables.

use std::time::Duration;

use super::StorageAccount;

/// Tables that keep position and failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableStore {
    /// The table service.
    pub account: StorageAccount,
    /// What the names of the tables begin with; may be empty.
    pub table_name_prefix: String,
    /// How long one request may take.
    pub timeout: Duration,
}
