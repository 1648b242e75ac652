//! What DICOM's terms and codes are in FHIR's code systems. Pure tables: no I/O, no datasets.
//!
//! [`Code::of`] takes a coded item, [`body_part`] and [`laterality`] take the plain terms.

pub(super) mod body_part;
mod code;
pub(super) mod laterality;
pub(super) mod scheme;
mod sct_id;
pub(super) mod srt;
mod table;

pub(super) use code::{Code, CodedItem};
