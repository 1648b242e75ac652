//! `radcast failures retry` and `radcast failures dismiss`.

use clap::Args;

use super::filters::Filters;
use crate::cli::command_error::CommandError;
use crate::cli::confirm::confirmed;
use crate::cli::exit::Exit;
use crate::cli::progress::Progress;
use crate::cli::reach::{self, Reached};
use crate::cli::{SettingsArgument, status};
use crate::ops::failures::{Act, Bulk, LookupError, Outcome, each, find};
use crate::telemetry::visible;
use radcast_engine::failure::Failure;
use radcast_engine::store::FailureRecord;

pub(super) const RETRY_EXAMPLES: &str = "\
A retry is a signal in the store: the daemon sees it, asks the DICOM service for the instance's
present state, and applies that. What succeeds, and what has become obsolete, leaves the list.
An entry whose instance is itself at fault is not retried: store the instance again.

Examples:
  radcast failures retry 4711 4712
  radcast failures retry --code fhir.multiple-matches
  radcast failures retry --category transient-exhausted --since 1d
  radcast failures retry --all --yes";

pub(super) const DISMISS_EXAMPLES: &str = "\
A dismissed record is gone; its entry is not applied, and nothing tells of it any more. With
--superseded, only records are removed whose instance was applied by a later entry.

Examples:
  radcast failures dismiss 4711
  radcast failures dismiss --superseded --until 30d
  radcast failures dismiss --category tag --yes";

/// Which failed entries are meant.
#[derive(Debug, Args)]
struct Selection {
    /// These
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// All of them
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filters: Filters,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    settings: SettingsArgument,
}

/// Which failed entries to retry.
#[derive(Debug, Args)]
pub(super) struct Retry {
    #[command(flatten)]
    selection: Selection,
    /// Retry also where no retry helps as a rule: bad instances, and codes that are never retried
    #[arg(long)]
    force: bool,
}

/// Which records to remove.
#[derive(Debug, Args)]
pub(super) struct Dismiss {
    #[command(flatten)]
    selection: Selection,
}

/// How it is told what is done.
struct Words {
    /// E.g. `Retry asked for`.
    done: &'static str,
    /// E.g. `asked for`.
    doing: &'static str,
}

pub(super) async fn retry(arguments: &Retry) -> Result<Exit, CommandError> {
    let selection = &arguments.selection;
    let reached = reach::existing(&selection.settings)?;
    let act = Act::Retry {
        dispositions: reached.dispositions.clone(),
        force: arguments.force,
    };
    let question =
        (selection.all).then_some("Have every failed entry retried that a retry can help?");
    let words = Words {
        done: "retry asked for",
        doing: "asked for",
    };
    let exit = change(selection, &reached, &act, question, &words).await?;
    if let Some(absent) = status::absent(&*reached.store, reached.now).await? {
        eprintln!("{absent}; the retries wait for it.");
    }
    Ok(exit)
}

pub(super) async fn dismiss(arguments: &Dismiss) -> Result<Exit, CommandError> {
    let selection = &arguments.selection;
    let reached = reach::existing(&selection.settings)?;
    let question = if selection.all {
        "Remove the records of all failed entries?"
    } else {
        "Remove these records?"
    };
    let words = Words {
        done: "dismissed",
        doing: "dismissed",
    };
    let act = Act::Dismiss {
        only_superseded: selection.filters.superseded(),
    };
    change(selection, &reached, &act, Some(question), &words).await
}

async fn change(
    selection: &Selection,
    reached: &Reached,
    act: &Act,
    question: Option<&str>,
    words: &Words,
) -> Result<Exit, CommandError> {
    let wanted = selection.filters.wanted()?;
    let chosen = [
        !selection.ids.is_empty(),
        selection.all,
        !wanted.is_everything(),
    ];
    if chosen.into_iter().filter(|chosen| *chosen).count() != 1 {
        let which = "Say which: ids, or filters such as --code, or --all; one of the three.";
        return Err(CommandError::Usage(which.to_owned()));
    }
    if let Some(question) = question {
        confirmed(question, selection.yes, &reached.stop).await?;
    }
    if !selection.ids.is_empty() {
        return one_by_one(&selection.ids, reached, act, words).await;
    }
    let filter = wanted.filter(reached.now);
    let mut progress = Progress::of(words.doing);
    let (bulk, ended) = each(&*reached.store, &filter, None, act, &reached.stop, |bulk| {
        progress.at(bulk.done);
    })
    .await;
    progress.end();
    told(bulk, ended, reached, words)
}

/// Gives account of what was done by filters.
fn told(
    bulk: Bulk,
    ended: Result<(), Failure>,
    reached: &Reached,
    words: &Words,
) -> Result<Exit, CommandError> {
    println!("{}: {}", words.done, bulk.done);
    for (reason, refused) in &bulk.refused {
        let more = refused.count - refused.first.len() as u64;
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let (count, first) = (refused.count, refused.first.join(", "));
        let first = visible(&first);
        eprintln!("left out: {count} ({first}{more}): {reason}");
    }
    ended?;
    if reached.stop.is_cancelled() {
        eprintln!("Interrupted; the same command goes on with the rest.");
        return Err(CommandError::Interrupted);
    }
    let in_vain = bulk.done == 0 && bulk.refused() > 0;
    Ok(if in_vain { Exit::Failed } else { Exit::Done })
}

async fn one_by_one(
    ids: &[String],
    reached: &Reached,
    act: &Act,
    words: &Words,
) -> Result<Exit, CommandError> {
    let mut exit = Exit::Done;
    for id in ids {
        if reached.stop.is_cancelled() {
            return Err(CommandError::Interrupted);
        }
        match one(id, reached, act).await {
            Ok((record, Outcome::Done)) => {
                println!("{}: {}", visible(&record.key.id()), words.done)
            }
            Ok((record, Outcome::Refused(reason))) => {
                eprintln!("{}: refused: {reason}", visible(&record.key.id()));
                exit = Exit::Failed;
            }
            Ok((_, Outcome::Gone)) => {
                eprintln!("{}: it is not there any more", visible(id));
                exit = Exit::Failed;
            }
            Err(LookupError::Store(failure)) => return Err(failure.into()),
            Err(unfound) => {
                eprintln!("{}", visible(&unfound.to_string()));
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}

async fn one(
    id: &str,
    reached: &Reached,
    act: &Act,
) -> Result<(FailureRecord, Outcome), LookupError> {
    let record = find(&*reached.store, id).await?;
    let outcome = act.to(&*reached.store, &record).await?;
    Ok((record, outcome))
}
