//! `run`, `check` and `preview`, from the outside: exit codes and what they say.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

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
    preview_with(&[], input)
}

fn preview_with(arguments: &[&str], input: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let mut process = radcast(&["preview"])
        .args(arguments)
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
fn preview_reads_dicom_json_from_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("study.json");
    let other = Place { study: 2, ..PLACE };
    std::fs::write(&file, format!(" {}", json!([PLACE.ct(), other.ct()]))).unwrap();
    let ended: Ended = radcast(&["preview", "--sources", "none"])
        .arg(&file)
        .output()
        .unwrap()
        .into();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout.matches("\"transaction\"").count(), 2);
    std::fs::write(&file, "neither").unwrap();
    let ended: Ended = radcast(&["preview"]).arg(&file).output().unwrap().into();
    assert!(ended.stderr.contains("study.json: not DICOM"), "{ended:?}");
}

#[test]
fn preview_says_which_attribute_each_element_came_from_and_no_value() {
    let mut places = study(1, 1, 2, 3);
    places.truncate(5);
    let mut instances: Vec<_> = places.iter().map(|place| place.ct()).collect();
    // Only the first instance has a description: it is where that comes from.
    for instance in &mut instances[1..] {
        instance.as_object_mut().unwrap().remove("00081030");
    }
    instances[0]["00200013"]["Value"] = Value::Null;
    let input = serde_json::to_string(&instances).unwrap();
    let told = preview_with(&["--sources", "only"], &input);
    for line in [
        "Patient.birthDate \u{2190} PatientBirthDate (0010,0030)",
        "ImagingStudy.identifier (study UID) \u{2190} StudyInstanceUID (0020,000D)",
        "ImagingStudy.started \u{2190} StudyDate (0008,0020), StudyTime (0008,0030), \
         TimezoneOffsetFromUTC (0008,0201)",
        "ImagingStudy.description \u{2190} StudyDescription (0008,1030)",
        "ImagingStudy.series[0..1].modality \u{2190} Modality (0008,0060)",
        "ImagingStudy.series[0].instance[0..2].uid \u{2190} SOPInstanceUID (0008,0018)",
        "ImagingStudy.series[0].instance[1..2].number \u{2190} InstanceNumber (0020,0013)",
        "ImagingStudy.series[1].instance[0..1].number \u{2190} InstanceNumber (0020,0013)",
        "ImagingStudy.numberOfInstances \u{2190} (computed)",
        "Endpoint.address \u{2190} (settings)",
    ] {
        let lines = told.stdout.lines().map(|line| line.split_whitespace());
        let mut lines = lines.map(|words| words.collect::<Vec<_>>().join(" "));
        assert!(lines.any(|told| told == line), "{line} in {}", told.stdout);
    }
    for value in ["Doe", "1980", "PID-1", "Chest CT", &places[0].study_uid()] {
        assert!(!told.stdout.contains(value), "{value} in {}", told.stdout);
    }
    let also = preview(&input);
    assert!(also.stderr.contains(&told.stdout), "{also:?}");
    let alone = preview_with(&["--sources", "none"], &input);
    assert_eq!(alone.stdout, also.stdout);
    assert!(!alone.stderr.contains("Modality"), "{alone:?}");
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

fn mapping(arguments: &[&str]) -> Ended {
    ended(radcast(&["mapping"]).args(arguments))
}

#[test]
fn mapping_tells_where_an_attribute_goes() {
    for wanted in ["0010,0030", "patientbirthdate", "Patient.birthDate"] {
        let told = mapping(&[wanted]).stdout;
        let row = "Patient.birthDate  PatientBirthDate (0010,0030)  DA";
        assert!(told.contains(row), "{wanted}: {told}");
        assert!(!told.contains("PatientSex"), "{wanted}: {told}");
    }
    let nothing = mapping(&["no such thing"]);
    assert_eq!(nothing.code, Some(1), "{nothing:?}");
}

#[test]
fn mapping_is_there_for_programs_and_documents() {
    let json: Value = serde_json::from_str(&mapping(&["-o", "json"]).stdout).unwrap();
    let of_type = |name: &str| {
        let resources = json.as_array().unwrap();
        let found = resources.iter().find(|one| one["resourceType"] == name);
        found.unwrap()["rows"].as_array().unwrap().clone()
    };
    let modality = of_type("ImagingStudy")
        .into_iter()
        .find(|row| row["path"] == "ImagingStudy.series.modality")
        .unwrap();
    assert_eq!(modality["attributes"][0]["tag"], "00080060");
    assert_eq!(modality["required"], true);
    assert!(!of_type("Patient").is_empty() && !of_type("Endpoint").is_empty());
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/mapping.md"));
    let markdown = mapping(&["--format", "markdown"]).stdout;
    assert!(page.unwrap().contains(&markdown), "{markdown}");
}

#[test]
fn help_teaches_where_to_start() {
    let ended = ended(&mut radcast(&["--help"]));
    assert_eq!(ended.code, Some(0));
    for text in [
        "run",
        "check",
        "preview",
        "mapping",
        "demo",
        "DicomWeb__Endpoint",
    ] {
        assert!(ended.stdout.contains(text), "{text} in {}", ended.stdout);
    }
}
