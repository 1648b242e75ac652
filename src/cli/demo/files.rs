//! The files that are demonstrated.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::{Failed, while_doing};
use radcast_sandbox::samples::{self, Role, Sample};

/// Files, and which of them are deleted again in the course of the demo.
#[derive(Default)]
pub(super) struct Source {
    files: Vec<(PathBuf, Role)>,
    unreadable: Vec<(PathBuf, String)>,
}

impl Source {
    /// Every file below `folder`, or else the samples, written below `scratch`.
    pub(super) fn of(folder: Option<&Path>, scratch: &Path) -> Result<Self, Failed> {
        match folder {
            Some(folder) => below(folder),
            None => written(&scratch.join("samples")),
        }
    }

    /// The folders that cannot be listed, and why.
    pub(super) fn unreadable(&self) -> &[(PathBuf, String)] {
        &self.unreadable
    }

    pub(super) fn files(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.files.iter().map(|(path, _)| path.as_path())
    }

    pub(super) fn deleted_before_read(&self) -> impl Iterator<Item = &Path> {
        self.with(Role::DeleteBeforeRead)
    }

    pub(super) fn deleted_after_cast(&self) -> impl Iterator<Item = &Path> {
        self.with(Role::DeleteAfterCast)
    }

    fn with(&self, role: Role) -> impl Iterator<Item = &Path> {
        let of_role = move |(_, has): &&(PathBuf, Role)| *has == role;
        self.files
            .iter()
            .filter(of_role)
            .map(|(path, _)| path.as_path())
    }
}

fn below(folder: &Path) -> Result<Source, Failed> {
    let mut source = Source::default();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_file() => {
                source.files.push((entry.into_path(), Role::Keep));
            }
            Ok(_) => {}
            Err(error) if error.depth() == 0 => return Err(while_doing("reading --dicom")(error)),
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                source
                    .unreadable
                    .push((path, "cannot be listed".to_owned()));
            }
        }
    }
    Ok(source)
}

fn written(folder: &Path) -> Result<Source, Failed> {
    let samples = samples::write(folder).map_err(while_doing("writing the samples"))?;
    let files = samples
        .into_iter()
        .map(|Sample { path, role }| (path, role));
    Ok(Source {
        files: files.collect(),
        ..Source::default()
    })
}
