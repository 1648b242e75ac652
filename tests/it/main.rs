//! The integration tests: a mod per capability.
