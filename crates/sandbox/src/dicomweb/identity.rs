//! What the index knows of an instance besides its metadata as a whole.

use serde_json::{Map, Value};

use super::address::{Address, is_uid};
use super::error::MetadataFault;

/// The attributes of an instance that it is found by.
#[derive(Debug, Clone, Default)]
pub(super) struct SearchKeys {
    pub(super) patient_id: Option<String>,
    pub(super) accession_number: Option<String>,
    pub(super) study_date: Option<String>,
    pub(super) modality: Option<String>,
}

/// The attributes that a change must not touch.
const IDENTIFYING: [(&str, &str); 3] = [
    ("0020000D", "StudyInstanceUID"),
    ("0020000E", "SeriesInstanceUID"),
    ("00080018", "SOPInstanceUID"),
];

/// The metadata as an object.
pub(super) fn parse(metadata: &str) -> Result<Map<String, Value>, MetadataFault> {
    Ok(serde_json::from_str(metadata)?)
}

/// The address of the instance that has this metadata.
pub(super) fn address(
    partition: String,
    metadata: &Map<String, Value>,
) -> Result<Address, MetadataFault> {
    let [study, series, instance] = IDENTIFYING.map(|(tag, keyword)| {
        first_value(metadata, tag)
            .filter(|uid| is_uid(uid))
            .ok_or(MetadataFault::Uid(keyword))
    });
    Ok(Address {
        partition,
        study: study?,
        series: series?,
        instance: instance?,
    })
}

/// The attributes that the instance is found by.
pub(super) fn search_keys(metadata: &Map<String, Value>) -> SearchKeys {
    SearchKeys {
        patient_id: first_value(metadata, "00100020"),
        accession_number: first_value(metadata, "00080050"),
        study_date: first_value(metadata, "00080020"),
        modality: first_value(metadata, "00080060"),
    }
}

/// Sets the elements of `changes` in `metadata`.
pub(super) fn merge(
    metadata: &mut Map<String, Value>,
    changes: &Map<String, Value>,
) -> Result<(), MetadataFault> {
    if let Some((_, keyword)) = IDENTIFYING
        .iter()
        .find(|(tag, _)| changes.contains_key(*tag))
    {
        return Err(MetadataFault::Identifying(keyword));
    }
    metadata.extend(changes.clone());
    Ok(())
}

/// The first value of an element, as text.
pub(super) fn first_value(metadata: &Map<String, Value>, tag: &str) -> Option<String> {
    match metadata.get(tag)?.get("Value")?.get(0)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
