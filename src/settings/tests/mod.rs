//! The settings as a whole: files and environment in, settings or findings out.

mod dicom_cast;
mod policies;
mod readings;
mod sources;
mod storage;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Loaded, Settings, SettingsFile, Unusable};

const NOWHERE: &str = "nowhere/appsettings.json";

const ENDPOINTS: [(&str, &str); 2] = [
    ("DicomWeb__Endpoint", "https://dicom.example.org"),
    ("Fhir__Endpoint", "http://fhir.example.org/r4"),
];

fn pairs(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    variables
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn load(variables: &[(&str, &str)]) -> Result<Loaded, Unusable> {
    Settings::load(
        SettingsFile::IfPresent(Path::new(NOWHERE)),
        pairs(variables),
    )
}

/// Loads with the two endpoints given.
fn with(variables: &[(&str, &str)]) -> Result<Loaded, Unusable> {
    load(&[&ENDPOINTS, variables].concat())
}

fn settings(variables: &[(&str, &str)]) -> Settings {
    with(variables).unwrap().settings
}

/// The only problem, as shown.
fn problem(variables: &[(&str, &str)]) -> String {
    let unusable = with(variables).unwrap_err();
    assert_eq!(unusable.problems.len(), 1, "{unusable}");
    unusable.problems[0].to_string()
}

fn warnings(loaded: &Loaded) -> Vec<String> {
    loaded.warnings.iter().map(ToString::to_string).collect()
}

fn file(directory: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}
