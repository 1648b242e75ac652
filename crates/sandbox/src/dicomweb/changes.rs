//! The log of changes as feed entries, and what tests do to it.

use std::fmt::Write;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Params, Row, params};

use super::error::DicomServiceError;
use super::index::{Index, Moment, next_moment, take_sequences};

/// A stretch of the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Window {
    /// v1: the entries after a sequence, as far as `width` sequences reach.
    Sequences { after: i64, width: i64 },
    /// v2: entries from a time on and before another, in ticks, without the first `skip`.
    Times {
        from: i64,
        before: i64,
        skip: i64,
        limit: i64,
    },
}

/// Which entry is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Sequence,
    Time,
}

/// An instance's current version is what it is now; there is none once it is deleted.
const ENTRY: &str = "c.sequence, c.ticks, c.partition, c.study, c.series, c.instance, c.action,
    c.version, i.version, CASE WHEN ?1 THEN i.metadata END, c.verbatim";
const CURRENT: &str = "LEFT JOIN instance i ON i.partition = c.partition AND i.study = c.study
    AND i.series = c.series AND i.instance = c.instance";

impl Index {
    /// The entries of the window as a JSON array.
    pub(super) fn page(&self, window: Window, metadata: bool) -> Result<String, DicomServiceError> {
        match window {
            Window::Sequences { after, width } => self.entries(
                &format!(
                    "SELECT {ENTRY} FROM change c {CURRENT}
                    WHERE c.sequence > ?2 AND c.sequence <= ?3 ORDER BY c.sequence"
                ),
                (metadata, after, after.saturating_add(width)),
            ),
            Window::Times {
                from,
                before,
                skip,
                limit,
            } => self.entries(
                &format!(
                    "SELECT {ENTRY} FROM
                    (SELECT sequence FROM change WHERE ticks >= ?2 AND ticks < ?3
                        ORDER BY ticks, sequence LIMIT ?5 OFFSET ?4) AS page
                    JOIN change c ON c.sequence = page.sequence {CURRENT}
                    ORDER BY c.ticks, c.sequence"
                ),
                (metadata, from, before, skip, limit),
            ),
        }
    }

    /// The last entry as a JSON object; none if the feed is empty.
    pub(super) fn latest(
        &self,
        order: Order,
        metadata: bool,
    ) -> Result<Option<String>, DicomServiceError> {
        let by = match order {
            Order::Sequence => "c.sequence DESC",
            Order::Time => "c.ticks DESC, c.sequence DESC",
        };
        let sql = format!("SELECT {ENTRY} FROM change c {CURRENT} ORDER BY {by} LIMIT 1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([metadata], entry).optional()?)
    }

    /// The highest sequence in the feed; 0 if it is empty.
    pub(super) fn latest_sequence(&self) -> Result<i64, DicomServiceError> {
        let sql = "SELECT coalesce(max(sequence), 0) FROM change";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// Takes sequences that no entry will have.
    pub(super) fn skip_sequences(&self, count: i64) -> Result<(), DicomServiceError> {
        take_sequences(&self.connection, count).map(drop)
    }

    /// Fails unless the sequence was skipped and is still free.
    pub(super) fn check_skipped(&self, sequence: i64) -> Result<(), DicomServiceError> {
        let sql = "SELECT ?1 > 0 AND ?1 < next_sequence
            AND NOT EXISTS (SELECT 1 FROM change WHERE sequence = ?1) FROM counter";
        let free: bool = self
            .connection
            .query_row(sql, [sequence], |row| row.get(0))?;
        let taken = || DicomServiceError::SequenceTaken(sequence.unsigned_abs());
        free.then_some(()).ok_or_else(taken)
    }

    /// Logs a text as the next entry; its sequence.
    pub(super) fn insert_verbatim(&mut self, text: &str) -> Result<i64, DicomServiceError> {
        let now = self.now();
        let transaction = self.connection.transaction()?;
        let Moment { sequence, ticks } = next_moment(&transaction, now)?;
        let text = text.replace("{sequence}", &sequence.to_string());
        transaction.execute(
            "INSERT INTO change (sequence, ticks, verbatim) VALUES (?1, ?2, ?3)",
            params![sequence, ticks, text],
        )?;
        transaction.commit()?;
        Ok(sequence)
    }

    fn entries(&self, sql: &str, params: impl Params) -> Result<String, DicomServiceError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut page = String::from("[");
        for entry in statement.query_map(params, entry)? {
            if page.len() > 1 {
                page.push(',');
            }
            page.push_str(&entry?);
        }
        page.push(']');
        Ok(page)
    }
}

/// An entry as JSON text: stored metadata goes in as it is. Nothing else needs escaping, as UIDs
/// and partition names are checked when they come in.
fn entry(row: &Row<'_>) -> rusqlite::Result<String> {
    if let Some(verbatim) = row.get(10)? {
        return Ok(verbatim);
    }
    let action = match row.get(6)? {
        0 => "Create",
        1 => "Delete",
        _ => "Update",
    };
    let mut json = format!(
        r#"{{"sequence":{},"partitionName":"{}","studyInstanceUid":"{}","seriesInstanceUid":"{}","sopInstanceUid":"{}","action":"{action}","timestamp":"{}","state":"{}""#,
        row.get::<_, i64>(0)?,
        row.get::<_, String>(2)?,
        row.get::<_, String>(3)?,
        row.get::<_, String>(4)?,
        row.get::<_, String>(5)?,
        date_time(row.get(1)?),
        state(row.get(7)?, row.get(8)?),
    );
    if let Some(metadata) = row.get_ref(9)?.as_str_or_null()? {
        // Writing to a String does not fail.
        let _ = write!(json, r#","metadata":{metadata}"#);
    }
    json.push('}');
    Ok(json)
}

/// The state of an entry for this version, given the instance's version now.
fn state(version: i64, current: Option<i64>) -> &'static str {
    match current {
        None => "Deleted",
        Some(current) if current == version => "Current",
        Some(_) => "Replaced",
    }
}

/// E.g. `2024-06-02T08:15:30.1234567+00:00`.
fn date_time(ticks: i64) -> String {
    Timestamp::from_nanosecond(i128::from(ticks) * 100)
        .unwrap_or(Timestamp::MAX)
        .strftime("%Y-%m-%dT%H:%M:%S%.7f+00:00")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_seven_fractional_digits() {
        assert_eq!(
            date_time(17_173_161_301_234_567),
            "2024-06-02T08:15:30.1234567+00:00"
        );
        assert_eq!(date_time(0), "1970-01-01T00:00:00.0000000+00:00");
    }
}
