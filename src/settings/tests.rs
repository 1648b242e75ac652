//! The settings as a whole: files and environment in, settings or findings out.

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::setting::Kind;
use super::{
    ApiVersion, Cast, DicomWeb, Fhir, Loaded, LogFormat, LogLevel, Logging, OnOutage, Patient,
    Retry, Settings, SettingsFile, Store, Unusable, Validation, Worker, table,
};

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

#[test]
fn the_two_endpoints_are_enough() {
    let seconds = Duration::from_secs;
    let expected = Settings {
        dicom_web: DicomWeb {
            endpoint: "https://dicom.example.org/".parse().unwrap(),
            private_endpoint: None,
            api_version: ApiVersion::V1,
            page_size: 100,
            timeout: seconds(100),
            gap_settle_time: seconds(30),
        },
        fhir: Fhir {
            endpoint: "http://fhir.example.org/r4".parse().unwrap(),
            timeout: seconds(100),
        },
        worker: Worker {
            poll_interval: seconds(60),
            poll_interval_during_catchup: Duration::ZERO,
            max_concurrency: 8,
            pages_ahead: 4,
            shutdown_grace_period: seconds(25),
        },
        retry: Retry {
            total_duration: seconds(600),
            max_attempts: NonZeroU32::new(14),
            initial_delay: seconds(2),
            max_delay: seconds(60),
            on_outage: OnOutage::Pause,
        },
        patient: Patient {
            system_id: None,
            is_issuer_id_used: false,
        },
        cast: Cast {
            validation: Validation::Partial,
            time_zone: None,
        },
        store: Store {
            path: "radcast.db".into(),
        },
        logging: Logging {
            format: LogFormat::Auto,
            level: LogLevel::Information,
        },
    };
    assert_eq!(settings(&[]), expected);
}

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
fn every_problem_is_listed_at_once() {
    let unusable = load(&[
        ("DicomWeb__Endpoint", "dicom.example.org"),
        ("Fhir__Timeout", "100"),
        ("DicomCastWorker__MaxConcurrency", "0"),
        ("RetryConfiguration__OnOutage", "panic"),
        ("Fhir__Endpont", "https://fhir.example.org"),
    ])
    .unwrap_err();
    let text = unusable.to_string();
    let lines: Vec<_> = text.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "  - DicomWeb:Endpoint = \"dicom.example.org\" (environment variable DicomWeb__Endpoint): has to be an absolute http or https address, such as https://example.org/v1 (relative URL without a base)",
            "  - Fhir:Endpoint: is not set; set it, e.g. with Fhir__Endpoint=https://…",
            "  - Fhir:Timeout = \"100\" (environment variable Fhir__Timeout): has to be a duration [d.]hh:mm:ss[.fffffff] of at least 00:00:00.0010000, such as 00:01:40",
            "  - DicomCastWorker:MaxConcurrency = \"0\" (environment variable DicomCastWorker__MaxConcurrency): has to be a whole number from 1 to 64, such as 8",
            "  - RetryConfiguration:OnOutage = \"panic\" (environment variable RetryConfiguration__OnOutage): has to be one of Pause, Record, such as Pause",
            "  - note: Fhir:Endpont (environment variable Fhir__Endpont): is not a known setting and has no effect; did you mean Fhir:Endpoint?",
        ]
    );
}

/// So no row of the table is read as another kind than it says, or not at all.
#[test]
fn every_setting_that_is_used_refuses_what_is_not_of_its_kind() {
    for setting in table::ALL {
        let used = setting.standing != super::setting::Standing::Recognised;
        if used && !matches!(setting.kind, Kind::Text | Kind::Path) {
            let variable = setting.variable();
            let unusable = with(&[(&variable, "~ nothing of the kind ~")]).unwrap_err();
            let keys: Vec<_> = unusable.problems.iter().map(|p| p.key.as_str()).collect();
            assert_eq!(keys, [setting.path]);
        }
    }
}

#[test]
fn every_word_of_a_choice_is_understood() {
    for setting in table::ALL {
        if let Kind::Choice(words) = setting.kind {
            for word in words {
                assert!(with(&[(&setting.variable(), word)]).is_ok(), "{word}");
                assert!(with(&[(&setting.variable(), &word.to_uppercase())]).is_ok());
            }
        }
    }
}

