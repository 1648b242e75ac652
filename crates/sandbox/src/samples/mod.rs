//! Sample studies for the demonstration: small DICOM files of invented patients, the same ones at
//! every run.

mod attribute;
mod catalogue;
mod dose_report;
mod file;
mod people;

use std::io;
use std::path::{Path, PathBuf};

pub use catalogue::Role;

/// A file written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Where it is.
    pub path: PathBuf,
    /// What the demonstration does with its instance.
    pub role: Role,
}

/// Why the samples could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// The folder cannot be written to.
    #[error("cannot write the sample files: {0}")]
    Folder(#[from] io::Error),
    /// A sample cannot be encoded as a DICOM file.
    #[error("cannot encode the sample file {path}: {reason}")]
    Encode {
        /// The file, below the folder.
        path: PathBuf,
        /// What the encoder said.
        reason: String,
    },
}

/// Writes the sample studies below the folder: a folder a study, a file an instance.
///
/// # Errors
/// The folder cannot be written to.
pub fn write(folder: &Path) -> Result<Vec<Sample>, SamplesError> {
    let mut samples = Vec::new();
    for study in catalogue::STUDIES {
        for (index, series) in study.series.iter().enumerate() {
            for number in 1..=series.instances {
                let path = folder
                    .join(study.name)
                    .join(format!("series-{}", index + 1))
                    .join(format!("{number:04}.dcm"));
                file::write(&path, study, series, number)?;
                let role = series.role;
                samples.push(Sample { path, role });
            }
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests;
