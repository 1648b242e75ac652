//! Retry policies by code.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::{ENDPOINTS, file, pairs, problem, settings};
use crate::settings::{Policies, Policy, Settings, SettingsFile};
use radcast_engine::failure::{Code, Disposition};

fn policies(variables: &[(&str, &str)]) -> Policies {
    settings(variables).retry.policies
}

#[test]
fn r29_a_code_has_the_policy_that_is_given_for_it_and_the_others_theirs() {
    let given = policies(&[
        (
            "RetryConfiguration__Policies__fhir.multiple-matches__Retry",
            "Automatic",
        ),
        (
            "RetryConfiguration__Policies__fhir.multiple-matches__Interval",
            "00:00:01",
        ),
        (
            "RetryConfiguration__Policies__FHIR.Rejected__retry",
            "never",
        ),
        ("RetryConfiguration__Policies__fhir.too-large__Retry", ""),
    ]);
    let expected = Policy {
        disposition: Disposition::Auto,
        interval: Duration::from_secs(1),
        count: 3,
    };
    assert_eq!(given.policy(Code::FhirMultipleMatches), expected);
    let dispositions = given.dispositions();
    for code in Code::ALL {
        let policy = given.policy(*code);
        assert_eq!(dispositions.of(*code), policy.disposition, "{code}");
        match code {
            Code::FhirMultipleMatches => {}
            Code::FhirRejected => assert_eq!(policy.disposition, Disposition::Never),
            other => assert_eq!((policy.disposition, policy.count), (other.disposition(), 0)),
        }
    }
}

#[test]
fn r29_policies_are_read_from_files_and_variables_override_them() {
    let directory = TempDir::new().unwrap();
    let content = r#"{"RetryConfiguration": {"Policies": {"fhir.rejected":
        {"Retry": "automatic", "Count": 1000, "Interval": "1.00:00:00"}}}}"#;
    let path = file(&directory, "appsettings.json", content);
    let more = (
        "RetryConfiguration__Policies__Fhir.Rejected__Interval",
        "00:10",
    );
    let variables = [&ENDPOINTS[..], &[more]].concat();
    let loaded = Settings::load(SettingsFile::Named(Path::new(&path)), pairs(&variables)).unwrap();
    let expected = Policy {
        disposition: Disposition::Auto,
        interval: Duration::from_secs(600),
        count: 1_000,
    };
    let policies = loaded.settings.retry.policies;
    assert_eq!(policies.policy(Code::FhirRejected), expected);
    assert_eq!(loaded.warnings, []);
}

#[test]
fn r29_what_makes_no_policy_is_a_problem_with_its_cure() {
    for (key, value, cure) in [
        (
            "fhir.multiple-match__Retry",
            "never",
            "fhir.answer-too-large, fhir.multiple-matches, ",
        ),
        (
            "fhir.rejected",
            "never",
            "there are Retry, Interval and Count",
        ),
        (
            "fhir.rejected__Retries",
            "3",
            "there are Retry, Interval and Count",
        ),
        (
            "fhir.rejected__Retry",
            "auto",
            "one of never, on-signal, automatic",
        ),
        ("dicom.missing-attribute__Retry", "automatic", "stored anew"),
        ("fhir.conflict__Interval", "00:00:00", "above zero"),
        ("fhir.conflict__Interval", "60", "a duration"),
        ("fhir.conflict__Count", "0", "from 1 to 1000"),
        ("fhir.conflict__Count", "1001", "from 1 to 1000"),
        (
            "fhir.rejected__Count",
            "3",
            "fhir.rejected:Retry to automatic",
        ),
    ] {
        let variable = format!("RetryConfiguration__Policies__{key}");
        let told = problem(&[(&variable, value)]);
        let origin = format!("{value:?} (environment variable {variable})");
        assert!(told.contains(cure) && told.contains(&origin), "{told}");
    }
}
