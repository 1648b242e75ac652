//! The file itself: how it is made, whose it is, and whether it is still the one that was opened.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::schema::{self, Kind};
use super::trouble::told;
use crate::failure::{Code, Failure};

/// The file of a store that is open.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    /// As the settings name it.
    pub(super) place: PathBuf,
    /// Without symbolic links, so that all who name it by different ways meet.
    path: PathBuf,
    identity: Identity,
    /// Held by the one that works at it alone.
    _lock: Option<File>,
}

/// Whether others may have the file open for work of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holding {
    /// They may.
    Shared,
    /// Of those that ask for it alone there is one.
    Alone,
}

impl DatabaseFile {
    /// Makes the file, if there is none, and looks whether it can be one of ours.
    pub(super) fn find(place: &Path, holding: Holding) -> Result<Self, Failure> {
        let refused = |error: io::Error| unavailable(place, &error);
        if !place.try_exists().map_err(refused)? {
            make(place)?;
        }
        let path = fs::canonicalize(place).map_err(refused)?;
        let metadata = fs::metadata(&path).map_err(refused)?;
        if metadata.len() == 0 {
            return Err(wrong(place, "is empty: no store was ever kept in it"));
        }
        let lock = match holding {
            Holding::Shared => None,
            Holding::Alone => Some(lock(place, &path)?),
        };
        Ok(Self {
            place: place.to_owned(),
            path,
            identity: Identity::of(&metadata),
            _lock: lock,
        })
    }

    /// Opens it, and refuses what is not ours.
    pub(super) fn connect(&self) -> Result<Connection, Failure> {
        let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => wrong(&self.place, "is no SQLite database"),
            _ => told(&self.place, &error),
        };
        let mut connection = open(&self.path).map_err(failed)?;
        let problem = match schema::kind(&connection).map_err(failed)? {
            Kind::Ours => None,
            Kind::Empty => Some("has no tables: no store was ever kept in it".to_owned()),
            Kind::Foreign => Some("is the database of another application".to_owned()),
            Kind::Newer(version) => Some(format!(
                "was written by a newer radcast: it has version {version}, and this one knows \
                 version {} at most",
                schema::VERSION
            )),
        };
        if let Some(problem) = problem {
            return Err(wrong(&self.place, &problem));
        }
        schema::prepare(&mut connection).map_err(failed)?;
        self.verify()?;
        Ok(connection)
    }

    /// Fails when something else, or nothing, is at its place: what is written then goes into a file
    /// that nobody finds again.
    pub(super) fn verify(&self) -> Result<(), Failure> {
        let now = match fs::metadata(&self.path) {
            Ok(metadata) => Identity::of(&metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(replaced(&self.place, "was removed"));
            }
            Err(error) => return Err(unavailable(&self.place, &error)),
        };
        if now == self.identity {
            return Ok(());
        }
        Err(replaced(&self.place, "was replaced by another one"))
    }
}

/// What tells a file from another one of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    inode: u64,
}

impl Identity {
    #[cfg(unix)]
    fn of(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }

    #[cfg(not(unix))]
    fn of(_: &fs::Metadata) -> Self {
        Self {}
    }
}

/// Makes the file for the user of the process alone: failed entries are no matter of other users of
/// the machine. It appears complete, so that nobody finds it half made; one that somebody else makes
/// at the same time stays.
fn make(place: &Path) -> Result<(), Failure> {
    let refused = |error: &io::Error| unavailable(place, error);
    let log = beside(place, "-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        let problem = format!(
            "is missing, but its log {} is there: put the file back beside it, or remove the log \
             as well to begin anew",
            log.display()
        );
        return Err(wrong(place, &problem));
    }
    let folder = match place.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let new = tempfile::Builder::new()
        .prefix("radcast-new-")
        .tempfile_in(folder)
        .map_err(|error| refused(&error))?
        .into_temp_path();
    fill(&new).map_err(|error| told(place, &error))?;
    match new.persist_noclobber(place) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(refused(&error.error));
        }
        _ => {}
    }
    // Its name is to outlive a loss of power as well; not every file system can be asked for that.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn fill(new: &Path) -> rusqlite::Result<()> {
    let mut connection = open(new)?;
    schema::prepare(&mut connection)?;
    connection.close().map_err(|(_, error)| error)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(schema::PATIENCE)?;
    Ok(connection)
}

/// Takes the lock that one process at a time can have. It is beside the file: SQLite loses its own
/// locks when the file is closed elsewhere in the process.
fn lock(place: &Path, path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lock = options.open(beside(path, "-lock"));
    let lock = lock.map_err(|error| unavailable(place, &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Failure::new(
            Code::StoreConflict,
            sentence(place, "another radcast runs with this file"),
        )),
        Err(TryLockError::Error(error)) => Err(unavailable(place, &error)),
    }
}

/// The path of what is kept beside the file.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = OsString::from(path);
    beside.push(suffix);
    beside.into()
}

fn sentence(place: &Path, problem: &str) -> String {
    format!("Store:Path {}: {problem}", place.display())
}

fn wrong(place: &Path, problem: &str) -> Failure {
    Failure::new(
        Code::StoreWrongFile,
        sentence(place, &format!("the file {problem}")),
    )
}

fn replaced(place: &Path, problem: &str) -> Failure {
    let problem = format!("the file {problem} while it is open");
    Failure::new(Code::StoreFileReplaced, sentence(place, &problem))
}

fn unavailable(place: &Path, error: &io::Error) -> Failure {
    Failure::new(Code::StoreUnavailable, sentence(place, &error.to_string()))
}

#[cfg(test)]
mod tests;
