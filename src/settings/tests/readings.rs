//! What values are read as.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::time::Duration;

use super::{ENDPOINTS, load, problem, settings, with};
use crate::settings::setting::{Kind, Standing};
use crate::settings::{
    ApiVersion, Cast, DicomWeb, Escalation, Fhir, ImagingStudy, Issuers, LogFormat, LogLevel,
    Logging, MissingId, Names, Notify, OnOtherPatient, OnOutage, OnUnknownIssuer, OnUnparsable,
    Ops, Order, Patient, PatientPolicy, PlaceholderIds, Policies, References, Resolution, Retry,
    Secret, Settings, Severity, Store, Telemetry, Validation, Worker, table,
};

fn default_retry() -> Retry {
    let seconds = Duration::from_secs;
    Retry {
        total_duration: seconds(600),
        max_attempts: NonZeroU32::new(14),
        max_attempts_when_healthy: NonZeroU32::new(4).unwrap(),
        order: Order::Strict,
        max_retry_after: seconds(300),
        initial_delay: seconds(2),
        max_delay: seconds(60),
        on_outage: OnOutage::Pause,
        signal_interval: Duration::from_secs(30),
        policies: Policies::default(),
    }
}

fn default_ops() -> Ops {
    Ops {
        listen: None,
        api_key: None,
        request_timeout: Duration::from_secs(10),
        max_connections: 64,
    }
}

fn default_notify() -> Notify {
    let seconds = Duration::from_secs;
    Notify {
        webhook: None,
        grouping_interval: seconds(60),
        queue_length: 1_000,
        severity: Severity::Information,
    }
}

fn default_dicom_web() -> DicomWeb {
    let seconds = Duration::from_secs;
    DicomWeb {
        endpoint: "https://dicom.example.org/".parse().unwrap(),
        private_endpoint: None,
        api_version: ApiVersion::V1,
        page_size: 100,
        max_response_bytes: 16 << 20,
        pages_at_once: 3,
        timeout: seconds(100),
        gap_settle_time: seconds(30),
        on_unparsable: OnUnparsable::Record,
    }
}

fn default_worker() -> Worker {
    let seconds = Duration::from_secs;
    Worker {
        poll_interval: seconds(60),
        poll_interval_during_catchup: Duration::ZERO,
        max_concurrency: 8,
        slow_after: seconds(5),
        pages_ahead: 16,
        gather_time: seconds(1),
        shutdown_grace_period: seconds(25),
    }
}

