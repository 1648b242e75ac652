//! A DICOMweb service with a change feed, after Microsoft's DICOM service: STOW-RS, QIDO-RS,
//! WADO-RS, delete and the feed in its v1 and v2 forms (PS3.18 chapter 10), over a folder for the
//! files and SQLite for the index.
//!
//! What it does not have, it refuses with a status and a message that names it.

mod action;
mod address;
mod changes;
mod clock;
mod error;
mod feed;
mod files;
mod identity;
mod index;
mod named;
mod parameters;
mod query;
mod refusal;
mod removal;
mod retrieve;
mod router;
mod search;
mod service;
mod stow;

pub use clock::Clock;
pub use error::DicomServiceError;
pub use service::DicomService;

#[cfg(test)]
mod tests;