#[test]
fn texts_and_paths_are_taken_as_they_are() {
    let settings = settings(&[
        ("Patient__PatientSystemId", " urn:oid:1.2.3 "),
        ("Patient__IsIssuerIdUsed", "True"),
        ("Store__Path", "/data/radcast.db"),
        ("DicomCast__TimeZone", "Europe/Berlin"),
        ("DicomWeb__PrivateEndpoint", "http://10.0.0.4"),
        ("RetryConfiguration__MaxAttempts", "0"),
    ]);
    assert_eq!(settings.patient.system_id.as_deref(), Some("urn:oid:1.2.3"));
    assert!(settings.patient.is_issuer_id_used);
    assert_eq!(settings.store.path, Path::new("/data/radcast.db"));
    let zone = settings.cast.time_zone.unwrap();
    assert_eq!(zone.iana_name(), Some("Europe/Berlin"));
    assert_eq!(
        settings.dicom_web.request_base().as_str(),
        "http://10.0.0.4/"
    );
    assert_eq!(settings.retry.max_attempts, None);
}

#[test]
fn the_page_size_follows_the_version_of_the_feed() {
    let page_size = |variables: &[(&str, &str)]| settings(variables).dicom_web.page_size;
    let v2 = ("DicomWeb__ApiVersion", "v2");
    assert_eq!(page_size(&[v2]), 200);
    assert_eq!(page_size(&[v2, ("DicomWeb__PageSize", "150")]), 150);
    let refused = problem(&[("DicomWeb__PageSize", "150")]);
    assert!(refused.ends_with("may be 100 at most with v1"), "{refused}");
}

#[test]
fn delays_that_cannot_both_hold_are_a_problem() {
    let refused = problem(&[("RetryConfiguration__MaxDelay", "00:00:01")]);
    assert!(refused.contains("may not be less than"), "{refused}");
}

#[test]
fn validation_wins_over_the_older_switch_unless_they_contradict() {
    let enforced = ("DicomCast__Features__EnforceValidationOfTagValues", "true");
    let full = ("DicomCast__Validation", "full");
    let partial = ("DicomCast__Validation", "Partial");
    let validation = |variables: &[(&str, &str)]| settings(variables).cast.validation;
    assert_eq!(validation(&[enforced]), Validation::Full);
    assert_eq!(validation(&[full]), Validation::Full);
    assert_eq!(validation(&[enforced, full]), Validation::Full);
    assert_eq!(validation(&[partial]), Validation::Partial);
    assert!(problem(&[enforced, partial]).contains("contradicts"));
}

#[test]
fn an_address_with_credentials_is_refused_and_not_shown() {
    for address in [
        "https://user:canary@fhir.example.org",
        "https://fhir.example.org?sig=canary",
        "user:canary@fhir.example.org",
    ] {
        let unusable = load(&[ENDPOINTS[0], ("Fhir__Endpoint", address)]).unwrap_err();
        assert_eq!(unusable.problems.len(), 1);
        assert!(!unusable.to_string().contains("canary"), "{unusable}");
        assert!(!format!("{unusable:?}").contains("canary"), "{unusable:?}");
    }
}

#[test]
fn what_this_version_cannot_do_stops_the_start() {
    for (variable, value) in [
        ("DicomWeb__Authentication__Enabled", "true"),
        ("Fhir__Authentication__Enabled", "True"),
        ("TableStore__ConnectionString", "AccountKey=canary"),
        ("TableStore__EndpointUri", "https://canary.example.org"),
        ("KeyVault__Endpoint", "https://vault.example.org"),
    ] {
        let shown = problem(&[(variable, value)]);
        assert!(
            shown.contains("is not available in this version"),
            "{shown}"
        );
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[test]
fn settings_of_dicom_cast_that_change_nothing_are_taken_silently() {
    let loaded = with(&[
        ("DicomWeb__Authentication__Enabled", "false"),
        (
            "DicomWeb__Authentication__OAuth2ClientCredential__ClientSecret",
            "x",
        ),
        (
            "Fhir__Authentication__AuthenticationType",
            "ManagedIdentity",
        ),
        ("TableStore__ConnectionString", ""),
        ("TableStore__TableNamePrefix", "site"),
        ("DicomCast__Features__GenerateObservations", "false"),
        ("DicomCast__Features__IgnoreJsonParsingErrors", "true"),
        ("Logging__LogLevel__Microsoft.Hosting.Lifetime", "Warning"),
        ("Logging__ApplicationInsights__LogLevel__Default", "Warning"),
    ]);
    assert!(loaded.unwrap().warnings.is_empty());
}

#[test]
fn settings_of_dicom_cast_without_effect_are_said() {
    let loaded = with(&[
        ("ApplicationInsights__InstrumentationKey", "canary"),
        ("DicomCast__Features__GenerateObservations", "true"),
    ])
    .unwrap();
    let said = warnings(&loaded);
    assert_eq!(said.len(), 2);
    assert!(
        said[0].contains("has no effect in this version"),
        "{said:?}"
    );
    assert!(said[1].contains("Observations are not written"), "{said:?}");
    assert!(!format!("{said:?}").contains("canary"));
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
