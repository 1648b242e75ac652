//! `radcast failures show`.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::cli::SettingsArgument;
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::reach::{self, Reached};
use crate::cli::table::{terminal_width, wrapped};
use crate::ops::failures::{Standing, View, find};
use crate::telemetry::visible_json;
use radcast_engine::failure::{Code, Subject};
use radcast_engine::store::FailureRecord;

pub(super) const EXAMPLES: &str = "\
An ID is the first column of `radcast failures list`: the sequence of the feed entry, such as 4711,
or a category and what is after it, such as tag/4711-00100040.

Examples:
  radcast failures show 4711
  radcast failures show fhir/4711 -o json";

/// The width of the labels.
const LABEL: usize = 12;

/// The width of text where there is no terminal.
const WIDTH: usize = 100;

/// Which failed entry to show, and how.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Which one
    #[arg(value_name = "ID")]
    id: String,
    /// The form of the output
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Form,
    #[command(flatten)]
    settings: SettingsArgument,
}

/// The form of one record.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// As in the list
    Json,
}

pub(super) async fn show(arguments: &Arguments) -> Result<Exit, CommandError> {
    let reached = reach::existing(&arguments.settings)?;
    let found = find(&*reached.store, &arguments.id);
    let record = reached.stop.run_until_cancelled(found).await;
    let record = record.ok_or(CommandError::Interrupted)??;
    let mut output = io::stdout().lock();
    match arguments.output {
        Form::Json => {
            let view = View::of(&record, &reached.dispositions);
            let json = serde_json::to_string_pretty(&view)?;
            writeln!(output, "{}", visible_json(&json))?;
        }
        Form::Text => {
            let width = terminal_width().unwrap_or(WIDTH).clamp(40, WIDTH);
            for (label, text) in account(&record, &reached) {
                print(&mut output, label, &text, width)?;
            }
        }
    }
    Ok(Exit::Done)
}

fn print(output: &mut impl Write, label: &str, text: &str, width: usize) -> io::Result<()> {
    let mut label = label;
    for line in wrapped(text, width - LABEL) {
        writeln!(output, "{label:<LABEL$}{line}")?;
        label = "";
    }
    Ok(())
}

/// The account of a record, label by label.
fn account(record: &FailureRecord, reached: &Reached) -> Vec<(&'static str, String)> {
    let id = record.key.id();
    let (code, class) = (&record.code, &record.class);
    let category = record.key.table.category();
    let mut account = vec![
        (
            "Failure",
            format!("{id}: {code} (class {class}, category {category})"),
        ),
        ("What", record.message.clone()),
    ];
    account.extend(optional("Attribute", record.attribute.as_deref()));
    account.extend(Code::named(code).map(|code| ("Means", code.meaning().to_owned())));
    account.push(("Cure", record.cure.clone()));
    let standing = Standing::of(record, &reached.dispositions);
    account.push(("Next", standing.advice(&id)));
    account.extend(entry(&record.subject, reached.dicom.as_deref()));
    account.push(("Attempts", attempts(record)));
    account.extend(optional("Archived", record.archive.as_deref()));
    account
}

/// What tells of the entry, and where the instance is.
fn entry(subject: &Subject, dicom: Option<&str>) -> Vec<(&'static str, String)> {
    let at = |at: Timestamp| format!(" at {at}");
    let action = subject
        .action
        .as_deref()
        .map(|action| format!(", {action}"));
    let sequence = subject.sequence.map(|sequence| {
        let action = action.unwrap_or_default();
        let at = subject.timestamp.map(at).unwrap_or_default();
        format!("sequence {sequence}{action}{at}")
    });
    [
        sequence.map(|text| ("Entry", text)),
        optional("Digest", subject.digest.as_deref()),
        optional("Study", subject.study.as_deref()),
        optional("Series", subject.series.as_deref()),
        optional("Instance", subject.instance.as_deref()),
        optional("Partition", subject.partition.as_deref()),
        address(subject, dicom).map(|text| ("DICOM", text)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn optional(label: &'static str, text: Option<&str>) -> Option<(&'static str, String)> {
    text.map(|text| (label, text.to_owned()))
}

/// Where the DICOMweb service has the instance.
fn address(subject: &Subject, dicom: Option<&str>) -> Option<String> {
    let partition = subject.partition.as_deref();
    let partition = partition.map(|name| format!("/partitions/{name}"));
    Some(format!(
        "{}{}/studies/{}/series/{}/instances/{}",
        dicom?,
        partition.unwrap_or_default(),
        subject.study.as_deref()?,
        subject.series.as_deref()?,
        subject.instance.as_deref()?
    ))
}

fn attempts(record: &FailureRecord) -> String {
    let (first, last) = (record.first_failed, record.last_failed);
    let by_itself = match record.automatic_retries {
        0 => String::new(),
        retries => format!(", {retries} of them retries by itself"),
    };
    match record.attempts {
        1 => format!("1, failed at {last}"),
        attempts => format!("{attempts}{by_itself}; failed first at {first}, last at {last}"),
    }
}
