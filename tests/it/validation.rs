//! What the daemon does with bad values, by validation level.

use radcast_engine::failure::Code;
use radcast_engine::store::{FailureRecord, RecordFilter, Store};
use radcast_sandbox::Fault;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::daemon::{Daemon, until};
use crate::support::instances::{Place, study};
use crate::support::services::Services;

/// Attributes with values that they must not have.
const BAD: [(&str, &str, &str); 4] = [
    ("00100030", "DA", "CANARY"),
    ("00100040", "CS", "CANARY"),
    ("00080020", "DA", "2024-06-01"),
    ("00081030", "LO", "CANARY\u{7}"),
];

/// What is said of each of them.
const TOLD: [&str; 4] = [
    "PatientBirthDate (0010,0030) is not of the form DA (yyyyMMdd)",
    "PatientSex (0010,0040) is none of M, F, O",
    "StudyDate (0008,0020) is not of the form DA (yyyyMMdd)",
    "StudyDescription (0008,1030) has characters that LO does not allow",
];

fn place() -> Place {
    study(1, 1, 1, 1)[0]
}

/// An instance with these elements in place of its own; `None` for one that is missing.
fn with(elements: &[(&str, Option<Value>)]) -> String {
    let mut instance = place().ct();
    let members = instance.as_object_mut().unwrap();
    for (tag, element) in elements {
        match element {
            Some(element) => members.insert((*tag).to_owned(), element.clone()),
            None => members.remove(*tag),
        };
    }
    instance.to_string()
}

fn bad() -> String {
    with(&BAD.map(|(tag, vr, value)| (tag, Some(json!({ "vr": vr, "Value": [value] })))))
}

fn level(services: &Services, level: &str) -> Daemon {
    Daemon::of(services).with("DicomCast__Validation", level)
}

async fn records(daemon: &Daemon) -> Vec<FailureRecord> {
    daemon.records().await
}

