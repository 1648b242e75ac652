//! `radcast failures export`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use tempfile::NamedTempFile;

use super::filters::Filters;
use super::pages::Pages;
use super::writer::Writer;
use crate::cli::SettingsArgument;
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::progress::Progress;
use crate::cli::reach::{self, Reached};
use crate::telemetry::visible;

pub(super) const EXAMPLES: &str = "\
Examples:
  radcast failures export > failures.jsonl
  radcast failures export --since 7d -o csv last-week.csv
  radcast failures export --category dicom,fhir,transient-exhausted,tag everything.jsonl";

/// Which failed entries to export, and where to.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file, which appears once it is complete; without it, standard output
    #[arg(value_name = "FILE")]
    target: Option<PathBuf>,
    #[command(flatten)]
    filters: Filters,
    /// The form of the output
    #[arg(short, long, value_name = "FORM", default_value = "jsonl")]
    output: Form,
    #[command(flatten)]
    settings: SettingsArgument,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// An object a line
    Jsonl,
    /// With a header
    Csv,
}

impl Form {
    fn writer<W: Write>(self, output: W) -> Writer<W> {
        match self {
            Self::Jsonl => Writer::JsonLines(output),
            Self::Csv => Writer::csv(output),
        }
    }
}

pub(super) async fn export(arguments: &Arguments) -> Result<Exit, CommandError> {
    let wanted = arguments.filters.wanted()?;
    let reached = reach::existing(&arguments.settings)?;
    let pages = Pages::new(&reached, wanted.filter(reached.now), None);
    let Some(path) = &arguments.target else {
        let output = io::BufWriter::new(io::stdout());
        write(pages, arguments.output.writer(output), &reached).await?;
        return Ok(Exit::Done);
    };
    let told = |error: io::Error| CommandError::Told(format!("{}: {error}", path.display()));
    let file = NamedTempFile::new_in(folder(path)).map_err(told)?;
    let output = io::BufWriter::new(file.as_file());
    let count = write(pages, arguments.output.writer(output), &reached).await?;
    file.as_file().sync_all().map_err(told)?;
    file.persist(path).map_err(|error| told(error.error))?;
    let path = path.display().to_string();
    eprintln!("{count} exported to {}", visible(&path));
    Ok(Exit::Done)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

async fn write<W: Write>(
    mut pages: Pages,
    mut writer: Writer<W>,
    reached: &Reached,
) -> Result<u64, CommandError> {
    let mut progress = Progress::of("exported");
    let mut count = 0;
    while let Some(page) = pages.next().await? {
        writer.write(&page, &reached.dispositions)?;
        count += page.len() as u64;
        progress.at(count);
    }
    writer.end()?;
    progress.end();
    Ok(count)
}
