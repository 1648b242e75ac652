//! What an entry says: attributes read from DICOM JSON (PS3.18 Annex F) lazily and tag by tag, so
//! that one bad element is one bad element. Pure: no I/O, no async.

mod instance;

pub use instance::{DEFAULT_PARTITION, InstanceKey};
