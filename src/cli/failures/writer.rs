//! Records in the forms that they are listed and exported in.

use std::io::{self, Write};

use serde_json::Value;

use crate::cli::command_error::CommandError;
use crate::cli::table::Table;
use crate::ops::failures::{Standing, View};
use crate::telemetry::{cell, visible_json};
use radcast_engine::failure::Dispositions;
use radcast_engine::store::FailureRecord;

/// The columns for people.
const COLUMNS: [&str; 6] = ["ID", "CODE", "TRIES", "LAST FAILED", "STATE", "MESSAGE"];

/// Writes records, page by page.
pub(super) enum Writer<W: Write> {
    /// For people; the columns fit the first page.
    Table(W, Option<Table>),
    /// One JSON array.
    Json(W, bool),
    /// One JSON object a line.
    JsonLines(W),
    /// With a header.
    Csv(Box<csv::Writer<W>>, bool),
}

impl<W: Write> Writer<W> {
    pub(super) const fn table(output: W) -> Self {
        Self::Table(output, None)
    }

    pub(super) const fn json(output: W) -> Self {
        Self::Json(output, false)
    }

    pub(super) fn csv(output: W) -> Self {
        Self::Csv(Box::new(csv::Writer::from_writer(output)), false)
    }

    /// Writes a page.
    pub(super) fn write(
        &mut self,
        page: &[FailureRecord],
        dispositions: &Dispositions,
    ) -> Result<(), CommandError> {
        if let Self::Table(output, table) = self {
            return Ok(write_table(output, table, page, dispositions)?);
        }
        for record in page {
            let view = View::of(record, dispositions);
            match self {
                Self::Table(..) => {}
                Self::Json(output, begun) => {
                    output.write_all(if *begun { b",\n" } else { b"[\n" })?;
                    *begun = true;
                    write_json(output, &view)?;
                }
                Self::JsonLines(output) => {
                    write_json(output, &view)?;
                    output.write_all(b"\n")?;
                }
                Self::Csv(output, begun) => {
                    write_row(output, &view, !*begun)?;
                    *begun = true;
                }
            }
        }
        self.flush()?;
        Ok(())
    }

    /// Writes the end.
    pub(super) fn end(mut self) -> Result<(), CommandError> {
        if let Self::Json(output, begun) = &mut self {
            output.write_all(if *begun { b"\n]\n" } else { b"[]\n" })?;
        }
        self.flush()?;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Table(output, _) | Self::Json(output, _) | Self::JsonLines(output) => {
                output.flush()
            }
            Self::Csv(output, _) => output.flush(),
        }
    }
}

/// Writes a record as a JSON object.
fn write_json(output: &mut impl Write, view: &View<'_>) -> Result<(), CommandError> {
    let json = serde_json::to_string(view)?;
    Ok(output.write_all(visible_json(&json).as_bytes())?)
}

/// Writes a record as cells, with their names before it in front of the first.
fn write_row<W: Write>(
    output: &mut csv::Writer<W>,
    view: &View<'_>,
    is_first: bool,
) -> Result<(), CommandError> {
    let Value::Object(columns) = serde_json::to_value(view)? else {
        return Ok(());
    };
    if is_first {
        output.write_record(columns.keys())?;
    }
    let cells = columns.values().map(|value| match value {
        Value::Null => String::new(),
        Value::String(text) => cell(text).into_owned(),
        other => other.to_string(),
    });
    Ok(output.write_record(cells)?)
}

fn write_table(
    output: &mut impl Write,
    table: &mut Option<Table>,
    page: &[FailureRecord],
    dispositions: &Dispositions,
) -> io::Result<()> {
    let mut lines: Vec<Vec<String>> = page
        .iter()
        .map(|record| cells(record, dispositions))
        .collect();
    if table.is_none() {
        lines.insert(0, COLUMNS.map(str::to_owned).to_vec());
    }
    let table = table.get_or_insert_with(|| Table::fitting(&lines));
    for line in &lines {
        writeln!(output, "{}", table.line(line))?;
    }
    output.flush()
}

fn cells(record: &FailureRecord, dispositions: &Dispositions) -> Vec<String> {
    let message = match &record.attribute {
        Some(attribute) => format!("{attribute}: {}", record.message),
        None => record.message.clone(),
    };
    vec![
        record.key.id(),
        record.code.clone(),
        record.attempts.to_string(),
        record.last_failed.strftime("%F %TZ").to_string(),
        state(Standing::of(record, dispositions)),
        message,
    ]
}

fn state(standing: Standing) -> String {
    let word = match standing {
        Standing::Superseded => "superseded",
        Standing::LeftOut => "left out",
        Standing::Retrying => "retrying",
        Standing::Asked => "retry asked for",
        Standing::Due(due) => return due.strftime("retry at %F %TZ").to_string(),
        Standing::NeedsUpload => "needs upload",
        Standing::SwitchedOff => "never retried",
        Standing::OnSignal => "waits for retry",
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use radcast_engine::failure::Subject;
    use radcast_engine::store::{ETag, FailureTable, PARTITION, RecordKey, RecordState};

    /// What an instance and a server may say.
    const HOSTILE: &str = "=cmd|' /C calc'!A0\u{1b}]0;x\u{7}\r\n\u{202e}\u{9b}2J";

    fn record() -> FailureRecord {
        let uid = Some(format!("@{HOSTILE}"));
        FailureRecord {
            key: RecordKey {
                table: FailureTable::Dicom,
                partition: PARTITION.to_owned(),
                row: format!("instance-{HOSTILE}"),
            },
            etag: ETag("1".to_owned()),
            subject: Subject {
                study: uid.clone(),
                series: uid.clone(),
                instance: uid.clone(),
                partition: uid.clone(),
                action: uid,
                ..Subject::default()
            },
            class: "dicom".to_owned(),
            code: "dicom.missing-attribute".to_owned(),
            message: HOSTILE.to_owned(),
            cure: "+1".to_owned(),
            attempts: 1,
            first_failed: Timestamp::UNIX_EPOCH,
            last_failed: Timestamp::UNIX_EPOCH,
            retry: false,
            next_retry: None,
            automatic_retries: 0,
            state: RecordState::Open,
            archive: None,
            attribute: None,
        }
    }

    #[test]
    fn no_table_or_spreadsheet_has_anything_that_is_obeyed() {
        let records = [record(), record()];
        let dispositions = Dispositions::default();
        let (mut table, mut csv, mut jsonl) = (Vec::new(), Vec::new(), Vec::new());
        for mut writer in [
            Writer::table(&mut table),
            Writer::csv(&mut csv),
            Writer::JsonLines(&mut jsonl),
        ] {
            writer.write(&records, &dispositions).unwrap();
            writer.end().unwrap();
        }
        for (written, lines) in [(&table, 3), (&csv, 3), (&jsonl, 2)] {
            let text = String::from_utf8(written.clone()).unwrap();
            assert_eq!(text.lines().count(), lines, "{text}");
            let obeyed = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
            assert!(!text.contains(obeyed), "{text:?}");
        }
        let mut rows = csv::Reader::from_reader(&csv[..]);
        for row in rows.records() {
            for cell in &row.unwrap() {
                assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
            }
        }
    }
}
