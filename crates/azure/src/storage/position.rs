//! The position that the first versions of dicom-cast kept in a blob, `SyncState.json`.

use serde_json::Value;

use super::blobs::Blobs;
use crate::options::BlobStore;
use radcast_engine::failure::{Code, Failure};
use radcast_engine::store::SyncState;

/// dicom-cast's name of the blob.
pub const POSITION_BLOB: &str = "SyncState.json";

/// Reads the position from a blob; `None` when there is no such blob.
///
/// # Errors
/// The blob cannot be read, or is no position.
pub async fn read_position(store: &BlobStore, blob: &str) -> Result<Option<SyncState>, Failure> {
    let content = Blobs::open(store)?.get(blob).await?;
    content.map(|content| parse_position(&content)).transpose()
}

/// Reads the position from the content of such a blob, which may have been downloaded:
/// `{"SyncedSequence": 41, "SyncedDate": "…"}`, in any case.
///
/// The date is not taken over: it is the time when dicom-cast wrote it, by its own clock, not that
/// of an entry by the feed's.
///
/// # Errors
/// This is no position.
pub fn parse_position(content: &[u8]) -> Result<SyncState, Failure> {
    let text = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let read = serde_json::from_slice(text)
        .ok()
        .and_then(|content: Value| {
            let members = content.as_object()?;
            let (_, sequence) = members
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("SyncedSequence"))?;
            sequence
                .as_u64()
                .or_else(|| sequence.as_str()?.parse().ok())
        });
    let sequence = read.ok_or_else(|| {
        let text = "this is no SyncState.json of dicom-cast: it has no SyncedSequence";
        Failure::new(Code::BlobWrongAddress, text)
    })?;
    Ok(SyncState::at(sequence, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r39_the_position_of_the_first_versions_of_dicom_cast_is_read() {
        for content in [
            r#"{"SyncedSequence":41,"SyncedDate":"2020-06-02T08:15:30.1234567+00:00"}"#,
            r#"{ "syncedDate": "0001-01-01T00:00:00", "syncedSequence": 41 }"#,
            "\u{feff}{\"SYNCEDSEQUENCE\":\"41\"}",
        ] {
            let state = parse_position(content.as_bytes()).unwrap();
            assert_eq!((state.sequence, state.timestamp), (41, None), "{content}");
        }
    }

    #[test]
    fn r39_what_is_no_position_is_not_taken_for_the_first() {
        for content in ["", "{}", "[41]", "41", r#"{"SyncedSequence":-1}"#, "<html>"] {
            let refused = parse_position(content.as_bytes()).unwrap_err();
            assert!(refused.message.contains("no SyncedSequence"), "{content}");
        }
    }
}
