//! `radcast failures list`.

use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};

use super::filters::Filters;
use super::pages::Pages;
use super::writer::Writer;
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::{SettingsArgument, reach};

pub(super) const EXAMPLES: &str = "\
Examples:
  radcast failures list                          what waits for you, a line each
  radcast failures list --since 2h               what failed in the last two hours
  radcast failures list --code fhir.multiple-matches
  radcast failures list --study 1.2.840.113619.2.1 -o json
  radcast failures list --category tag           values left out of entries that are stored

Then: radcast failures show ID";

/// Which failed entries to list, and how.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    filters: Filters,
    /// At most this many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
    /// The form of the output
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    output: Form,
    #[command(flatten)]
    settings: SettingsArgument,
}

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people: cut to the width of the terminal
    Table,
    /// One array
    Json,
    /// With a header
    Csv,
}

pub(super) async fn list(arguments: &Arguments) -> Result<Exit, CommandError> {
    let wanted = arguments.filters.wanted()?;
    let reached = reach::existing(&arguments.settings)?;
    let mut pages = Pages::new(&reached, wanted.filter(reached.now), arguments.limit);
    let output = io::BufWriter::new(io::stdout());
    let mut writer = match arguments.output {
        Form::Table => Writer::table(output),
        Form::Json => Writer::json(output),
        Form::Csv => Writer::csv(output),
    };
    let mut count = 0;
    while let Some(page) = pages.next().await? {
        writer.write(&page, &reached.dispositions)?;
        count += page.len();
    }
    writer.end()?;
    let people = arguments.output == Form::Table && io::stdout().is_terminal();
    match count {
        0 if wanted.is_everything() => eprintln!("No failed entries."),
        0 => eprintln!("No failed entry is like that."),
        _ if people => eprintln!("\n{count} listed. Next: radcast failures show ID"),
        _ => {}
    }
    Ok(Exit::Done)
}
