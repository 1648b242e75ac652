//! FHIR R4 for radcast: the mapping of DICOM attributes to resources ([`cast`]), the client of a FHIR
//! server ([`client`]), and the engine's target that brings both together ([`target`]).

pub mod cast;
pub mod client;
pub mod options;
pub mod target;
