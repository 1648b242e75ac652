//! A record as it is shown: the columns of tables, CSV and JSON.

use serde::Serialize;

use radcast_engine::failure::Dispositions;
use radcast_engine::store::{FailureRecord, FailureTable};

use super::standing;

/// A record as it is shown to machines, the same everywhere.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View<'a> {
    /// What it is called.
    pub id: String,
    /// The short name of its table.
    pub category: &'static str,
    /// The side that has to be mended: `dicom` or `fhir`.
    pub side: &'static str,
    /// Class of its last failure.
    pub class: &'a str,
    /// Whether it stays until somebody does something.
    pub intransient: bool,
    /// Code of its last failure.
    pub code: &'a str,
    /// Sequence of the feed entry.
    pub sequence: Option<u64>,
    /// Study Instance UID.
    pub study: Option<&'a str>,
    /// Series Instance UID.
    pub series: Option<&'a str>,
    /// SOP Instance UID.
    pub instance: Option<&'a str>,
    /// Data partition, unless the default one.
    pub partition: Option<&'a str>,
    /// What happened to the instance.
    pub action: Option<&'a str>,
    /// When it happened, by the feed's clock.
    pub entry_timestamp: Option<String>,
    /// Digest of an entry that could not be read.
    pub digest: Option<&'a str>,
    /// The attribute that was left out.
    pub attribute: Option<&'a str>,
    /// What went wrong.
    pub message: &'a str,
    /// What can be done about it.
    pub cure: &'a str,
    /// How often it was attempted.
    pub attempts: u32,
    /// When it failed first.
    pub first_failed: String,
    /// When it failed last.
    pub last_failed: String,
    /// `open`, or `superseded` by a later entry of the same instance.
    pub state: &'static str,
    /// `auto`, `on-signal` or `never`.
    pub retry_policy: &'static str,
    /// Whether its retry was asked for.
    pub retry_requested: bool,
    /// When it is retried without being asked.
    pub next_retry: Option<String>,
    /// How many retries without being asked it has had.
    pub automatic_retries: u32,
    /// Where its raw entry and the server's answer are archived.
    pub archive: Option<&'a str>,
}

impl<'a> View<'a> {
    /// The view of a record, with these dispositions in force.
    #[must_use]
    pub fn of(record: &'a FailureRecord, dispositions: &Dispositions) -> Self {
        let (subject, table) = (&record.subject, record.key.table);
        Self {
            id: record.key.id(),
            category: table.category(),
            side: side(record),
            class: &record.class,
            intransient: FailureTable::FAILED.contains(&table),
            code: &record.code,
            sequence: subject.sequence,
            study: subject.study.as_deref(),
            series: subject.series.as_deref(),
            instance: subject.instance.as_deref(),
            partition: subject.partition.as_deref(),
            action: subject.action.as_deref(),
            entry_timestamp: subject.timestamp.map(|at| at.to_string()),
            digest: subject.digest.as_deref(),
            attribute: record.attribute.as_deref(),
            message: &record.message,
            cure: &record.cure,
            attempts: record.attempts,
            first_failed: record.first_failed.to_string(),
            last_failed: record.last_failed.to_string(),
            state: record.state.as_str(),
            retry_policy: standing::disposition(record, dispositions).as_str(),
            retry_requested: record.retry,
            next_retry: record.next_retry.map(|at| at.to_string()),
            automatic_retries: record.automatic_retries,
            archive: record.archive.as_deref(),
        }
    }
}

/// The side that has to be mended. Faults of radcast's own count for the FHIR side, as the DICOM
/// data need not be touched for them.
fn side(record: &FailureRecord) -> &'static str {
    let of_data = matches!(
        record.key.table,
        FailureTable::Dicom | FailureTable::OmittedValue
    );
    if of_data || record.code.starts_with("dicom.") {
        "dicom"
    } else {
        "fhir"
    }
}
