//! `run`, `check` and `preview`, from the outside: exit codes and what they say.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::support::daemon::{Daemon, Ended, ended, radcast};
use crate::support::instances::{Place, study};
use crate::support::services::Services;

const PLACE: Place = Place {
    patient: 1,
    study: 1,
    series: 1,
    instance: 1,
};

#[test]
fn unusable_settings_end_with_78_and_every_problem_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = radcast(&["run"]);
    command
        .current_dir(folder.path())
        .env("DicomWeb__Endpoint", "not a url")
        .env("DicomCastWorker__PollInterval", "soon")
        .env("Fhir__Endpont", "http://127.0.0.1:1");
    let ended = ended(&mut command);
    assert_eq!(ended.code, Some(78));
    for text in [
        "DicomWeb:Endpoint",
        "not a url",
        "DicomCastWorker:PollInterval",
        "soon",
    ] {
        assert!(ended.stderr.contains(text), "{text} in {}", ended.stderr);
    }
    assert!(
        ended.stderr.contains("Fhir:Endpoint"),
        "the nearest known key in {}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_line_by_line_what_works() {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 3));
    let checked = check(&Daemon::of(&services)).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    for text in [
        "newest entry is 3",
        "FHIR 4.0.1 with transactions",
        "read from its start",
    ] {
        assert!(
            checked.stdout.contains(text),
            "{text} in {}",
            checked.stdout
        );
    }
    assert!(!checked.stdout.contains("FAILED"), "{}", checked.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_how_to_mend_what_does_not_work() {
    let services = Services::start().await;
    let nobody = "http://127.0.0.1:1";
    let unreachable = check(&Daemon::between(nobody, nobody)).await;
    assert_eq!(unreachable.code, Some(1));
    assert!(
        unreachable
            .stdout
            .contains("FHIR      FAILED  fhir.unreachable"),
        "{unreachable:?}"
    );
    assert!(
        unreachable
            .stdout
            .contains("mend    Check that the FHIR server runs")
    );
    let swapped = check(&Daemon::between(
        &services.fhir_address(),
        &services.dicom_address(),
    ))
    .await;
    assert_eq!(swapped.code, Some(1));
    assert!(
        swapped.stdout.contains("fhir.wrong-address"),
        "{}",
        swapped.stdout
    );
    assert!(
        swapped.stdout.contains("dicom.wrong-address"),
        "{}",
        swapped.stdout
    );
}

async fn check(daemon: &Daemon) -> Ended {
    let mut command = daemon.command(&["check"]);
    tokio::task::spawn_blocking(move || ended(&mut command))
        .await
        .unwrap()
}

fn preview(input: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let mut process = radcast(&["preview"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    process.wait_with_output().unwrap().into()
}

#[test]
fn preview_prints_the_transaction_of_dicom_json_without_any_settings() {
    let ended = preview(&PLACE.ct().to_string());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let bundle: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(bundle["type"], "transaction");
    let entries = bundle["entry"].as_array().unwrap();
    let types: Vec<&str> = entries
        .iter()
        .map(|entry| entry["resource"]["resourceType"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["Endpoint", "Patient", "ImagingStudy"]);
}

#[test]
fn preview_prints_one_transaction_for_each_study() {
    let other = Place { study: 2, ..PLACE };
    let ended = preview(&serde_json::to_string(&[PLACE.ct(), other.ct()]).unwrap());
    let bundles = serde_json::Deserializer::from_str(&ended.stdout).into_iter::<Value>();
    assert_eq!(bundles.map(Result::unwrap).count(), 2);
}

#[test]
fn preview_says_what_would_not_be_stored_and_why_an_instance_is_refused() {
    let mut odd = PLACE.ct();
    odd["00100040"]["Value"] = Value::from(vec!["X"]);
    let told = preview(&odd.to_string());
    assert_eq!(told.code, Some(0));
    assert!(
        told.stderr.contains("PatientSex") && told.stderr.contains("not stored"),
        "{told:?}"
    );
    odd.as_object_mut().unwrap().remove("00080060");
    let refused = preview(&odd.to_string());
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("Modality"), "{}", refused.stderr);
    assert!(refused.stdout.is_empty(), "{}", refused.stdout);
}

#[test]
fn help_teaches_where_to_start() {
    let ended = ended(&mut radcast(&["--help"]));
    assert_eq!(ended.code, Some(0));
    for text in ["run", "check", "preview", "demo", "DicomWeb__Endpoint"] {
        assert!(ended.stdout.contains(text), "{text} in {}", ended.stdout);
    }
}
