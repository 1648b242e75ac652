//! The daemon between a DICOMweb service and FHIR servers that others wrote.

mod doses;
mod every_row;
mod killed;
mod limits;
mod orders;
mod patients;
mod races;
mod real_files;
mod series;

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Url;
use serde_json::{Value, json};

use crate::support::daemon::{Daemon, ended};
use crate::support::instances::{Place, study};
use crate::support::peer::{Peer, PeerServer, reference};
use crate::support::python::script;
use crate::support::services::Services;
use crate::support::validator::validate;

/// Makes a test of each case for each server.
macro_rules! cases {
    ($($case:ident)+) => {
        mod hfs {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let peer = crate::support::peer::Peer::Hfs;
                super::$case(crate::peers::Site::with(peer).await).await;
            })+
        }

        mod hapi {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let peer = crate::support::peer::Peer::Hapi;
                super::$case(crate::peers::Site::with(peer).await).await;
            })+
        }
    };
}

use cases;

cases! {
    check_says_that_the_server_will_do
    a_study_arrives_with_its_patient_and_endpoint
    interleaved_studies_of_several_patients_arrive_once_and_a_replay_writes_nothing
    deletes_down_to_the_last_instance_delete_the_study
    a_bulk_update_reaches_patient_and_study
    equal_uids_in_two_partitions_stay_two_studies
    patients_are_found_again_whatever_characters_their_ids_have
    the_endpoint_of_dicom_cast_is_taken_over
}

/// HL7's validator takes no shorter OIDs than those of four numbers.
const PATIENT_SYSTEM: &str = "urn:oid:1.2.826.0.1.3680043.8.498.3";

/// The DICOMweb service of [`Services`], and a server that others wrote in the place of its FHIR
/// store.
struct Site {
    services: Services,
    fhir: Arc<PeerServer>,
}

impl Site {
    async fn with(peer: Peer) -> Self {
        Self::before(peer.start().await).await
    }

    async fn before(fhir: PeerServer) -> Self {
        Self {
            services: Services::start().await,
            fhir: Arc::new(fhir),
        }
    }

    fn daemon(&self) -> Daemon {
        self.daemon_to(self.fhir.address())
    }

    fn daemon_to(&self, fhir: &str) -> Daemon {
        let daemon = Daemon::between(&self.services.dicom_address(), fhir);
        daemon.with("Patient__PatientSystemId", PATIENT_SYSTEM)
    }

    /// Everything that the daemon writes.
    async fn resources(&self) -> Vec<Value> {
        let mut resources = Vec::new();
        for resource_type in ["Patient", "Endpoint", "ImagingStudy", "Observation"] {
            resources.extend(self.fhir.all(resource_type).await);
        }
        resources
    }

    /// The version of each resource.
    async fn versions(&self) -> BTreeMap<String, Value> {
        let resources = self.resources().await.into_iter();
        resources
            .map(|resource| (reference(&resource), resource["meta"]["versionId"].clone()))
            .collect()
    }

    /// The resources are what HL7's validator finds valid, and the server itself where it has
    /// another validator.
    async fn check_validity(&self) {
        let resources = self.resources().await;
        let own = resources.iter().filter(|_| self.fhir.peer() == Peer::Hfs);
        for resource in own {
            let problems = self.fhir.problems(resource).await;
            assert_eq!(problems, Vec::<Value>::new(), "{resource:#}");
        }
        let findings = validate(&resources).await;
        println!("{}\n{}", findings.warnings.join("\n"), findings.summary);
        assert!(findings.errors.is_empty(), "{:#?}", findings.errors);
    }

