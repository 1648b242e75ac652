//! The daemon over tables: what it stores, and what it does while they are away.

use std::process::Command;

use radcast_azure::AzureStore;
use radcast_engine::failure::Code;
use radcast_engine::store::{FailureTable, Store};

use super::{all, only};
use crate::support::azurite::{Azurite, unique};
use crate::support::daemon::{Daemon, Ended, ended, until};
use crate::support::instances::{Place, study};
use crate::support::services::Services;
use crate::support::wire::Wire;

/// The tables of a prefix, as they are without any daemon.
pub fn tables_of(azurite: &Azurite, prefix: &str) -> AzureStore {
    let mut tables = azurite.tables();
    tables.table_name_prefix = prefix.to_owned();
    AzureStore::open(&tables).unwrap()
}

/// What `radcast check` says.
pub async fn checked(daemon: &Daemon) -> Ended {
    let mut command: Command = daemon.command(&["check"]);
    tokio::task::spawn_blocking(move || ended(&mut command))
        .await
        .unwrap()
}

/// An instance that cannot be cast.
pub fn without_modality(place: Place) -> String {
    let mut instance = place.ct();
    instance.as_object_mut().unwrap().remove("00080060");
    instance.to_string()
}

async fn position(store: &AzureStore) -> u64 {
    let state = store.sync_state().await.unwrap();
    state.map(|(state, _)| state.sequence).unwrap_or_default()
}

pub async fn until_settled(store: &AzureStore, sequence: u64) {
    until("the position", async || position(store).await >= sequence).await;
}

/// A daemon whose tables are at the other end of a wire.
async fn wired(services: &Services, azurite: &Azurite) -> (Wire, AzureStore, Daemon) {
    let wire = Wire::to(azurite.table_port).await;
    let connection = azurite.connection_string(wire.port(), azurite.blob_port);
    let prefix = unique();
    let daemon = Daemon::of(services)
        .with("TableStore__ConnectionString", &connection)
        .with("TableStore__TableNamePrefix", &prefix)
        .with("BlobStore__Container", &prefix);
    (wire, tables_of(azurite, &prefix), daemon)
}

