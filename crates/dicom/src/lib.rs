//! What an entry says: attributes read from DICOM JSON (PS3.18 Annex F) lazily and tag by tag, so
//! that one bad element is one bad element. Pure: no I/O, no async.
//!
//! [`items`] and [`members`] split JSON text by its structure alone, and a [`Cursor`] passes over
//! it once where it is as it should be; a [`Dataset`] finds elements
//! by tag; its typed readers (a file per family of value representations, PS3.5 6.2) decode and
//! validate one value at a time and answer with an [`InvalidValue`] that never holds the value.

mod age;
mod binary;
mod blank;
mod character_set;
mod code_string;
mod coded_concept;
mod content_item;
mod cursor;
mod dataset;
mod date;
mod date_time;
mod decimal;
mod dictionary;
mod element;
mod element_key;
mod flawed;
mod implicit;
mod integer;
mod invalid;
mod person_name;
mod place;
mod scan;
mod sieve;
mod text;
mod time;
mod uid;
mod uri;
mod utc_offset;
mod word;

pub use age::{Age, AgeUnit};
pub use coded_concept::CodedConcept;
pub use content_item::{ContentItem, Measurement};
pub use cursor::Cursor;
pub use dataset::{Dataset, NotAnObject};
pub use date::PartialDate;
pub use date_time::DateTime;
pub use decimal::Decimal;
pub use dictionary::{keyword, vr};
pub use element::Element;
pub use flawed::{Flawed, Read, usable, usable_if_any};
pub use invalid::{InvalidValue, Reason};
pub use person_name::{NameGroup, PersonName};
pub use scan::{Items, items, items_up_to, leading_members, members};
pub use sieve::{Sieve, Want, Wanted};
pub use uid::is_uid;
