//! The commands, one file each; and [`Daemon`], which is `radcast run` for a program of your own.

mod assembly;
mod check;
mod command_error;
mod confirm;
mod daemon;
mod demo;
mod exit;
mod failures;
#[cfg(test)]
mod generated_page;
mod mapping;
mod notifying;
mod preview;
mod progress;
mod reach;
mod replica;
mod reporting;
mod run;
mod shutdown;
mod state;
mod status;
mod storage;
mod table;
mod watching;

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

pub use daemon::Daemon;
use exit::Exit;
pub use shutdown::Signals;

/// The most threads that tasks run on.
const MOST_THREADS: usize = 4;

/// Keeps a FHIR R4 server in step with the images of a DICOMweb service.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Start with `radcast demo`: it needs nothing else. Then put DicomWeb:Endpoint and \
                  Fhir:Endpoint into appsettings.json (or DicomWeb__Endpoint and Fhir__Endpoint \
                  into the environment), try `radcast check`, and start `radcast run`. \
                  When something is wrong: `radcast status`, then `radcast failures list`."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follow the change feed until stopped (the daemon)
    Run(SettingsArgument),
    /// Connect to everything configured and say what works and how to mend what does not
    Check(SettingsArgument),
    /// Print the FHIR transaction that instances would be sent as, and where each element comes
    /// from; without sending it
    #[command(after_help = preview::EXAMPLES)]
    Preview(preview::Arguments),
    /// Say which DICOM attribute becomes which FHIR element, and by which rule
    #[command(after_help = mapping::EXAMPLES)]
    Mapping(mapping::Arguments),
    /// Say how far the daemon is and what waits for a person
    #[command(after_help = status::EXAMPLES)]
    Status(status::Arguments),
    /// List, show, retry, dismiss, export and explain failed entries
    Failures(Box<failures::Arguments>),
    /// Show or set how far the feed has been settled, and which feed that is
    #[command(subcommand)]
    State(state::Command),
    /// Cast a folder of DICOM files into FHIR, with everything needed for it built in
    Demo(demo::Arguments),
}

/// Where the settings are.
#[derive(Debug, Args)]
struct SettingsArgument {
    /// The settings file; without this, appsettings.json of the present folder if there is one.
    /// Environment variables such as Fhir__Endpoint win over the file.
    #[arg(long = "settings", value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Runs the command that the process's arguments name.
///
/// The exit code is 0 when the command did what it was asked, 1 when something failed that the
/// output tells of, 2 for wrong arguments, 78 for unusable settings, and 130 when a signal ended a
/// command before it was done.
#[must_use]
pub fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("The runtime cannot be started: {error}");
            return Exit::Failed.into();
        }
    };
    let exit = runtime.block_on(async {
        match command {
            Command::Run(settings) => run::run(&settings).await,
            Command::Check(settings) => check::check(&settings).await,
            Command::Preview(arguments) => preview::preview(&arguments),
            Command::Mapping(arguments) => mapping::mapped(&arguments),
            Command::Status(arguments) => status::status(&arguments).await,
            Command::Failures(arguments) => failures::failures(&arguments).await,
            Command::State(command) => state::state(&command).await,
            Command::Demo(arguments) => demo::demo(&arguments).await,
        }
    });
    // Without waiting for threads that wait themselves, for a locked store or a name server.
    runtime.shutdown_background();
    exit.into()
}

/// A runtime with a thread for each processor, but few: they wait for servers most of the time,
/// and each costs memory.
fn runtime() -> io::Result<Runtime> {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Builder::new_multi_thread()
        .worker_threads(processors.min(MOST_THREADS))
        .enable_all()
        .build()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn no_command_has_two_arguments_of_one_name() {
        Arguments::command().debug_assert();
    }
}
