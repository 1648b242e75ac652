//! A managed identity, as Azure Container Apps gives one, through the binary.

use std::sync::Arc;

use radcast_azure::AzureStore;
use radcast_engine::failure::Code;
use radcast_engine::store::Store;

use super::all;
use super::daemon::{checked, tables_of};
use crate::support::azurite::{Azurite, unique};
use crate::support::bearer::{Account, Identity};
use crate::support::daemon::{Daemon, until};
use crate::support::instances::study;
use crate::support::services::Services;

/// A daemon that shows the tokens of an identity to tables and blobs of Azurite.
struct Site {
    azurite: Arc<Azurite>,
    prefix: String,
    daemon: Daemon,
    _accounts: [Account; 2],
}

impl Site {
    async fn start(services: &Services, identity: &Identity) -> Self {
        let azurite = Azurite::shared().await;
        let tables = Account::of(&azurite, azurite.table_port).await;
        let blobs = Account::of(&azurite, azurite.blob_port).await;
        let prefix = unique();
        let mut daemon = Daemon::of(services)
            .with("TableStore__EndpointUri", &tables.address())
            .with("TableStore__TableNamePrefix", &prefix)
            .with("BlobStore__EndpointUri", &blobs.address())
            .with("BlobStore__Container", &prefix);
        for (name, value) in identity.environment() {
            daemon = daemon.with(name, &value);
        }
        Self {
            azurite,
            prefix,
            daemon,
            _accounts: [tables, blobs],
        }
    }

    fn store(&self) -> AzureStore {
        tables_of(&self.azurite, &self.prefix)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_identity_gets_into_tables_and_blobs() {
    let services = Services::start().await;
    for (client_id, query) in [
        (None, None),
        (
            Some(("AZURE_CLIENT_ID", "from-platform")),
            Some("client_id=from-platform"),
        ),
        (Some(("TableStore__ClientId", "set")), Some("client_id=set")),
    ] {
        let identity = Identity::start(&[]).await;
        let mut site = Site::start(&services, &identity).await;
        if let Some((name, value)) = client_id {
            site.daemon = site.daemon.with(name, value);
        }
        let checked = checked(&site.daemon).await;
        assert_eq!(checked.code, Some(0), "{checked:?}");
        assert!(
            checked.stdout.contains("lease     ok"),
            "{}",
            checked.stdout
        );
        let queries = identity.queries();
        assert_eq!(
            queries.len(),
            2,
            "a token for tables and one for blobs, kept: {queries:?}"
        );
        for asked in queries {
            assert!(
                asked.contains("resource=https%3A%2F%2Fstorage.azure.com"),
                "{asked}"
            );
            assert_eq!(asked.contains("client_id"), query.is_some(), "{asked}");
            assert!(query.is_none_or(|query| asked.contains(query)), "{asked}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rx4_a_fault_of_the_identity_service_passes_by_itself() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 1, 2));
    let identity = Identity::start(&[503, 429, 500, 404, 504]).await;
    let site = Site::start(&services, &identity).await;
    let running = site.daemon.start();
    let store = site.store();
    until("the position", async || {
        let state = store.sync_state().await.unwrap();
        state.is_some_and(|(state, _)| state.sequence == last)
    })
    .await;
    assert_eq!(running.terminate().await, Some(0));
    assert_eq!(all(&store).await, [], "nothing is recorded as failed");
    let log = site.daemon.log();
    // The store, the lease and the report ask for tokens side by side.
    let waits = ["start_delayed", "lease_unavailable"];
    let waits = waits
        .iter()
        .any(|event| !site.daemon.events(event).is_empty());
    assert!(waits, "{log}");
    assert!(log.contains("the identity service answered"), "{log}");
    assert_eq!(
        identity.queries().len(),
        5 + 2,
        "each fault was met, then two tokens"
    );
    assert!(log.contains(Code::IdentityUnavailable.cure()), "{log}");
    assert!(!log.contains("canary"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_is_refused_is_told_with_its_cure() {
    let services = Services::start().await;
    for status in [400, 401, 403] {
        let identity = Identity::start(&[status; 9]).await;
        let site = Site::start(&services, &identity).await;
        let checked = checked(&site.daemon).await;
        assert_eq!(checked.code, Some(1));
        assert!(
            checked
                .stdout
                .contains("store     FAILED  identity.refused"),
            "{checked:?}"
        );
        assert!(
            checked.stdout.contains(Code::IdentityRefused.cure()),
            "{checked:?}"
        );
        assert!(!format!("{checked:?}").contains("canary"), "{checked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_identity_service_it_is_told_that_there_is_none() {
    let services = Services::start().await;
    let identity = Identity::start(&[]).await;
    let site = Site::start(&services, &identity).await;
    let elsewhere = site
        .daemon
        .with("IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi/token");
    let checked = checked(&elsewhere).await;
    assert_eq!(checked.code, Some(1));
    assert!(
        checked
            .stdout
            .contains("store     FAILED  identity.unavailable"),
        "{checked:?}"
    );
    assert!(
        checked.stdout.contains("use a connection string"),
        "{checked:?}"
    );
}
