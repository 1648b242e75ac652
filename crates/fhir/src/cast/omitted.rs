//! Values that are left out, as failure records show them.

use radcast_dicom::InvalidValue;
use radcast_engine::failure::OmittedValue;

/// Returns what is recorded of a value that is left out or kept although it is not valid.
#[must_use]
pub fn omitted(invalid: &InvalidValue) -> OmittedValue {
    OmittedValue {
        tag: invalid.tag.to_string(),
        keyword: invalid.keyword.to_owned(),
        reason: invalid.reason.to_string(),
        is_kept: invalid.is_kept,
    }
}
