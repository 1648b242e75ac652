//! `radcast demo`, from the outside: its account of files and entries, and the resources it makes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::support::daemon::{Ended, ended, radcast};
use crate::support::hfs::http_client;
use crate::support::python::{pydicom_files, script};

/// Study → series → instances.
type Tree = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// A demo that has ended, and every resource it made.
struct Demonstrated {
    ended: Ended,
    ndjson: String,
    _folder: tempfile::TempDir,
}

fn demonstrate(files: Option<&Path>) -> Demonstrated {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = vec![PathBuf::from("demo"), "--once".into(), "--keep".into()];
    arguments.push(folder.path().to_owned());
    if let Some(files) = files {
        arguments.extend([PathBuf::from("--dicom"), files.to_owned()]);
    }
    let ended = ended(&mut radcast(&arguments));
    let ndjson = std::fs::read_to_string(folder.path().join("fhir.ndjson")).unwrap();
    Demonstrated {
        ended,
        ndjson,
        _folder: folder,
    }
}

impl Demonstrated {
    fn resources(&self, of_type: &str) -> Vec<Value> {
        let all = self
            .ndjson
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        all.filter(|resource| resource["resourceType"] == of_type)
            .collect()
    }

    fn tree(&self) -> Tree {
        self.resources("ImagingStudy")
            .iter()
            .map(|study| (study_uid(study), series(study)))
            .collect()
    }

    /// The number at the end of the line that begins like this.
    fn number(&self, line: &str) -> u64 {
        let mut lines = self.ended.stdout.lines();
        let found = lines
            .find(|text| text.trim().starts_with(line))
            .unwrap_or_else(|| {
                panic!("no line {line:?} in {}", self.ended.stdout);
            });
        found.split_whitespace().last().unwrap().parse().unwrap()
    }
}

fn study_uid(study: &Value) -> String {
    let identifiers = study["identifier"].as_array().unwrap();
    let uid = identifiers
        .iter()
        .find(|identifier| identifier["system"] == "urn:dicom:uid")
        .unwrap();
    uid["value"]
        .as_str()
        .unwrap()
        .strip_prefix("urn:oid:")
        .unwrap()
        .to_owned()
}

fn series(study: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let instances = |series: &Value| uids(&series["instance"]).collect();
    let all = study["series"].as_array().unwrap().iter();
    all.map(|series| {
        (
            series["uid"].as_str().unwrap().to_owned(),
            instances(series),
        )
    })
    .collect()
}

fn uids(items: &Value) -> impl Iterator<Item = String> {
    items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["uid"].as_str().unwrap().to_owned())
}

fn assert_valid(demonstrated: &Demonstrated) {
    let validated = script("validate_resources.py", &[], demonstrated.ndjson.as_bytes());
    assert_eq!(
        validated.code,
        Some(0),
        "{}{}",
        validated.stdout,
        validated.stderr
    );
    let count = demonstrated.ndjson.lines().count();
    assert!(
        validated
            .stdout
            .contains(&format!("{count} resources, 0 invalid"))
    );
}

#[test]
fn the_samples_are_cast_and_every_resource_is_valid() {
    let demonstrated = demonstrate(None);
    assert_eq!(demonstrated.ended.code, Some(0), "{:?}", demonstrated.ended);
    assert_eq!(demonstrated.number("failed"), 0);
    let output = &demonstrated.ended.stdout;
    assert!(output.contains("skipped 1: the instance was deleted before its entry was read"));
    assert!(output.contains("not stored in FHIR"), "{output}");
    assert!(output.contains("/fhir/ImagingStudy"), "{output}");
    assert_eq!(demonstrated.tree().len(), 7);
    assert_valid(&demonstrated);
}

/// Whether a line is as the README shows it, where `…` stands for anything.
fn is_shown_as(line: &str, shown: &str) -> bool {
    match shown.split_once('…') {
        Some((begin, end)) => line.starts_with(begin) && line.ends_with(end),
        None => line == shown,
    }
}

#[test]
fn the_samples_give_what_the_readme_shows() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, shown) = readme.split_once("    Files ").unwrap();
    let shown = format!("    Files {shown}");
    let shown = shown
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("    "))
        .filter(|line| !line.is_empty());
    let output = demonstrate(None).ended.stdout;
    let mut lines = output.lines();
    for shown in shown {
        let shown = shown.strip_prefix("    ").unwrap();
        let found = lines.any(|line| is_shown_as(line, shown));
        assert!(found, "{shown:?} is not at its place in {output}");
    }
}

#[test]
fn names_in_other_scripts_arrive_as_they_were_written() {
    let demonstrated = demonstrate(None);
    let patients = demonstrated.resources("Patient");
    let names = serde_json::to_string(&patients).unwrap();
    for part in ["Yamada", "山田", "やまだ", "太郎"] {
        assert!(names.contains(part), "{part} in {names}");
    }
    assert!(
        names.chars().any(|c| ('А'..='я').contains(&c)),
        "Cyrillic in {names}"
    );
}

#[test]
fn the_real_files_give_the_studies_series_and_instances_that_pydicom_reads() {
    let files = pydicom_files();
    let demonstrated = demonstrate(Some(&files));
    assert_eq!(demonstrated.ended.code, Some(0), "{:?}", demonstrated.ended);
    assert!(
        !demonstrated.ended.stderr.contains("panicked"),
        "{}",
        demonstrated.ended.stderr
    );
    let expected = script("expected_tree.py", &[files.to_str().unwrap()], b"");
    let expected: Value = serde_json::from_str(&expected.stdout).unwrap();
    let tree: Tree = serde_json::from_value(expected["tree"].clone()).unwrap();
    assert!(tree.len() > 15, "pydicom reads {} studies only", tree.len());
    assert_eq!(demonstrated.tree(), tree);
    assert_eq!(
        demonstrated.number("Files"),
        expected["files"].as_array().unwrap().len() as u64
    );
    assert_valid(&demonstrated);
}

#[test]
fn every_file_and_every_entry_of_the_real_files_is_accounted_for() {
    let demonstrated = demonstrate(Some(&pydicom_files()));
    let output = &demonstrated.ended.stdout;
    let stored = demonstrated.number("stored");
    let refused: u64 = output
        .lines()
        .skip_while(|line| !line.trim().starts_with("stored"))
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .sum();
    assert_eq!(stored + refused, demonstrated.number("Files"), "{output}");
    let settled = demonstrated.number("applied") + demonstrated.number("failed");
    assert_eq!(settled, demonstrated.number("Entries"), "{output}");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let ended = ended(&mut radcast(&[
        "demo",
        "--once",
        "--dicom",
        "/nowhere/at/all",
    ]));
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("--dicom") && ended.stderr.contains("/nowhere/at/all"),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn its_services_answer_nobody_who_asks_for_another_host() {
    let mut process = radcast(&["demo"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    for service in ["DICOMweb service", "FHIR store"] {
        let line = lines.find(|line| line.as_ref().unwrap().starts_with(service));
        let line = line.unwrap().unwrap();
        let address = line.split_whitespace().last().unwrap();
        for (host, served) in [("evil.example", false), ("localhost", true)] {
            let answer = http_client().get(address).header("Host", host);
            let answer = answer.send().await.unwrap();
            let refused = answer.status() == 421;
            assert_eq!(refused, !served, "{line} {host}");
            let text = answer.text().await.unwrap();
            assert_eq!(text.contains("this machine alone"), refused, "{text}");
        }
    }
    process.kill().unwrap();
    process.wait().unwrap();
}
