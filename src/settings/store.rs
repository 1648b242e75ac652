//! `Store`: where the position and the failure records are kept.

use std::path::PathBuf;

use super::table;
use super::values::Values;

/// Where the position and the failure records are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The SQLite file, relative to the working directory.
    pub path: PathBuf,
}

impl Store {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let path = values.text(&table::STORE_PATH)?.into();
        Some(Self { path })
    }
}
