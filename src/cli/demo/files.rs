//! The files that are demonstrated.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::{Failed, while_doing};
use crate::sandbox::samples::{self, Role, Sample};

/// Files, and which of them are deleted again in the course of the demo.
pub(super) struct Source {
    files: Vec<(PathBuf, Role)>,
}

impl Source {
    /// Every file below `folder`, or else the samples, written below `scratch`.
    pub(super) fn of(folder: Option<&Path>, scratch: &Path) -> Result<Self, Failed> {
        let files = match folder {
            Some(folder) => below(folder)?,
            None => written(&scratch.join("samples"))?,
        };
        Ok(Self { files })
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

fn below(folder: &Path) -> Result<Vec<(PathBuf, Role)>, Failed> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(while_doing("reading --dicom"))?;
        if entry.file_type().is_file() {
            files.push((entry.into_path(), Role::Keep));
        }
    }
    Ok(files)
}

fn written(folder: &Path) -> Result<Vec<(PathBuf, Role)>, Failed> {
    let samples = samples::write(folder).map_err(while_doing("writing the samples"))?;
    Ok(samples
        .into_iter()
        .map(|Sample { path, role }| (path, role))
        .collect())
}