/// The lines of the log that tell of this event.
fn events(daemon: &Daemon, event: &str) -> Vec<Value> {
    let log = daemon.log();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| line.to_string().contains(&format!("\"event\":\"{event}\"")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r60_full_validation_writes_an_instance_of_valid_values_and_no_other() {
    let services = Services::start().await;
    let daemon = level(&services, "full");
    let good = services.store(&study(2, 2, 1, 1));
    daemon.run_until_settled(good).await;
    let written = services.fhir.faults().count("fhir.transaction");
    let one_bad = with(&[("00100040", Some(json!({ "vr": "CS", "Value": ["CANARY"] })))]);
    let last = services.store_json(&one_bad);
    daemon.run_until_settled(last).await;
    assert_eq!(services.fhir.faults().count("fhir.transaction"), written);
}

#[tokio::test(flavor = "multi_thread")]
async fn r61_r62_full_validation_attempts_nothing_and_the_error_names_every_invalid_value() {
    let services = Services::start().await;
    let daemon = level(&services, "full");
    let last = services.store_json(&bad());
    daemon.run_until_settled(last).await;
    assert_eq!(services.fhir.faults().count("fhir.transaction"), 0);
    assert_eq!(services.fhir.versions_written().unwrap(), 0);
    let errors = events(&daemon, "entry_failed");
    assert_eq!(errors.len(), 1);
    let (line, records) = (errors[0].to_string(), records(&daemon).await);
    assert!(
        line.contains("\"ERROR\"") && line.contains(&place().instance_uid()),
        "{line}"
    );
    for told in TOLD {
        assert!(line.contains(told), "{told} in {line}");
        assert!(records[0].message.contains(told), "{told} in {records:?}");
    }
    assert_eq!(records[0].code, Code::DicomInvalidValue.as_str());
    assert_eq!(records[0].class, "dicom");
    assert!(!daemon.log().contains("CANARY") && !format!("{records:?}").contains("CANARY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r58_a_bad_instance_is_neither_written_nor_tried_again() {
    let services = Services::start().await;
    let daemon = level(&services, "full").with("DicomCastWorker__PollInterval", "00:00:00.005");
    let last = services.store_json(&bad());
    let running = daemon.start();
    daemon.until_settled(last).await;
    let settled = services.dicom.faults().count("dicom.latest");
    until("ten more looks at the feed", async || {
        services.dicom.faults().count("dicom.latest") > settled + 10
    })
    .await;
    assert_eq!(running.terminate().await, Some(0));
    assert_eq!(services.fhir.faults().count("fhir.transaction"), 0);
    assert_eq!(records(&daemon).await[0].attempts, 1);
    assert_eq!(events(&daemon, "entry_failed").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn r59_the_same_instance_is_stored_without_its_bad_values_under_partial_validation() {
    for (word, studies) in [("partial", 1), ("full", 0)] {
        let services = Services::start().await;
        let last = services.store_json(&bad());
        let daemon = level(&services, word);
        daemon.run_until_settled(last).await;
        assert_eq!(
            services.fhir.count("ImagingStudy").unwrap(),
            studies,
            "{word}"
        );
        assert_eq!(records(&daemon).await.len(), 1 - studies as usize, "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r65_partial_validation_writes_study_and_patient_without_the_bad_values() {
    let services = Services::start().await;
    let last = services.store_json(&bad());
    level(&services, "partial").run_until_settled(last).await;
    let study = &services.fhir.resources("ImagingStudy").unwrap()[0];
    let patient = &services.fhir.resources("Patient").unwrap()[0];
    for (resource, element) in [
        (study, "started"),
        (study, "description"),
        (patient, "birthDate"),
        (patient, "gender"),
    ] {
        assert_eq!(resource[element], Value::Null, "{element} of {resource}");
    }
    assert_eq!(patient["name"][0]["family"], "Doe");
    assert_eq!(study["series"][0]["modality"]["code"], "CT");
    assert_eq!(study["numberOfInstances"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn r66_partial_validation_warns_of_each_bad_value_by_tag_keyword_and_reason() {
    let services = Services::start().await;
    let daemon = level(&services, "partial");
    let last = services.store_json(&bad());
    daemon.run_until_settled(last).await;
    let warnings: Vec<_> = events(&daemon, "value_not_applied")
        .iter()
        .map(Value::to_string)
        .collect();
    assert_eq!(warnings.len(), BAD.len(), "{warnings:?}");
    for (told, (tag, ..)) in TOLD.iter().zip(BAD) {
        let (keyword, rest) = told.split_once(' ').unwrap();
        let (shown, reason) = rest.split_once(' ').unwrap();
        let of_it = |line: &&String| line.contains(&format!("{told}; not stored in FHIR"));
        let line = warnings.iter().find(of_it).unwrap();
        for part in [
            format!("\"keyword\":\"{keyword}\""),
            format!("\"tag\":\"{shown}\""),
            format!("\"reason\":\"{reason}\""),
            "\"WARN\"".to_owned(),
        ] {
            assert!(line.contains(&part), "{tag}: {part} in {line}");
        }
    }
    assert!(!daemon.log().contains("CANARY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r68_without_a_valid_required_element_nothing_is_written_under_either_level() {
    let bad = |vr: &str, value: &str| Some(json!({ "vr": vr, "Value": [value] }));
    let required = [
        ("0020000D", "StudyInstanceUID", bad("UI", "1.2.x")),
        ("0020000E", "SeriesInstanceUID", bad("UI", "1..2")),
        ("00080018", "SOPInstanceUID", bad("UI", "1.2.y")),
        ("00080016", "SOPClassUID", bad("UI", "CT")),
        ("00080060", "Modality", bad("CS", "C\u{7}T")),
        ("00100020", "PatientID", bad("LO", "9\u{7}")),
    ];
    for word in ["partial", "full"] {
        let services = Services::start().await;
        let mut last = 0;
        for (tag, _, invalid) in &required {
            for element in [None, invalid.clone()] {
                last = services
                    .dicom
                    .insert_raw_entry(&entry(tag, element))
                    .unwrap();
            }
        }
        let daemon = level(&services, word);
        daemon.run_until_settled(last).await;
        assert_eq!(
            services.fhir.faults().count("fhir.transaction"),
            0,
            "{word}"
        );
        let records = records(&daemon).await;
        assert_eq!(records.len(), 12, "{word}");
        for (record, (tag, keyword, _)) in records.chunks(2).zip(&required) {
            let [missing, invalid] = record else {
                unreachable!("chunks of two")
            };
            let missing_one = format!("{keyword} ({},{}) is missing", &tag[..4], &tag[4..]);
            assert_eq!(missing.message, missing_one);
            assert!(invalid.message.starts_with(keyword), "{invalid:?}");
            for record in record {
                assert_eq!(record.code, Code::DicomMissingAttribute.as_str());
                assert_eq!(record.class, "dicom");
            }
        }
    }
}

/// An entry of the feed with its UIDs, and a dataset that has this element in place of its own.
fn entry(tag: &str, element: Option<Value>) -> String {
    let place = place();
    let dataset = with(&[(tag, element)]);
    format!(
        r#"{{"sequence":{{sequence}},"studyInstanceUid":"{}","seriesInstanceUid":"{}","sopInstanceUid":"{}","action":"Create","state":"Current","timestamp":"2024-06-02T08:15:30Z","metadata":{dataset}}}"#,
        place.study_uid(),
        place.series_uid(),
        place.instance_uid()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn w6_what_killed_dicom_cast_costs_its_own_entry_at_most() {
    let services = Services::start().await;
    let metadata = r#""00091002":{"vr":"FL","Value":[-Infinity]}"#;
    let infinite =
        entry("0009", None).replace("\"metadata\":{", &format!("\"metadata\":{{{metadata},"));
    services.dicom.insert_raw_entry(&infinite).unwrap();
    let (bare, _) = infinite.split_once(",\"metadata\"").unwrap();
    let bare = services
        .dicom
        .insert_raw_entry(&format!("{bare}}}"))
        .unwrap();
    let update = infinite.replace("\"Create\"", "\"Update\"");
    services.dicom.insert_raw_entry(&update).unwrap();
    let first_year = with(&[
        (
            "00080018",
            Some(json!({ "vr": "UI", "Value": ["1.2.3.4"] })),
        ),
        (
            "00080020",
            Some(json!({ "vr": "DA", "Value": ["00010101"] })),
        ),
    ]);
    let last = services.store_json(&first_year);
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    assert_eq!(records(&daemon).await, [], "an update makes up for it");
    let all = RecordFilter {
        superseded: true,
        ..RecordFilter::default()
    };
    let records = daemon.store().records(&all, None, 10).await.unwrap();
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0].subject.sequence, Some(bare));
    assert_eq!(records[0].message, "the entry comes without metadata");
    let study = &services.fhir.resources("ImagingStudy").unwrap()[0];
    assert_eq!(study["numberOfInstances"], 2);
    assert_eq!(study["started"], "0001-01-01T14:25:01+02:00");
}

#[tokio::test(flavor = "multi_thread")]
async fn w6_an_outcome_among_the_results_of_a_search_is_none_of_them() {
    let services = Services::start().await;
    let outcome = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"informational"}]}"#;
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"searchset","unheardOf":{{}},"entry":[
            {{"resource":{outcome},"search":{{"mode":"outcome"}}}},{{"resource":{outcome}}}]}}"#
    );
    // The first search is the probe; three look for study, patient and endpoint.
    for _ in 0..4 {
        services.fhir.faults().order(
            "fhir.search",
            Fault::Reject {
                status: StatusCode::OK,
                body: bundle.clone(),
                retry_after: None,
            },
        );
    }
    let last = services.store(&study(1, 1, 1, 1));
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    assert_eq!(records(&daemon).await, []);
    assert_eq!(services.fhir.count("ImagingStudy").unwrap(), 1);
}
