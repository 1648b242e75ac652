//! `radcast status`: how far the daemon is and what waits for a person.

mod account;

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::command_error::CommandError;
use super::exit::Exit;
use super::{SettingsArgument, reach};
use crate::ops::failures::open_by_class;
use crate::telemetry::{visible, visible_json};
use account::Account;
use radcast_engine::failure::Failure;
use radcast_engine::store::{Report, Role, Store};

pub(super) const EXAMPLES: &str = "\
It reads what the daemon reports to the store, from any machine that reaches the store. The exit
code is 1 when the daemon has not reported for two minutes.

Examples:
  radcast status
  radcast status -o json | jq .lagEntries
  watch radcast status";

/// For how long a report tells of the present.
const FRESH: SignedDuration = SignedDuration::from_mins(2);

/// How to tell the status.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The form of the output
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    output: Form,
    #[command(flatten)]
    settings: SettingsArgument,
}

/// The form of the status.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// For people
    Table,
    /// One object
    Json,
}

pub(super) async fn status(arguments: &Arguments) -> Exit {
    tell(arguments).await.unwrap_or_else(CommandError::exit)
}

async fn tell(arguments: &Arguments) -> Result<Exit, CommandError> {
    let reached = reach::existing(&arguments.settings)?;
    let account = account(&*reached.store, reached.now);
    let account = reached.stop.run_until_cancelled(account).await;
    let account = account.ok_or(CommandError::Interrupted)??;
    let mut output = io::stdout().lock();
    match arguments.output {
        Form::Table => {
            for (label, text) in account.lines() {
                writeln!(output, "{label:<13}{}", visible(&text))?;
            }
        }
        Form::Json => {
            let json = format!("{:#}", json!(account));
            writeln!(output, "{}", visible_json(&json))?;
        }
    }
    Ok(if account.absent.is_some() {
        Exit::Failed
    } else {
        Exit::Done
    })
}

async fn account(store: &dyn Store, now: Timestamp) -> Result<Account, Failure> {
    let position = store.sync_state().await?.map(|(state, _)| state);
    let reports = store.reports().await?;
    let of = |role| reports.iter().find(|report| report.role == role);
    let failures = open_by_class(store).await?;
    Ok(Account::of(
        of(Role::Active),
        of(Role::Standby),
        position,
        failures,
        now,
    ))
}

/// That nobody has reported to consume the feed for a while; `None` when somebody has.
pub(super) async fn absent(store: &dyn Store, now: Timestamp) -> Result<Option<String>, Failure> {
    let reports = store.reports().await?;
    let active = reports.iter().find(|report| report.role == Role::Active);
    Ok(absence(active, now))
}

fn absence(active: Option<&Report>, now: Timestamp) -> Option<String> {
    let why = "the daemon is not running or cannot reach the store";
    match active {
        None => Some(format!("no report yet: {why}")),
        Some(report) if now.duration_since(report.at) > FRESH => Some(format!(
            "no report since {}: {why}",
            report.at.strftime("%F %TZ")
        )),
        Some(_) => None,
    }
}
