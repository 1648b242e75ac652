//! Killed at any moment and started again, the daemon leaves what it would have left anyway.

use std::time::Duration;

use radcast_sandbox::Fault;
use serde_json::json;

use crate::support::daemon::{Daemon, until};
use crate::support::fhir_content::content;
use crate::support::instances::study;
use crate::support::services::Services;

/// A feed with interleaved studies, two of one patient, an update and deletes.
fn fill(services: &Services) -> u64 {
    let studies: Vec<_> = (1..=6).map(|n| study(n.min(5), n, 2, 10)).collect();
    for at in 0..20 {
        for study in &studies {
            services.store(&study[at..=at]);
        }
    }
    let corrected = json!({ "00081030": { "vr": "LO", "Value": ["Corrected"] } });
    let uid = studies[1][0].study_uid();
    services
        .dicom
        .update(None, &uid, corrected.as_object().unwrap())
        .unwrap();
    studies[2].iter().for_each(|place| services.delete(*place));
    services.delete(studies[3][4]);
    services.store(&studies[3][4..=4]);
    services.dicom.latest_sequence().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn w11_killed_at_many_moments_it_ends_with_the_same_resources_and_no_duplicates() {
    let undisturbed = Services::start().await;
    let last = fill(&undisturbed);
    Daemon::of(&undisturbed).run_until_settled(last).await;
    let services = Services::start().await;
    assert_eq!(fill(&services), last);
    let daemon = Daemon::of(&services)
        .with("DicomWeb__PageSize", "10")
        .with("DicomCastWorker__MaxConcurrency", "2");
    let mut kills = 0;
    while daemon.position().await < last {
        assert!(kills < 400, "{} of {last} only", daemon.position().await);
        // Lives become longer, so that there is an end where a start costs many requests.
        let requests = services.fhir.faults().total() + 1 + kills * 5 % 14 + kills / 8;
        let running = daemon.start();
        until("the moment", async || {
            services.fhir.faults().total() >= requests || daemon.position().await == last
        })
        .await;
        running.kill();
        kills += 1;
        slow_down(&services);
    }
    services.fhir.faults().clear();
    daemon.run_until_settled(last).await;
    assert!(kills >= 20, "killed {kills} times only");
    assert_eq!(
        without_addresses(&services),
        without_addresses(&undisturbed),
        "after {kills} kills"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rx2_killed_between_the_write_and_its_answer_it_does_not_write_twice() {
    // Patient and Endpoint are written first, and then the study.
    for (transactions_before, versions) in [(0, 2), (1, 3)] {
        killed_after_transactions(transactions_before, versions).await;
    }
}

async fn killed_after_transactions(transactions_before: u32, versions: u64) {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 1, 5));
    let (held, release) = Fault::hold();
    for _ in 0..transactions_before {
        let answered = Fault::RespondSlowly(Duration::ZERO);
        services.fhir.faults().order("fhir.transaction", answered);
    }
    services.fhir.faults().order("fhir.transaction", held);
    let daemon = Daemon::of(&services);
    let running = daemon.start();
    until("the write", async || {
        services.fhir.versions_written().unwrap() == versions
    })
    .await;
    running.kill();
    drop(release);
    let before = (daemon.position().await, content(&services.fhir));
    daemon.run_until_settled(last).await;
    assert_eq!(before.0, 0);
    if versions == 3 {
        assert_eq!(content(&services.fhir), before.1);
    }
    assert_eq!(services.fhir.versions_written().unwrap(), 3);
}

/// Lets some answers take a while, so that a kill meets requests under way.
fn slow_down(services: &Services) {
    for _ in 0..10 {
        let slow = Fault::RespondSlowly(Duration::from_millis(10));
        services.fhir.faults().order("fhir.transaction", slow);
    }
}

/// The content, with the port of the DICOMweb service taken out of it.
fn without_addresses(services: &Services) -> Vec<String> {
    let address = services.dicom_address();
    let content = content(&services.fhir).into_iter();
    content
        .map(|resource| resource.to_string().replace(&address, "dicom"))
        .collect()
}
