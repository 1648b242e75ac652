//! What a deployment of dicom-cast may bring along.

use super::{problem, warnings, with};

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
