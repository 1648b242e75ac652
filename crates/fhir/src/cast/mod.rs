//! What an entry means in FHIR. Pure: no I/O, no async.
//!
//! 1. [`Change::read`]: an entry's dataset becomes the few facts that are mapped, or a failure;
//!    [`Recent`] remembers what entries said, and does not read it again.
//! 2. [`StudyDelta::fold`]: the changes of one study, in order, become one delta.
//! 3. [`StudyDelta::lookups`]: what to search for; the answers are [`Found`].
//!    Until it names none, [`StudyDelta::follow_ups`] says what has to be read in their light.
//! 4. [`merge`]: (resources as stored, delta) → the writes that bring them in step, none when they
//!    are already.
//!
//! What is mapped stands in one table per resource: `patient/rows.rs` for `Patient`,
//! `imaging_study/attributes.rs` for `ImagingStudy`, `endpoint.rs` for `Endpoint`,
//! `observation/rows.rs` and, for its components, `observation/dose/tables.rs` for `Observation`.
//! Elements that no table names, and members that nobody knows, come back byte for byte.

mod change;
mod concept;
mod delta;
mod disagreement;
mod edit;
mod element;
mod endpoint;
mod fact;
mod follow_ups;
mod identifier;
mod imaging_study;
mod issuer;
mod kept_marks;
mod lookups;
mod mapping;
mod marked;
mod merge;
mod notice;
mod object;
mod observation;
mod omitted;
mod order;
mod patient;
mod patient_key;
mod person;
mod put;
mod query;
mod reading;
mod recent;
mod reference;
mod resource;
mod row;
mod rules;
mod sources;
mod stored;
mod stored_values;
mod study_key;
mod table;
mod terminology;
mod wanted;
mod write;

pub use change::{Action, Change};
pub use delta::StudyDelta;
pub use disagreement::Disagreement;
pub use endpoint::EndpointLookup;
pub use issuer::Issuer;
pub use kept_marks::MARK_IN_META;
pub use lookups::Lookups;
pub use mapping::{MappedAttribute, MappedResource, MappedRow, Origin, mapping};
pub use merge::{Found, Merged, merge};
pub use notice::Notice;
pub use omitted::omitted;
pub use patient::PatientFacts;
pub use patient_key::PatientKey;
pub use query::Query;
pub use recent::Recent;
pub use reference::ResourceName;
pub use resource::{NotAResource, Resource};
pub use rules::Rules;
pub use sources::Source;
pub use study_key::StudyKey;
pub use wanted::wanted;
pub use write::Write;
