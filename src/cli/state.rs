//! `radcast state`: the stored position.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use super::command_error::CommandError;
use super::exit::Exit;
use super::reach::Reached;
use super::{SettingsArgument, assembly, reach, status};
use crate::settings::Settings;
use crate::telemetry::{visible, visible_json};
use radcast_azure::{POSITION_BLOB, parse_position, read_position};
use radcast_engine::failure::{Code, Failure};
use radcast_engine::feed::CurrentState;
use radcast_engine::feed::EntryIdentity;
use radcast_engine::store::SyncState;

const SHOW_EXAMPLES: &str = "\
Examples:
  radcast state show
  radcast state show -o json";

const IMPORT_EXAMPLES: &str = "\
The daemon then goes on behind this sequence: what is before it is not read. Stop the daemon first.
A position that is there already is not written over without --force: forward it would leave entries
out, back it would read entries again (which changes nothing that is right).

Examples:
  radcast state import --sequence 4711
  radcast state import --sequence 4711 --timestamp 2024-06-01T08:15:00Z
  radcast state import --sequence 4000 --force
  radcast state import --from-blob SyncState.json
  radcast state import --from-container metadatacontainer";

const ACCEPT_EXAMPLES: &str = "\
The daemon pauses with dicom.feed-replaced when the entry at the position is another one than was
read there: the DICOM service was restored or replaced, or the settings lead to another service or
store. This prints the entry as it was read and as the feed has it now, and keeps the latter beside
the position. The position stays: what the feed holds up to there is not read, not even where it is
new. To read it, set the position back instead; reading again changes nothing that is right.
Stop the daemon first.

Examples:
  radcast state accept
  radcast state import --sequence 0 --force   # instead: read the feed from its start";

/// What to do with the position.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show how far the feed has been settled
    #[command(after_help = SHOW_EXAMPLES)]
    Show(Show),
    /// Set how far the feed has been settled, e.g. by the daemon that this one replaces
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(Import),
    /// Count the feed as it is now from the position on, after a pause with dicom.feed-replaced
    #[command(after_help = ACCEPT_EXAMPLES)]
    Accept(Accept),
}

/// How to show the position.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The form of the output
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    output: Form,
    #[command(flatten)]
    settings: SettingsArgument,
}

/// The form of the position.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// For people
    Table,
    /// One object
    Json,
}

/// The position to set.
#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(flatten)]
    source: Source,
    /// The time of that entry; with it, version v2 of the feed is read from there, without it from
    /// its start
    #[arg(long, value_name = "TIME", requires = "sequence")]
    timestamp: Option<Timestamp>,
    /// Write over a position that is there, and under a daemon that runs
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    settings: SettingsArgument,
}

/// How to accept the feed.
#[derive(Debug, Args)]
pub(super) struct Accept {
    /// Accept it under a daemon that runs
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    settings: SettingsArgument,
}

/// Where the position comes from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// Every entry up to this sequence counts as settled
    #[arg(long, value_name = "SEQUENCE")]
    sequence: Option<u64>,
    /// The blob SyncState.json that the first versions of dicom-cast kept, downloaded to this file
    #[arg(long, value_name = "FILE")]
    from_blob: Option<PathBuf>,
    /// The container that holds that blob, in the account of BlobStore or TableStore
    #[arg(long, value_name = "CONTAINER")]
    from_container: Option<String>,
}

impl Source {
    async fn read(&self, settings: &Settings) -> Result<SyncState, Failure> {
        let wrong = |what: String| Failure::new(Code::BlobWrongAddress, what);
        if let Some(file) = &self.from_blob {
            let content = std::fs::read(file)
                .map_err(|error| wrong(format!("{} cannot be read: {error}", file.display())))?;
            return parse_position(&content);
        }
        let Some(container) = &self.from_container else {
            return Ok(SyncState::at(self.sequence.unwrap_or_default(), None));
        };
        let blobs = settings.blob_store.clone();
        let mut blobs =
            blobs.ok_or_else(|| wrong("the settings lead to no blob service".to_owned()))?;
        blobs.container.clone_from(container);
        let state = read_position(&blobs, POSITION_BLOB).await?;
        state.ok_or_else(|| wrong(format!("there is no {POSITION_BLOB} in {container}")))
    }
}

pub(super) async fn state(command: &Command) -> Exit {
    let done = match command {
        Command::Show(arguments) => show(arguments).await,
        Command::Import(arguments) => import(arguments).await,
        Command::Accept(arguments) => accept(arguments).await,
    };
    done.unwrap_or_else(CommandError::exit)
}

