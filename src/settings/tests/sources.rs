//! Where values come from, which one wins, and what is said of those that are not ours.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::{ENDPOINTS, NOWHERE, file, pairs, problem, settings, warnings, with};
use crate::settings::{Settings, SettingsFile};

#[test]
fn the_later_source_wins_whatever_the_case_of_the_keys() {
    let directory = TempDir::new().unwrap();
    let base = file(
        &directory,
        "appsettings.json",
        r#"{
            // comments and trailing commas are allowed
            "dicomweb": { "ENDPOINT": "https://file.example.org", "PageSize": 10, },
            "Fhir": { "Endpoint": "https://file.example.org", "Timeout": "00:00:01" },
            "Patient:PatientSystemId": "urn:file",
        }"#,
    );
    file(
        &directory,
        "appsettings.Staging.json",
        r#"{ "FHIR": { "endpoint": "https://staging.example.org", "timeout": "00:00:02" }, "DicomWeb": { "PageSize": null } }"#,
    );
    let environment = pairs(&[
        ("DOTNET_ENVIRONMENT", "Staging"),
        ("fhir__TIMEOUT", "00:00:03"),
    ]);
    let loaded = Settings::load(SettingsFile::Named(&base), environment).unwrap();
    let settings = loaded.settings;
    assert_eq!(
        settings.dicom_web.endpoint.host_str(),
        Some("file.example.org")
    );
    assert_eq!(
        settings.dicom_web.page_size, 100,
        "null takes the value back"
    );
    assert_eq!(
        settings.fhir.endpoint.host_str(),
        Some("staging.example.org")
    );
    assert_eq!(settings.fhir.timeout, Duration::from_secs(3));
    assert_eq!(settings.patient.system_id.as_deref(), Some("urn:file"));
    assert!(loaded.warnings.is_empty());
}

#[test]
fn without_a_name_the_environment_is_production() {
    let directory = TempDir::new().unwrap();
    let base = file(&directory, "appsettings.json", "\u{feff}{}");
    file(
        &directory,
        "appsettings.Production.json",
        r#"{ "Store": { "Path": "/data/radcast.db" } }"#,
    );
    let loaded = Settings::load(SettingsFile::Named(&base), pairs(&ENDPOINTS)).unwrap();
    assert_eq!(loaded.settings.store.path, Path::new("/data/radcast.db"));
}

#[test]
fn the_default_file_of_the_repository_leaves_only_the_endpoints_to_give() {
    let default_file = Path::new(env!("CARGO_MANIFEST_DIR")).join("appsettings.json");
    let loaded = Settings::load(SettingsFile::Named(&default_file), pairs(&ENDPOINTS)).unwrap();
    assert_eq!(loaded.settings, settings(&[]));
    assert!(loaded.warnings.is_empty());
    let unusable = Settings::load(SettingsFile::Named(&default_file), []).unwrap_err();
    let keys: Vec<_> = unusable.problems.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys, ["DicomWeb:Endpoint", "Fhir:Endpoint"]);
}

#[test]
fn a_named_file_has_to_be_there() {
    let unusable = Settings::load(SettingsFile::Named(Path::new(NOWHERE)), pairs(&ENDPOINTS));
    assert_eq!(
        unusable.unwrap_err().to_string(),
        "the settings cannot be used:\n  - nowhere/appsettings.json: cannot be read: it does not exist"
    );
}

#[test]
fn a_broken_file_is_named_with_the_place_and_without_its_content() {
    let directory = TempDir::new().unwrap();
    let base = file(
        &directory,
        "appsettings.json",
        "{ \"KeyVault\": {\n \"Endpoint\": \"canary\n\" } }",
    );
    let unusable = Settings::load(SettingsFile::Named(&base), []).unwrap_err();
    assert_eq!(unusable.problems.len(), 1, "missing keys are no news then");
    let text = unusable.to_string();
    assert!(text.contains("appsettings.json: cannot be read"), "{text}");
    assert!(text.contains("line 2"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    let loaded = with(&[("Fhir__Endpont", "https://x"), ("DicomWebb__Timeout", "1")]).unwrap();
    assert_eq!(
        warnings(&loaded),
        [
            "DicomWebb:Timeout (environment variable DicomWebb__Timeout): DicomWebb is not a known section; did you mean DicomWeb?",
            "Fhir:Endpont (environment variable Fhir__Endpont): is not a known setting and has no effect; did you mean Fhir:Endpoint?",
        ]
    );
}

#[test]
fn an_unknown_key_of_a_file_keeps_its_spelling() {
    let directory = TempDir::new().unwrap();
    let base = file(
        &directory,
        "radcast.json",
        r#"{ "Retry": { "List": [1, 2] } }"#,
    );
    let loaded = Settings::load(SettingsFile::Named(&base), pairs(&ENDPOINTS)).unwrap();
    let keys: Vec<_> = loaded.warnings.iter().map(|w| w.key.as_str()).collect();
    assert_eq!(keys, ["Retry:List:0", "Retry:List:1"]);
    assert_eq!(loaded.warnings[0].origin, base.display().to_string());
}

#[test]
fn variables_of_other_programs_are_left_alone() {
    let others = [
        ("PATH", "/bin"),
        ("FHIR_SERVICE_HOST", "10.0.0.1"),
        ("STORE", "x"),
        ("Kestrel__Endpoints__Http", "x"),
        ("DOTNET_ENVIRONMENT", ""),
    ];
    assert!(with(&others).unwrap().warnings.is_empty());
}

#[test]
fn two_spellings_of_one_variable_may_not_disagree() {
    let twice = [("FHIR__TIMEOUT", "00:00:01"), ("Fhir__Timeout", "00:00:02")];
    assert_eq!(
        problem(&twice),
        "Fhir:Timeout (environment variable Fhir__Timeout): differs from FHIR__TIMEOUT; leave one of the two"
    );
    let agreeing = [("FHIR__TIMEOUT", "00:00:02"), ("Fhir__Timeout", "00:00:02")];
    assert!(with(&agreeing).is_ok());
}

#[cfg(unix)]
#[test]
fn a_value_that_is_no_utf8_is_named_by_its_key() {
    use std::os::unix::ffi::OsStringExt;

    let bytes = || OsString::from_vec(vec![0x66, 0xff]);
    let mut environment = pairs(&ENDPOINTS);
    environment.push(("Store__Path".into(), bytes()));
    environment.push(("LESSOPEN".into(), bytes()));
    let file = SettingsFile::IfPresent(Path::new(NOWHERE));
    let unusable = Settings::load(file, environment).unwrap_err();
    assert_eq!(
        unusable
            .problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["Store:Path (environment variable Store__Path): is not valid UTF-8"]
    );
}
