//! Filters of the table service (OData). They find at least what is wanted: a comparison with a
//! column that a row does not have, or has in another type, is false.

use super::entity::ticks;
use super::keys::{self, quoted};
use radcast_engine::store::{RecordFilter, RecordKey};

/// Rows of a partition from one key to another.
pub(super) fn rows(partition: &str, first: &str, last: &str) -> String {
    format!(
        "PartitionKey eq '{}' and RowKey ge '{}' and RowKey le '{}'",
        quoted(partition),
        quoted(first),
        quoted(last)
    )
}

/// Rows of one partition.
pub(super) fn partition(partition: &str) -> String {
    format!("PartitionKey eq '{}'", quoted(partition))
}

/// The filters that together find the wanted records behind a key, in the order of the keys.
pub(super) fn records(filter: &RecordFilter, after: Option<&RecordKey>) -> Vec<String> {
    let ranges = match after {
        None => vec![String::new()],
        Some(key) => vec![
            format!(
                "PartitionKey eq '{}' and RowKey gt '{}'",
                quoted(&key.partition),
                quoted(&keys::stored(key))
            ),
            format!("PartitionKey gt '{}'", quoted(&key.partition)),
        ],
    };
    let wanted = wanted(filter);
    let with_range = |range: String| {
        let parts = [range, wanted.clone()];
        let given: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        given.join(" and ")
    };
    ranges.into_iter().map(with_range).collect()
}

/// What of a filter can be asked of dicom-cast's rows as well as of ours.
fn wanted(filter: &RecordFilter) -> String {
    let equal = |column: &str, text: &Option<String>| {
        let text = text.as_deref()?;
        Some(format!("{column} eq '{}'", quoted(text)))
    };
    let bound = |comparison: &str, sequence: Option<u64>| {
        let sequence = i64::try_from(sequence?).unwrap_or(i64::MAX);
        Some(format!("ChangeFeedSequence {comparison} {sequence}L"))
    };
    let to_be_retried = filter.retry_by.map(|now| {
        // Any text is found, as there are many ways to write yes.
        format!(
            "(Retry eq true or Retry ge '' or Retry ge 1 or Retry ge 1L or NextRetry le datetime'{}')",
            ticks(now)
        )
    });
    let parts = [
        equal("StudyUid", &filter.study),
        equal("InstanceUid", &filter.instance),
        bound("ge", filter.from_sequence),
        bound("le", filter.to_sequence),
        to_be_retried,
    ];
    parts
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" and ")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use radcast_engine::store::FailureTable;

    /// The service compares within one type; the emulator is less strict.
    #[test]
    fn r45_a_request_for_a_retry_is_looked_for_in_every_type() {
        let filter = RecordFilter {
            retry_by: Some(Timestamp::UNIX_EPOCH),
            ..RecordFilter::default()
        };
        let expected = "(Retry eq true or Retry ge '' or Retry ge 1 or Retry ge 1L \
            or NextRetry le datetime'1970-01-01T00:00:00.0000000Z')";
        assert_eq!(records(&filter, None), [expected]);
    }

    #[test]
    fn a_filter_with_everything_has_no_more_comparisons_than_the_service_takes() {
        let filter = RecordFilter {
            study: Some("it's".to_owned()),
            instance: Some("1.2".to_owned()),
            from_sequence: Some(1),
            to_sequence: Some(u64::MAX),
            retry_by: Some(Timestamp::UNIX_EPOCH),
            ..RecordFilter::default()
        };
        let after = RecordKey {
            table: FailureTable::Fhir,
            partition: "it's".to_owned(),
            row: "a".to_owned(),
        };
        for filter in records(&filter, Some(&after)) {
            let comparisons = [" eq ", " ge ", " gt ", " le "];
            let count: usize = comparisons.iter().map(|c| filter.matches(c).count()).sum();
            assert!(count <= 15, "{filter}");
            assert!(filter.contains("StudyUid eq 'it''s'"), "{filter}");
            assert!(filter.contains("le 9223372036854775807L"), "{filter}");
        }
    }
}