async fn show(arguments: &Show) -> Result<Exit, CommandError> {
    let reached = reach::existing(&arguments.settings)?;
    let stored = reached.store.sync_state().await?.map(|(state, _)| state);
    let known = stored.clone().unwrap_or_default();
    let timestamp = known.timestamp.map(|at| at.to_string());
    let feed = known.feed.as_deref();
    let entry = known.entry.as_ref().map(ToString::to_string);
    let mut output = io::stdout().lock();
    match (arguments.output, stored) {
        (Form::Json, stored) => {
            let sequence = stored.map(|state| state.sequence);
            let state = json!({
                "sequence": sequence, "timestamp": timestamp, "feed": feed, "entry": entry,
            });
            writeln!(output, "{}", visible_json(&format!("{state:#}")))?;
        }
        (Form::Table, None) => writeln!(output, "none: the feed is read from its start")?,
        (Form::Table, Some(SyncState { sequence, .. })) => {
            let [timestamp, feed, entry] = [timestamp.as_deref(), feed, entry.as_deref()]
                .map(|known| visible(known.unwrap_or("not known")));
            writeln!(output, "sequence   {sequence}\ntimestamp  {timestamp}")?;
            writeln!(output, "feed       {feed}\nlast entry {entry}")?;
        }
    }
    Ok(Exit::Done)
}

async fn import(arguments: &Import) -> Result<Exit, CommandError> {
    let reached = reach::any(&arguments.settings)?;
    let state = arguments.source.read(&reached.settings).await?;
    let stored = reached.store.sync_state().await?;
    if !arguments.force {
        refuse_to_overwrite(stored.as_ref().map(|(state, _)| state), state.sequence)?;
        refuse_under_a_daemon(&reached).await?;
    }
    let state = SyncState {
        timestamp: arguments.timestamp.or(state.timestamp),
        ..state
    };
    let etag = stored.map(|(_, etag)| etag);
    let sequence = state.sequence;
    reached.store.save_sync_state(state, etag.as_ref()).await?;
    println!("The position is {sequence}.");
    Ok(Exit::Done)
}

async fn refuse_under_a_daemon(reached: &Reached) -> Result<(), CommandError> {
    let absent = status::absent(&*reached.store, reached.now).await?;
    if absent.is_some() {
        return Ok(());
    }
    let told = "A daemon has reported within the last two minutes: stop it first; or say --force, \
                and it stops by itself at its next write, or when it is restarted if it waits.";
    Err(CommandError::Told(told.to_owned()))
}

async fn accept(arguments: &Accept) -> Result<Exit, CommandError> {
    let reached = reach::existing(&arguments.settings)?;
    let Some((state, etag)) = reached.store.sync_state().await? else {
        let told = "There is no position: the feed is read from its start, whichever it is.";
        return Err(CommandError::Told(told.to_owned()));
    };
    if !arguments.force {
        refuse_under_a_daemon(&reached).await?;
    }
    let found = found_at(&reached, state.sequence).await?;
    let [before, now] = [&state.entry, &found].map(|entry| {
        let entry = entry.as_ref().map(ToString::to_string);
        visible(entry.as_deref().unwrap_or("not known")).into_owned()
    });
    let sequence = state.sequence;
    let accepted = SyncState {
        feed: None,
        entry: found,
        ..state
    };
    reached.store.save_sync_state(accepted, Some(&etag)).await?;
    println!("entry as it was read  {before}\nentry in the feed now {now}");
    println!(
        "The position stays {sequence}, in the feed as it is now: entries up to it are not read."
    );
    Ok(Exit::Done)
}

/// The entry that the feed has at the position now, if it can be read.
async fn found_at(
    reached: &Reached,
    position: u64,
) -> Result<Option<Arc<EntryIdentity>>, CommandError> {
    if reached.dicom.is_none() {
        let told = "DicomWeb:Endpoint is missing: the feed has to be asked for its entry.";
        return Err(CommandError::Told(told.to_owned()));
    }
    let feed = assembly::feed_client(&reached.settings)?;
    let latest = feed.latest().await?.sequence;
    if latest < position {
        return Err(CommandError::Told(format!(
            "The feed ends at {latest}, before the position {position}: set the position with \
             `radcast state import`."
        )));
    }
    let entry = feed.entry(position, None).await?;
    let entry = entry.and_then(Result::ok);
    Ok(entry.and_then(|entry| entry.identity()).map(Arc::new))
}

fn refuse_to_overwrite(stored: Option<&SyncState>, wanted: u64) -> Result<(), CommandError> {
    let Some(stored) = stored.map(|state| state.sequence) else {
        return Ok(());
    };
    let consequence = match wanted.cmp(&stored) {
        std::cmp::Ordering::Less => "would move back: entries behind it would be read again",
        std::cmp::Ordering::Equal => "is there already",
        std::cmp::Ordering::Greater => "would jump: entries up to there would never be read",
    };
    Err(CommandError::Told(format!(
        "The position is {stored}; set to {wanted} it {consequence}. Say --force if that is meant."
    )))
}
