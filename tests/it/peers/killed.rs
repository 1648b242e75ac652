//! The daemon between real servers, killed fifty times: nothing is lost, nothing is there twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use radcast_azure::AzureStore;
use radcast_engine::store::{RecordFilter, Store};
use serde_json::Value;

use super::{Site, cases, instance_uids, text};
use crate::support::azurite::Azurite;
use crate::support::daemon::{Daemon, Running, until};
use crate::support::instances::{Place, study};

cases! {
    killed_fifty_times_during_five_thousand_entries_nothing_is_lost_and_nothing_is_there_twice
}

const STUDIES: u32 = 50;
const INSTANCES: u32 = 100;
const KILLS: u64 = 50;

/// Every so many instances one lacks what is required.
const BAD: usize = 250;

/// Fills the service with interleaved studies; the bad instances by sequence.
fn fill(site: &Site) -> BTreeMap<u64, Place> {
    let studies: Vec<_> = (1..=STUDIES)
        .map(|n| study(n.div_ceil(2), n, 2, INSTANCES / 2))
        .collect();
    let mut bad = BTreeMap::new();
    for at in 0..INSTANCES as usize {
        for (n, places) in studies.iter().enumerate() {
            let mut metadata = places[at].ct();
            let is_bad = (at * studies.len() + n) % BAD == BAD - 1;
            if is_bad {
                metadata.as_object_mut().unwrap().remove("00080060");
            }
            let sequence = site.services.store_json(&metadata.to_string());
            if is_bad {
                bad.insert(sequence, places[at]);
            }
        }
    }
    bad
}

async fn position(store: &AzureStore) -> u64 {
    let state = store.sync_state().await.unwrap();
    state.map_or(0, |(state, _)| state.sequence)
}

/// Starts the daemon and kills it at a moment soon after it has moved on.
async fn live_and_die(daemon: &Daemon, store: &AzureStore, last: u64, rng: &mut fastrand::Rng) {
    let before = position(store).await;
    let running: Running = daemon.start();
    let far = (before + rng.u64(1..last / KILLS)).min(last);
    until("some progress", async || position(store).await >= far).await;
    tokio::time::sleep(Duration::from_millis(rng.u64(..40))).await;
    running.kill();
}

async fn killed_fifty_times_during_five_thousand_entries_nothing_is_lost_and_nothing_is_there_twice(
    site: Site,
) {
    let azurite = Azurite::start().await;
    let bad = fill(&site);
    let last = site.services.dicom.latest_sequence().unwrap();
    assert_eq!(last, u64::from(STUDIES * INSTANCES));
    let string = azurite.connection_string(azurite.table_port, azurite.blob_port);
    let daemon = site
        .daemon()
        .with("TableStore__ConnectionString", &string)
        .with("Lease__Enabled", "false")
        .with("DicomWeb__PageSize", "20");
    let tables = daemon.settings().table_store.unwrap();
    let store = AzureStore::open(&tables).unwrap();
    let mut rng = fastrand::Rng::with_seed(4711);
    let begun = Instant::now();
    for _ in 0..KILLS {
        live_and_die(&daemon, &store, last, &mut rng).await;
    }
    let running = daemon.start();
    until("the end", async || position(&store).await == last).await;
    assert_eq!(running.terminate().await, Some(0));
    println!("{KILLS} kills, {last} entries, {:?}", begun.elapsed());
    check_content(&site, &bad).await;
    check_records(&store, &bad).await;
}

async fn check_content(site: &Site, bad: &BTreeMap<u64, Place>) {
    let studies = site.fhir.all("ImagingStudy").await;
    assert_eq!(studies.len(), STUDIES as usize);
    let uids: Vec<&str> = studies.iter().flat_map(instance_uids).collect();
    let once: BTreeSet<String> = uids.iter().map(|uid| (*uid).to_owned()).collect();
    assert_eq!(once.len(), uids.len(), "an instance is there twice");
    let expected = (1..=STUDIES).flat_map(|n| study(n.div_ceil(2), n, 2, INSTANCES / 2));
    let mut expected: BTreeSet<String> = expected.map(Place::instance_uid).collect();
    for place in bad.values() {
        expected.remove(&place.instance_uid());
    }
    assert_eq!(once, expected);
    for (resource_type, count) in [("Patient", STUDIES as usize / 2), ("Endpoint", 1)] {
        let there = site.fhir.all(resource_type).await;
        let ids: BTreeSet<&str> = there.iter().map(|one: &Value| text(&one["id"])).collect();
        assert_eq!(ids.len(), count, "{resource_type}");
    }
}

async fn check_records(store: &AzureStore, bad: &BTreeMap<u64, Place>) {
    let all = RecordFilter::default();
    let records = store.records(&all, None, 10_000).await.unwrap();
    let recorded: Vec<_> = records
        .iter()
        .filter_map(|record| record.subject.sequence)
        .collect();
    let expected: Vec<_> = bad.keys().copied().collect();
    assert_eq!(recorded, expected);
}
