//! `radcast failures`: what the operator does about failed entries.

mod change;
mod explain;
mod export;
mod filters;
#[cfg(test)]
mod generate;
mod import;
mod list;
mod pages;
mod show;
mod writer;

use clap::{Args, Subcommand};

use super::exit::Exit;

/// What to do about failed entries.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the failed entries
    #[command(after_help = list::EXAMPLES)]
    List(list::Arguments),
    /// Show everything about one failed entry, and what to do about it
    #[command(after_help = show::EXAMPLES)]
    Show(show::Arguments),
    /// Have failed entries retried by the daemon, after the cause was mended
    #[command(after_help = change::RETRY_EXAMPLES)]
    Retry(change::Retry),
    /// Remove the records of failed entries
    #[command(after_help = change::DISMISS_EXAMPLES)]
    Dismiss(change::Dismiss),
    /// Write all columns of the failed entries as JSON lines or CSV
    #[command(after_help = export::EXAMPLES)]
    Export(export::Arguments),
    /// Take over the failed entries that dicom-cast recorded
    #[command(after_help = import::EXAMPLES)]
    Import(import::Arguments),
    /// Say what a failure code means, whether it is retried, and how to cure it
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::Arguments),
}

pub(super) async fn failures(arguments: &Arguments) -> Exit {
    let done = match &arguments.command {
        Command::List(arguments) => list::list(arguments).await,
        Command::Show(arguments) => show::show(arguments).await,
        Command::Retry(arguments) => change::retry(arguments).await,
        Command::Dismiss(arguments) => change::dismiss(arguments).await,
        Command::Export(arguments) => export::export(arguments).await,
        Command::Import(arguments) => import::import(arguments).await,
        Command::Explain(arguments) => explain::explain(arguments),
    };
    done.unwrap_or_else(|broken| broken.exit())
}
