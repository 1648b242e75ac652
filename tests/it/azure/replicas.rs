//! Two daemons over the same tables: one works, and the other takes over.

use radcast_engine::store::{Role, Store};

use super::all;
use super::daemon::tables_of;
use crate::support::azurite::{Azurite, unique};
use crate::support::daemon::{Daemon, until};
use crate::support::instances::study;
use crate::support::services::Services;

fn daemon(services: &Services, azurite: &Azurite, prefix: &str) -> Daemon {
    let connection = azurite.connection_string(azurite.table_port, azurite.blob_port);
    Daemon::of(services)
        .with("TableStore__ConnectionString", &connection)
        .with("TableStore__TableNamePrefix", prefix)
        .with("BlobStore__Container", prefix)
        .with("Lease__Duration", "00:00:15")
}

#[tokio::test(flavor = "multi_thread")]
async fn rx3_w12_of_two_daemons_one_works_and_when_it_is_killed_the_other_takes_over() {
    let services = Services::start().await;
    let azurite = Azurite::shared().await;
    let prefix = unique();
    let store = tables_of(&azurite, &prefix);
    let settled = async |sequence: u64| {
        until("the position", async || {
            let state = store.sync_state().await.unwrap();
            state.is_some_and(|(state, _)| state.sequence >= sequence)
        })
        .await;
    };
    let [first, second] = [(); 2].map(|()| daemon(&services, &azurite, &prefix));
    let active = first.start();
    settled(services.store(&study(1, 1, 1, 3))).await;
    let standby = second.start();
    until("the standby", async || {
        let reports = store.reports().await.unwrap();
        reports.iter().any(|report| report.role == Role::Standby)
    })
    .await;
    settled(services.store(&study(2, 2, 1, 3))).await;
    assert!(second.events("feed_opened").is_empty(), "{}", second.log());
    active.kill();
    settled(services.store(&study(1, 1, 1, 5)[3..])).await;
    assert_eq!(second.events("feed_opened").len(), 1, "{}", second.log());
    assert_eq!(standby.terminate().await, Some(0));
    // Two patients, an Endpoint, two studies; the first study twice.
    assert_eq!(services.fhir.versions_written().unwrap(), 6);
    assert_eq!(all(&store).await, []);
}
