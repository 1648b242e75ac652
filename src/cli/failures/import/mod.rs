//! `radcast failures import`: takes over what dicom-cast recorded.

mod gathering;
mod takeover;

#[cfg(test)]
mod tests;

use clap::Args;

use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::progress::Progress;
use crate::cli::{SettingsArgument, reach};
use takeover::{Summary, TakeOver};

pub(super) const EXAMPLES: &str = "\
dicom-cast wrote a row for each failed attempt, with a random key and the text of the exception.
They become one record for each entry, with the same key as radcast's own, so that it can be listed,
retried and dismissed; the rows are then removed. The text of the exceptions is not taken over, as
it may name a patient. Stop dicom-cast first. The import may be repeated, also after it broke off.

Examples:
  radcast failures import --dry-run
  radcast failures import
  radcast failures import --keep                 leave dicom-cast's rows where they are";

/// How to take them over.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Keep the rows that dicom-cast wrote
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    settings: SettingsArgument,
}

pub(super) async fn import(arguments: &Arguments) -> Result<Exit, CommandError> {
    let reached = reach::existing(&arguments.settings)?;
    let mut progress = Progress::of("rows");
    let mut takeover = TakeOver {
        store: &*reached.store,
        writes: !arguments.dry_run,
        removes: !arguments.dry_run && !arguments.keep,
        stop: &reached.stop,
        summary: Summary::default(),
        progress: |rows| progress.at(rows),
    };
    let ended = takeover.run().await;
    let summary = takeover.summary;
    progress.end();
    for line in summary.lines(arguments.dry_run) {
        println!("{line}");
    }
    ended?;
    if reached.stop.is_cancelled() {
        eprintln!("Interrupted; the same command goes on with the rest.");
        return Err(CommandError::Interrupted);
    }
    Ok(Exit::Done)
}
