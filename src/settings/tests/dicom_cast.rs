//! What a deployment of dicom-cast may bring along.

use super::{problem, settings, warnings, with};
use crate::settings::{Secret, Telemetry};

#[test]
fn what_this_version_cannot_do_stops_the_start() {
    for (variable, value) in [
        ("DicomWeb__Authentication__Enabled", "true"),
        ("Fhir__Authentication__Enabled", "True"),
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
        ("ApplicationInsights__InstrumentationKey", "12345"),
        ("DicomCast__Features__GenerateObservations", "true"),
    ])
    .unwrap();
    let said = warnings(&loaded);
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("dicom-cast's placeholder"), "{said:?}");
    assert!(loaded.settings.cast.generate_observations);
    assert_eq!(loaded.settings.telemetry, Telemetry::default());
}

#[test]
fn w8_an_instrumentation_key_is_a_connection_string_and_a_blank_one_is_none() {
    let key = |value| {
        let settings = settings(&[("ApplicationInsights__InstrumentationKey", value)]);
        settings.telemetry.application_insights
    };
    assert_eq!(key("  "), None);
    let expected = Secret::new("InstrumentationKey=canary".to_owned());
    assert_eq!(key("canary"), Some(expected));
    let refused = problem(&[("ApplicationInsights__InstrumentationKey", "canary;x=y")]);
    assert!(
        refused.contains("ApplicationInsights:ConnectionString"),
        "{refused}"
    );
    assert!(!refused.contains("canary"), "{refused}");
}
