//! One answer of the feed, taken apart entry by entry.

use bytes::Bytes;

use super::{Entry, MalformedEntry};
use crate::dicom::items;

/// What one read of the feed brought.
#[derive(Debug, Default)]
pub struct Page {
    /// The entries not read before, in the feed's order; a malformed one in its own place.
    pub entries: Vec<Result<Entry, MalformedEntry>>,
    /// The sequence up to which every entry there will ever be has been delivered.
    pub watermark: u64,
    /// The newest sequence of the feed, as last heard.
    pub latest: u64,
    /// Whether there is more to read at once.
    pub more: bool,
}

/// Splits the text of a page into entries. A malformed entry without a number is given the one
/// after its predecessor, if that is free: pages are sorted.
///
/// Returns `None` for what is no complete JSON array.
pub(super) fn split(body: &Bytes) -> Option<Vec<Result<Entry, MalformedEntry>>> {
    let array = items(body).filter(|array| array.complete)?;
    let mut entries: Vec<_> = array.items.iter().map(Entry::parse).collect();
    for at in 0..entries.len() {
        let presumed = presumed_sequence(&entries, at);
        if let Some(Err(malformed)) = entries.get_mut(at)
            && malformed.subject.sequence.is_none()
            && let Some(sequence) = presumed
        {
            malformed.subject.sequence = Some(sequence);
            malformed
                .reason
                .push_str("; its sequence is presumed from its place in the page");
        }
    }
    Some(entries)
}

fn presumed_sequence(entries: &[Result<Entry, MalformedEntry>], at: usize) -> Option<u64> {
    let before = at
        .checked_sub(1)
        .and_then(|at| entries.get(at))
        .and_then(sequence);
    let after = entries.iter().skip(at + 1).find_map(sequence);
    match (before, after) {
        (Some(before), None) => Some(before + 1),
        (Some(before), Some(after)) => Some(before + 1).filter(|presumed| *presumed < after),
        (None, Some(after)) => after.checked_sub(1).filter(|presumed| *presumed > 0),
        (None, None) => None,
    }
}

pub(super) fn sequence(entry: &Result<Entry, MalformedEntry>) -> Option<u64> {
    match entry {
        Ok(entry) => Some(entry.sequence),
        Err(malformed) => malformed.subject.sequence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(sequence: &str) -> String {
        format!(
            r#"{{{sequence}"studyInstanceUid":"1","seriesInstanceUid":"2","sopInstanceUid":"3","action":"delete","state":"deleted"}}"#
        )
    }

    fn sequences(items: &[String]) -> Vec<(Option<u64>, bool)> {
        let body = Bytes::from(format!("[{}]", items.join(",")));
        split(&body)
            .unwrap()
            .iter()
            .map(|e| (sequence(e), e.is_ok()))
            .collect()
    }

    #[test]
    fn a_malformed_entry_without_a_number_takes_the_free_one_at_its_place() {
        let items = [
            entry("\"sequence\":4,"),
            entry(""),
            entry("\"sequence\":6,"),
        ];
        assert_eq!(
            sequences(&items),
            [(Some(4), true), (Some(5), false), (Some(6), true)]
        );
    }

    #[test]
    fn no_number_is_presumed_where_none_is_free() {
        let items = [
            entry("\"sequence\":4,"),
            entry(""),
            entry("\"sequence\":5,"),
        ];
        assert_eq!(sequences(&items)[1], (None, false));
    }

    #[test]
    fn a_broken_off_page_is_no_page() {
        assert!(split(&Bytes::from_static(b"[{\"sequence\":1}")).is_none());
        assert!(split(&Bytes::from_static(b"<html>")).is_none());
    }
}
