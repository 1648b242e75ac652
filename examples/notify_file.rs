//! The daemon, with a notifier of your own: it appends every notification to a file, a line of JSON
//! each.
//!
//! ```text
//! cargo run --example notify_file -- notifications.jsonl
//! ```
//!
//! Settings are given as to `radcast run`.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use radcast::cli::{Daemon, Signals};
use radcast::notify::{Notification, Notifier, Undelivered};
use radcast::settings::{DEFAULT_FILE, Settings, SettingsFile};
use radcast::telemetry;
use radcast_engine::failure::Failure;

/// Appends every notification to a file.
struct FileNotifier {
    path: PathBuf,
}

#[async_trait]
impl Notifier for FileNotifier {
    fn name(&self) -> &str {
        "file"
    }

    async fn notify(&self, notification: &Notification) -> Result<(), Undelivered> {
        let path = self.path.clone();
        let line = serde_json::to_string(notification)
            .map_err(|error| Undelivered::for_good(error.to_string()))?;
        // A disk may block the thread, so it gets another one.
        let appending = tokio::task::spawn_blocking(move || append(&path, &line));
        match appending.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Undelivered::for_now(error.to_string())),
            Err(error) => Err(Undelivered::for_good(error.to_string())),
        }
    }
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())
}

/// Runs the daemon until `stop` is ready.
pub async fn run(
    settings: Settings,
    path: PathBuf,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Failure> {
    Daemon::from_settings(settings)
        .notifier(Box::new(FileNotifier { path }))
        .run(stop)
        .await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("which file?")?;
    let mut signals = Signals::catch()?;
    let file = SettingsFile::IfPresent(Path::new(DEFAULT_FILE));
    let settings = Settings::load(file, std::env::vars_os())?.settings;
    telemetry::init(&settings.logging, None, false, io::stdout)?;
    run(settings, path.into(), signals.requested()).await?;
    Ok(())
}