    /// The resources are what the models of fhir.resources take.
    async fn check_structure(&self) {
        let resources = self.resources().await;
        let lines = resources.iter().map(|resource| format!("{resource}\n"));
        let lines: String = lines.collect();
        let validated = script("validate_resources.py", &[], lines.as_bytes());
        let valid = format!("{} resources, 0 invalid", resources.len());
        assert!(validated.stdout.contains(&valid), "{validated:?}");
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The UIDs of the instances of an `ImagingStudy`.
fn instance_uids(study: &Value) -> Vec<&str> {
    let series = study["series"].as_array().unwrap();
    series
        .iter()
        .flat_map(|series| series["instance"].as_array().unwrap())
        .map(|instance| text(&instance["uid"]))
        .collect()
}

async fn no_failure(daemon: &Daemon) {
    let records = daemon.records().await;
    assert!(records.is_empty(), "{records:?}");
}

async fn check_says_that_the_server_will_do(site: Site) {
    let checked = ended(&mut site.daemon().command(&["check"]));
    let address: Url = site.fhir.address().parse().unwrap();
    let line = format!(
        "FHIR      ok      {address}: FHIR 4.0.1 with transactions ({})",
        site.fhir.peer().software(),
    );
    assert!(checked.stdout.contains(&line), "{checked:?}");
    assert_eq!(checked.code, Some(0));
}

#[expect(clippy::cognitive_complexity, reason = "one assertion after the other")]
async fn a_study_arrives_with_its_patient_and_endpoint(site: Site) {
    let places = study(1, 1, 2, 3);
    let last = site.services.store(&places);
    site.daemon().run_until_settled(last).await;
    let uid = places[0].study_uid();
    let query = format!("ImagingStudy?identifier=urn:dicom:uid%7Curn:oid:{uid}");
    let [study] = site.fhir.search(&query).await.try_into().unwrap();
    let patient = site.fhir.only("Patient").await;
    let endpoint = site.fhir.only("Endpoint").await;
    assert_eq!(study["subject"]["reference"], reference(&patient));
    assert_eq!(study["endpoint"][0]["reference"], reference(&endpoint));
    assert_eq!(study["status"], "available");
    assert_eq!(study["started"], "2024-06-01T14:25:01+02:00");
    assert_eq!(study["description"], "Chest CT");
    assert_eq!(study["numberOfSeries"], 2);
    assert_eq!(study["numberOfInstances"], 6);
    assert_eq!(study["series"][1]["uid"], places[3].series_uid());
    assert_eq!(study["series"][1]["description"], "Series 2");
    assert_eq!(study["series"][1]["modality"]["code"], "CT");
    let uids: Vec<_> = places.iter().map(|place| place.instance_uid()).collect();
    assert_eq!(instance_uids(&study), uids);
    assert_eq!(patient["identifier"][0]["system"], PATIENT_SYSTEM);
    assert_eq!(patient["identifier"][0]["value"], "PID-1");
    assert_eq!(patient["name"][0]["family"], "Doe");
    assert_eq!(patient["birthDate"], "1980-02-29");
    assert_eq!(patient["gender"], "female");
    let address = format!("{}/v1", site.services.dicom_address());
    assert_eq!(endpoint["address"], address);
    site.check_validity().await;
}

/// Studies of several patients, their instances in turn: 20 instances each.
fn interleaved(patients: u32, studies: u32) -> Vec<Place> {
    let places = (1..=studies).map(|at| study(at % patients + 1, at, 2, 10));
    let places: Vec<_> = places.collect();
    (0..20)
        .flat_map(|at| places.iter().map(move |study| study[at]))
        .collect()
}

async fn interleaved_studies_of_several_patients_arrive_once_and_a_replay_writes_nothing(
    site: Site,
) {
    let last = site.services.store(&interleaved(5, 12));
    let daemon = site.daemon().with("DicomCastWorker__MaxConcurrency", "8");
    daemon.run_until_settled(last).await;
    no_failure(&daemon).await;
    let studies = site.fhir.all("ImagingStudy").await;
    let identifiers: BTreeMap<_, _> = studies
        .iter()
        .map(|study| (study["identifier"][0].to_string(), study))
        .collect();
    assert_eq!((studies.len(), identifiers.len()), (12, 12));
    for study in &studies {
        assert_eq!(study["numberOfInstances"], 20);
        assert_eq!(instance_uids(study).len(), 20);
    }
    assert_eq!(site.fhir.all("Patient").await.len(), 5);
    site.fhir.only("Endpoint").await;
    site.check_validity().await;

    let versions = site.versions().await;
    site.daemon().run_until_settled(last).await;
    assert_eq!(site.versions().await, versions);
}

async fn deletes_down_to_the_last_instance_delete_the_study(site: Site) {
    let places = study(1, 1, 2, 2);
    let last = site.services.store(&places);
    let daemon = site.daemon();
    daemon.run_until_settled(last).await;
    places[1..]
        .iter()
        .for_each(|place| site.services.delete(*place));
    daemon.run_until_settled(last + 3).await;
    let study = site.fhir.only("ImagingStudy").await;
    assert_eq!(instance_uids(&study), [places[0].instance_uid()]);
    assert_eq!(study["numberOfSeries"], 1);
    assert_eq!(study["numberOfInstances"], 1);
    site.services.delete(places[0]);
    daemon.run_until_settled(last + 4).await;
    assert_eq!(site.fhir.all("ImagingStudy").await, Vec::<Value>::new());
    site.services.store(&places[..1]);
    daemon.run_until_settled(last + 5).await;
    let study = site.fhir.only("ImagingStudy").await;
    assert_eq!(instance_uids(&study), [places[0].instance_uid()]);
    no_failure(&daemon).await;
}

async fn a_bulk_update_reaches_patient_and_study(site: Site) {
    let places = study(1, 1, 1, 3);
    let last = site.services.store(&places);
    let daemon = site.daemon();
    daemon.run_until_settled(last).await;
    let changes = json!({
        "00081030": { "vr": "LO", "Value": ["Corrected"] },
        "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "Roe^Jane" }] },
    });
    let uid = places[0].study_uid();
    let updated = site
        .services
        .dicom
        .update(None, &uid, changes.as_object().unwrap());
    updated.unwrap();
    daemon.run_until_settled(last + 3).await;
    let study = site.fhir.only("ImagingStudy").await;
    assert_eq!(study["description"], "Corrected");
    assert_eq!(study["numberOfInstances"], 3);
    let patient = site.fhir.only("Patient").await;
    assert_eq!(patient["name"][0]["family"], "Roe");
    site.check_validity().await;
}

async fn equal_uids_in_two_partitions_stay_two_studies(site: Site) {
    let metadata = study(1, 1, 1, 1)[0].ct().to_string();
    for partition in [Some("clinic-b"), None, Some("clinic-c")] {
        let stored = site.services.dicom.store_metadata(partition, &metadata);
        stored.unwrap();
    }
    for _ in 0..2 {
        site.daemon().run_until_settled(3).await;
        assert_eq!(site.fhir.all("ImagingStudy").await.len(), 3);
        assert_eq!(site.fhir.all("Endpoint").await.len(), 3);
        site.fhir.only("Patient").await;
    }
    site.check_validity().await;
}

async fn patients_are_found_again_whatever_characters_their_ids_have(site: Site) {
    // No `|` and `$`: helios-hfs 0.2.7 takes the backslash that escapes them for part of the value.
    const IDS: [&str; 4] = ["A", "B", "A,B", "A&B=C#D +é%25/?"];
    let mut last = 0;
    for (at, id) in (1..).zip(IDS) {
        let mut metadata = study(1, at, 1, 1)[0].ct();
        metadata["00100020"]["Value"] = json!([id]);
        last = site.services.store_json(&metadata.to_string());
    }
    for _ in 0..2 {
        site.daemon().run_until_settled(last).await;
        let patients = site.fhir.all("Patient").await;
        let mut ids: Vec<_> = patients
            .iter()
            .map(|patient| text(&patient["identifier"][0]["value"]))
            .collect();
        ids.sort_unstable();
        let mut expected = IDS;
        expected.sort_unstable();
        assert_eq!(ids, expected);
    }
}

async fn the_endpoint_of_dicom_cast_is_taken_over(site: Site) {
    let source = format!("{}/", site.services.dicom_address());
    let theirs = json!({
        "resourceType": "Endpoint",
        "status": "active",
        "name": format!("DICOM WADO-RS endpoint {source}"),
        "connectionType": {
            "system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type",
            "code": "dicom-wado-rs",
        },
        "payloadType": [{ "text": "DICOM WADO-RS" }],
        "payloadMimeType": ["application/dicom"],
        "address": source,
    });
    let theirs = site.fhir.create(&theirs).await;
    let last = site.services.store(&study(1, 1, 1, 1));
    site.daemon().run_until_settled(last).await;
    let endpoint = site.fhir.only("Endpoint").await;
    assert_eq!(endpoint["id"], theirs["id"]);
    let address = format!("{}/v1", site.services.dicom_address());
    assert_eq!(endpoint["address"], address);
    let study = site.fhir.only("ImagingStudy").await;
    assert_eq!(study["endpoint"][0]["reference"], reference(&endpoint));
}
