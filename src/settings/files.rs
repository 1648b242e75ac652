//! The settings files: which ones there are, and whether they can be read.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use config::{ConfigError, Source as _};

use super::layers::FileLayer;
use super::problem::Problem;

/// Which settings file to read. `NAME.{DOTNET_ENVIRONMENT}.json` beside it is read as well, when
/// it is there.
#[derive(Debug, Clone, Copy)]
pub enum SettingsFile<'a> {
    /// This one, if it is there.
    IfPresent(&'a Path),
    /// This one; it is a problem when it is not there.
    Named(&'a Path),
}

/// The longest file of settings, in bytes.
const LONGEST: u64 = 1 << 20;

/// The deepest that a file of settings is nested. The parser goes down with each level.
const DEEPEST: usize = 20;

impl SettingsFile<'_> {
    /// The layers that there are, lowest precedence first.
    pub(super) fn layers(self, environment: &str, problems: &mut Vec<Problem>) -> Vec<FileLayer> {
        let (path, required) = match self {
            Self::IfPresent(path) => (path, false),
            Self::Named(path) => (path, true),
        };
        let beside = beside(path, environment);
        [(path, required), (&beside, false)]
            .into_iter()
            .filter_map(|(path, required)| layer(path, required, problems))
            .collect()
    }
}

/// `appsettings.json` with the name of the environment before its extension.
fn beside(path: &Path, environment: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{environment}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

fn layer(path: &Path, required: bool, problems: &mut Vec<Problem>) -> Option<FileLayer> {
    // Where presence cannot be told, the reader gives the reason.
    let present = path.try_exists().unwrap_or(true);
    if !present && !required {
        return None;
    }
    let layer = FileLayer::new(path);
    let error = match check_bounds(path).map(|()| layer.collect()) {
        Err(error) => error,
        Ok(Ok(_)) => return Some(layer),
        Ok(Err(_)) if !present => "it does not exist".to_owned(),
        Ok(Err(error)) => cause(&error),
    };
    problems.push(unreadable(&path.display(), &error));
    None
}

/// Refuses a file that the parser could not bear. One that cannot be read is left to the parser.
fn check_bounds(path: &Path) -> Result<(), String> {
    let length = std::fs::metadata(path).map_or(0, |file| file.len());
    if length > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let text = std::fs::read(path).unwrap_or_default();
    match depth(&text) {
        depth if depth > DEEPEST => Err(format!("it is nested more than {DEEPEST} deep")),
        _ => Ok(()),
    }
}

/// How deep brackets are nested, wherever they stand: those in texts are closed again mostly.
fn depth(text: &[u8]) -> usize {
    let (mut now, mut deepest) = (0_usize, 0);
    for byte in text {
        match byte {
            b'[' | b'{' => now += 1,
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(now);
    }
    deepest
}

/// What is wrong with a file, without its name, which the problem has already.
fn cause(error: &ConfigError) -> String {
    match error {
        ConfigError::FileParse { cause, .. } => format!("it is no valid JSON: {cause}"),
        ConfigError::Foreign(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

/// The problem of settings that cannot be read at all.
pub(super) fn unreadable(file: &dyn Display, error: &dyn Display) -> Problem {
    Problem {
        key: file.to_string(),
        value: None,
        origin: None,
        cure: format!("cannot be read: {error}"),
    }
}
