//! What an entry means in FHIR. Pure: no I/O, no async.
