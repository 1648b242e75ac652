//! Reading of DICOM Part 10 files (PS3.10) as leniently as other DICOM tools do.
//!
//! `dicom-object` gives up at the first element it cannot read, and knows one character set per
//! data set, without the escape sequences of ISO 2022. A folder of real files has truncated ones,
//! ones without preamble or file meta information, ones whose transfer syntax is not the declared
//! one. Hence the data set is walked here; single values are written by `dicom-json`.

mod character_set;
mod data_set;
mod element;
mod encoding;
mod file_meta;
mod instance;
mod source;

pub use instance::{Instance, Part10Error, from_bytes, read};

#[cfg(test)]
mod tests;