#[tokio::test(flavor = "multi_thread")]
async fn rx1_without_its_tables_it_waits_and_nothing_is_lost() {
    let services = Services::start().await;
    let azurite = Azurite::shared().await;
    let (wire, store, daemon) = wired(&services, &azurite).await;
    let places = study(1, 1, 1, 4);
    services.store(&places[..1]);
    let running = daemon.start();
    until_settled(&store, 1).await;
    wire.cut();
    services.store_json(&without_modality(places[1]));
    services.store(&places[2..3]);
    until("the outage in the log", async || {
        daemon.log().contains("failed entries cannot be recorded")
    })
    .await;
    assert_eq!((position(&store).await, all(&store).await), (1, vec![]));
    let log = daemon.log();
    let told = log.lines().find(|line| line.contains("cannot be recorded"));
    assert!(told.unwrap().contains("\"level\":\"ERROR\""), "{told:?}");
    assert!(
        told.unwrap().contains("\"code\":\"store.unavailable\""),
        "{told:?}"
    );
    wire.mend();
    until_settled(&store, 3).await;
    let record = only(&store).await;
    assert_eq!(record.subject.sequence, Some(2));
    assert_eq!(
        (record.code.as_str(), record.attempts),
        ("dicom.missing-attribute", 1)
    );
    services.store(&places[3..]);
    until_settled(&store, 4).await;
    assert_eq!(running.terminate().await, Some(0), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn rx1_started_without_its_tables_it_waits_for_them_and_goes_on_where_it_was() {
    let services = Services::start().await;
    let azurite = Azurite::shared().await;
    let (wire, store, daemon) = wired(&services, &azurite).await;
    let places = study(1, 1, 1, 3);
    services.store(&places[..2]);
    let running = daemon.start();
    until_settled(&store, 2).await;
    assert_eq!(running.terminate().await, Some(0));
    let versions = services.fhir.versions_written().unwrap();
    wire.cut();
    services.store(&places[2..]);
    let running = daemon.start();
    until("the outage in the log", async || {
        daemon.log().contains("the store cannot be read")
    })
    .await;
    assert_eq!(services.fhir.versions_written().unwrap(), versions);
    wire.mend();
    until_settled(&store, 3).await;
    assert_eq!(running.terminate().await, Some(0));
    let log = daemon.log();
    assert!(
        log.contains("\"position\":2"),
        "it goes on behind the second: {log}"
    );
    let written = services.fhir.versions_written().unwrap();
    assert_eq!(written, versions + 1, "only the third was cast");
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_r41_failed_entries_stay_in_the_tables_and_the_daemon_does_not_touch_them_again() {
    let services = Services::start().await;
    let azurite = Azurite::shared().await;
    let (_wire, store, daemon) = wired(&services, &azurite).await;
    let places = study(1, 1, 1, 2);
    services.store_json(&without_modality(places[0]));
    services.store(&places[1..]);
    let running = daemon.start();
    until_settled(&store, 2).await;
    assert_eq!(running.terminate().await, Some(0));
    let before = only(&store).await;
    assert_eq!(before.key.table, FailureTable::Dicom);
    let running = daemon.start();
    services.store(&study(2, 2, 1, 1));
    until_settled(&store, 3).await;
    assert_eq!(running.terminate().await, Some(0));
    assert_eq!(only(&store).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_of_tables_lease_and_archive() {
    let services = Services::start().await;
    let azurite = Azurite::shared().await;
    let (wire, _store, daemon) = wired(&services, &azurite).await;
    let daemon = daemon.with("Archive__Enabled", "true");
    let works = checked(&daemon).await;
    assert_eq!(works.code, Some(0), "{works:?}");
    let address = azurite.table_address(wire.port());
    for told in [
        format!("of {address}: readable and writable; the feed is read from its start"),
        "lease     ok      container t".to_owned(),
        "held by nobody".to_owned(),
        "archive   ok      container t".to_owned(),
    ] {
        assert!(works.stdout.contains(&told), "{told} in {}", works.stdout);
    }
    wire.cut();
    let broken = checked(&daemon).await;
    assert_eq!(broken.code, Some(1));
    let line = "store     FAILED  store.unavailable";
    assert!(broken.stdout.contains(line), "{}", broken.stdout);
    assert!(broken.stdout.contains(Code::StoreUnavailable.cure()));
    assert!(broken.stdout.contains("lease     ok"), "{}", broken.stdout);
}

async fn run(daemon: &Daemon, arguments: &[&str]) -> Ended {
    let mut command = daemon.command(arguments);
    tokio::task::spawn_blocking(move || ended(&mut command))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn r39_the_position_of_a_blob_is_imported_once_and_gone_on_from() {
    let services = Services::start().await;
    let azurite = Azurite::shared().await;
    let (_wire, store, daemon) = wired(&services, &azurite).await;
    let shown = run(&daemon, &["state", "show"]).await;
    assert!(
        shown
            .stdout
            .contains("none: the feed is read from its start"),
        "{shown:?}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("SyncState.json");
    std::fs::write(
        &file,
        r#"{"SyncedSequence":2,"SyncedDate":"2020-06-02T08:15:30+00:00"}"#,
    )
    .unwrap();
    let import = ["state", "import", "--from-blob", file.to_str().unwrap()];
    let imported = run(&daemon, &import).await;
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert!(
        imported.stdout.contains("The position is 2."),
        "{imported:?}"
    );
    let places = study(1, 1, 1, 3);
    services.store(&places);
    let running = daemon.start();
    until_settled(&store, 3).await;
    assert_eq!(running.terminate().await, Some(0));
    let study = services.fhir.count("ImagingStudy").unwrap();
    assert_eq!(
        (study, services.fhir.versions_written().unwrap()),
        (1, 3),
        "the third alone"
    );
    let again = run(&daemon, &import).await;
    assert_eq!(again.code, Some(1));
    assert!(
        again.stderr.contains("The position is 3; set to 2"),
        "{again:?}"
    );
    std::fs::write(&file, "{}").unwrap();
    let nothing = run(&daemon, &import).await;
    assert!(nothing.stderr.contains("no SyncedSequence"), "{nothing:?}");
    let shown = run(&daemon, &["state", "show"]).await;
    assert!(shown.stdout.contains("sequence   3"), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r39_the_blob_is_found_in_its_container() {
    let services = Services::start().await;
    let azurite = Azurite::shared().await;
    let (_wire, store, daemon) = wired(&services, &azurite).await;
    let container = unique();
    let import = ["state", "import", "--from-container", &container];
    let missing = run(&daemon, &import).await;
    assert!(
        missing.stderr.contains("there is no SyncState.json in"),
        "{missing:?}"
    );
    azurite
        .put_blob(&container, "SyncState.json", r#"{"SyncedSequence":41}"#)
        .await;
    let imported = run(&daemon, &import).await;
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert_eq!(position(&store).await, 41);
}
