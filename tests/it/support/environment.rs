//! What `make` hands to the tests.

use std::path::PathBuf;

/// The path in an environment variable that `make` sets.
pub fn from_make(variable: &str) -> PathBuf {
    std::env::var_os(variable)
        .unwrap_or_else(|| {
            panic!("{variable} is not set: run the tests with `make test` or `make test-peers`")
        })
        .into()
}