#[test]
fn the_two_endpoints_are_enough() {
    let seconds = Duration::from_secs;
    let expected = Settings {
        dicom_web: default_dicom_web(),
        fhir: Fhir {
            max_response_bytes: 8 << 20,
            max_entries: 500,
            require_versions: true,
            require_marks: true,
            show_server_text: false,
            endpoint: "http://fhir.example.org/r4".parse().unwrap(),
            timeout: seconds(100),
        },
        worker: default_worker(),
        retry: default_retry(),
        patient: Patient {
            system_id: None,
            home_issuers: Names::default(),
            on_unknown_issuer: OnUnknownIssuer::OwnSystem,
            is_issuer_id_used: false,
            policy: PatientPolicy::Synchronize,
            missing_id: MissingId::Fail,
            placeholder_ids: PlaceholderIds::default(),
            generate_observations: false,
        },
        imaging_study: ImagingStudy {
            accession_system: None,
            list_instances_up_to: 5_000,
            on_other_patient: OnOtherPatient::Keep,
            references: References::default(),
        },
        issuers: Issuers::default(),
        cast: Cast {
            validation: Validation::Partial,
            time_zone: None,
            generate_observations: true,
        },
        store: Store {
            path: "radcast.db".into(),
        },
        notify: default_notify(),
        escalation: Escalation {
            count: NonZeroUsize::new(20).unwrap(),
            window: seconds(600),
            pause: false,
        },
        table_store: None,
        blob_store: None,
        lease: None,
        archive: false,
        logging: Logging {
            format: LogFormat::Auto,
            level: LogLevel::Information,
        },
        ops: default_ops(),
        telemetry: Telemetry::default(),
    };
    assert_eq!(settings(&[]), expected);
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
        let used = setting.standing != Standing::Recognised;
        if used && !matches!(setting.kind, Kind::Text | Kind::List | Kind::Path) {
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
fn telemetry_goes_where_the_variables_say_that_everybody_knows() {
    let given = "InstrumentationKey=canary;IngestionEndpoint=https://x.example/;";
    for variable in [
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "ApplicationInsights__ConnectionString",
    ] {
        let settings = settings(&[
            (variable, given),
            ("ApplicationInsights__InstrumentationKey", "other"),
        ]);
        let secret = settings.telemetry.application_insights.clone().unwrap();
        assert_eq!(secret.expose(), given.trim_end_matches(';'));
        assert!(!format!("{settings:?}").contains("canary"));
    }
    let collector = settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")]);
    let address = collector.telemetry.otlp_endpoint.unwrap();
    assert_eq!(address.as_str(), "http://127.0.0.1:4318/");
}

#[test]
fn the_server_for_probes_listens_where_it_is_told() {
    let key = "canary-0123456789-0123456789-012";
    let settings = settings(&[("Ops__Listen", "0.0.0.0:8080"), ("Ops__ApiKey", key)]);
    assert_eq!(settings.ops.listen, "0.0.0.0:8080".parse().ok());
    assert_eq!(settings.ops.api_key, Some(Secret::new(key.to_owned())));
    assert!(!format!("{settings:?}").contains("canary"));
    let refused = problem(&[("Ops__Listen", "8080")]);
    assert!(refused.contains("0.0.0.0:8080"), "{refused}");
}

#[test]
fn a_key_that_can_be_guessed_is_refused_without_being_shown() {
    for key in ["canary", "canary-0123456789-0123456789-01", &"ä".repeat(32)] {
        let refused = problem(&[("Ops__ApiKey", key)]);
        assert!(refused.contains("Ops:ApiKey"), "{refused}");
        assert!(refused.contains("has to"), "{refused}");
        assert!(!refused.contains(key), "{refused}");
    }
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
fn rx7_an_entry_that_cannot_be_read_stops_the_feed_only_if_that_is_said() {
    let stop = settings(&[("DicomWeb__OnUnparsable", "stop")]);
    assert_eq!(stop.dicom_web.on_unparsable, OnUnparsable::Stop);
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
fn a_webhook_may_have_a_key_in_its_address_and_shows_neither_it_nor_its_secret() {
    let loaded = with(&[
        (
            "Notify__Webhook__Url",
            "https://hooks.example.org/canary?sig=canary",
        ),
        ("Notify__Webhook__Secret", "canary"),
        ("Notify__Webhook__Timeout", "00:00:03"),
    ])
    .unwrap();
    let webhook = loaded.settings.notify.webhook.as_ref().unwrap();
    assert_eq!(webhook.url.expose().query(), Some("sig=canary"));
    assert_eq!(webhook.secret.as_ref().unwrap().expose(), "canary");
    assert_eq!(webhook.timeout, Duration::from_secs(3));
    assert!(!format!("{loaded:?}").contains("canary"), "{loaded:?}");
}

#[test]
fn a_webhook_that_cannot_be_posted_to_is_a_problem_that_shows_no_key() {
    for address in ["hooks.example.org/canary", "ftp://hooks.example.org/canary"] {
        let refused = problem(&[("Notify__Webhook__Url", address)]);
        assert!(
            refused.ends_with("has to be an absolute http or https address"),
            "{refused}"
        );
        assert!(!refused.contains("canary"), "{refused}");
    }
}

#[test]
fn a_secret_that_signs_nothing_is_a_problem() {
    let refused = problem(&[("Notify__Webhook__Secret", "canary")]);
    assert!(
        refused.contains("Notify:Webhook:Url is not set; set that, or remove this"),
        "{refused}"
    );
    assert!(!refused.contains("canary"), "{refused}");
}

#[test]
fn the_choices_of_the_mapping_are_read_whatever_their_case() {
    let read = settings(&[
        ("Patient__Policy", "linkonly"),
        ("Patient__MissingId", "PerStudy"),
        ("Patient__GenerateObservations", "true"),
        ("ImagingStudy__ListInstancesUpTo", "7"),
        ("ImagingStudy__BasedOn", "SEARCH"),
        ("ImagingStudy__AccessionSystem", "urn:acc"),
        ("ImagingStudy__OnOtherPatient", "FAIL"),
        ("Issuers__HOSPITAL-A", "urn:a"),
    ]);
    assert_eq!(read.patient.policy, PatientPolicy::LinkOnly);
    assert_eq!(read.patient.missing_id, MissingId::PerStudy);
    assert!(read.patient.generate_observations);
    assert_eq!(read.imaging_study.list_instances_up_to, 7);
    assert_eq!(read.imaging_study.references.based_on, Resolution::Search);
    assert_eq!(read.imaging_study.references.encounter, Resolution::Logical);
    assert_eq!(read.imaging_study.on_other_patient, OnOtherPatient::Fail);
    assert_eq!(read.imaging_study.accession_system.unwrap(), "urn:acc");
    assert_eq!(read.issuers.system("Hospital-a"), Some("urn:a"));
}

#[test]
fn lists_are_read_from_one_text_and_from_items() {
    let one = settings(&[
        ("Patient__HomeIssuers", " Hosp A ,B,, "),
        ("Patient__OnUnknownIssuer", "fail"),
        ("Patient__PlaceholderIds", ","),
    ]);
    let patient = one.patient;
    assert!(patient.home_issuers.contains("HOSP A") && patient.home_issuers.contains("b"));
    assert!(!patient.home_issuers.contains(""));
    assert_eq!(patient.on_unknown_issuer, OnUnknownIssuer::Fail);
    assert_eq!(patient.placeholder_ids, PlaceholderIds::of(&[]));
    let items = settings(&[
        ("Patient__HomeIssuers__0", "A, B"),
        ("Patient__PlaceholderIds__0", "x"),
        ("Patient__PlaceholderIds__1", "y"),
    ]);
    assert!(items.patient.home_issuers.contains("a, b"));
    assert_eq!(
        items.patient.placeholder_ids,
        PlaceholderIds::of(&["X", "Y"])
    );
    let both = [
        ("Patient__HomeIssuers__0", "A"),
        ("Patient__HomeIssuers", "B"),
    ];
    let refused = problem(&both);
    assert!(
        refused.contains("Patient:HomeIssuers") && refused.contains("remove one of the two"),
        "{refused}"
    );
}

#[test]
fn placeholders_are_told_whatever_their_case_and_zeros_whatever_their_number() {
    let placeholders = PlaceholderIds::default();
    for id in ["NOID", " unknown ", "0", "0000000", "Anon", "n/a"] {
        assert!(placeholders.contains(id), "{id}");
    }
    for id in ["P1", "01", "10", "NOID1", "NO  ID", ""] {
        assert!(!placeholders.contains(id), "{id}");
    }
}
