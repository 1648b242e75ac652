//! `radcast status` and `radcast state`, from the outside.

use jiff::{SignedDuration, Timestamp};
use radcast_engine::failure::Code;
use radcast_engine::store::{Report, Role, Store, SyncState};

use crate::support::daemon::Daemon;
use crate::support::instances::study;
use crate::support::records::{idle, idle_with, json, run};
use crate::support::services::Services;

fn report(state: &str, age: SignedDuration) -> Report {
    let now = radcast_engine::system_clock()();
    Report {
        role: Role::Active,
        replica: "radcast--abc-1".to_owned(),
        version: "1.2.3".to_owned(),
        state: state.to_owned(),
        code: None,
        detail: None,
        position: 40,
        position_timestamp: None,
        latest: 47,
        last_success: "2024-06-01T08:15:00Z".parse().ok(),
        at: now - age,
    }
}

async fn at(daemon: &Daemon, sequence: u64, timestamp: Option<Timestamp>) {
    let state = SyncState::at(sequence, timestamp);
    daemon.store().save_sync_state(state, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_position_lag_state_and_failures() {
    let daemon = idle_with(&[(1, Code::FhirRejected), (2, Code::DicomInvalidValue)]).await;
    at(&daemon, 42, "2024-06-01T08:00:00Z".parse().ok()).await;
    let report = report("catching up", SignedDuration::from_secs(5));
    daemon.store().save_report(&report).await.unwrap();
    let status = json(&daemon, &["status", "-o", "json"]);
    assert_eq!(status["state"], "catching up");
    assert_eq!(
        (&status["position"], &status["latest"]),
        (&42.into(), &47.into())
    );
    assert_eq!(status["lagEntries"], 5);
    assert!(status["lagSeconds"].as_i64().unwrap() > 86_400, "{status}");
    assert_eq!(status["lastSuccess"], "2024-06-01T08:15:00Z");
    assert_eq!(status["replica"], "radcast--abc-1");
    assert_eq!(status["failures"].as_array().unwrap().len(), 2);
    let told = run(&daemon, &["status"]);
    assert_eq!(told.code, Some(0));
    for text in [
        "catching up",
        "42 of 47",
        "5 entries",
        "1 dicom, 1 fhir",
        "radcast--abc-1",
    ] {
        assert!(told.stdout.contains(text), "{text} in {}", told.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_told_with_its_cure() {
    let daemon = idle();
    let paused = Report {
        code: Some(Code::FhirForbidden.as_str().to_owned()),
        ..report("paused", SignedDuration::from_secs(5))
    };
    daemon.store().save_report(&paused).await.unwrap();
    let told = run(&daemon, &["status"]);
    assert_eq!(told.code, Some(0));
    assert!(
        told.stdout.contains("paused because of fhir.forbidden"),
        "{}",
        told.stdout
    );
    assert!(
        told.stdout.contains("FHIR Data Contributor"),
        "{}",
        told.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_does_not_report_is_told_of_with_exit_code_1() {
    let daemon = idle();
    daemon.store();
    let never = run(&daemon, &["status"]);
    assert_eq!(never.code, Some(1));
    assert!(never.stdout.contains("no report yet"), "{}", never.stdout);
    let old = report("following", SignedDuration::from_secs(125));
    daemon.store().save_report(&old).await.unwrap();
    let silent = run(&daemon, &["status"]);
    assert_eq!(silent.code, Some(1));
    assert!(
        silent.stdout.contains("no report since"),
        "{}",
        silent.stdout
    );
    let young = report("following", SignedDuration::from_secs(100));
    daemon.store().save_report(&young).await.unwrap();
    assert_eq!(run(&daemon, &["status"]).code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn r39_the_position_is_a_row_that_is_there_from_the_first_entry_on() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 1, 3));
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    let state = json(&daemon, &["state", "show", "-o", "json"]);
    assert_eq!(state["sequence"], 3);
    assert!(
        state["timestamp"]
            .as_str()
            .unwrap()
            .parse::<Timestamp>()
            .is_ok(),
        "{state}"
    );
    let told = run(&daemon, &["state", "show"]);
    assert!(told.stdout.contains("sequence   3\n"), "{}", told.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_position_is_where_the_daemon_goes_on() {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 3));
    let last = services.store(&study(2, 2, 1, 2));
    let daemon = Daemon::of(&services);
    let imported = run(&daemon, &["state", "import", "--sequence", "3"]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    daemon.run_until_settled(last).await;
    let studies = services.fhir.resources("ImagingStudy").unwrap();
    assert_eq!(studies.len(), 1);
    assert_eq!(studies[0]["numberOfInstances"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_is_there_is_not_written_over_unless_forced() {
    let daemon = idle();
    at(&daemon, 42, None).await;
    for (sequence, why) in [("41", "move back"), ("42", "there already"), ("43", "jump")] {
        let refused = run(&daemon, &["state", "import", "--sequence", sequence]);
        assert_eq!(refused.code, Some(1));
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    assert_eq!(daemon.position().await, 42);
    let forced = run(
        &daemon,
        &[
            "state",
            "import",
            "--sequence",
            "41",
            "--timestamp",
            "2024-06-01T08:00:00Z",
            "--force",
        ],
    );
    assert_eq!(forced.code, Some(0), "{forced:?}");
    let state = json(&daemon, &["state", "show", "-o", "json"]);
    assert_eq!(state["sequence"], 41);
    assert_eq!(state["timestamp"], "2024-06-01T08:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_position_is_set_under_a_daemon_that_runs() {
    let daemon = idle();
    let running = report("starting", SignedDuration::from_secs(5));
    daemon.store().save_report(&running).await.unwrap();
    let refused = run(&daemon, &["state", "import", "--sequence", "3"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("stop it first"),
        "{}",
        refused.stderr
    );
    assert_eq!(daemon.store().sync_state().await.unwrap(), None);
}
