//! Whatever goes wrong, no key, signature or token is in what radcast says.

use axum::Router;
use axum::http::StatusCode;
use radcast_sandbox::Server;

use crate::support::azurite::{Azurite, unique};
use crate::support::bearer::{Identity, SECRET, TOKEN};
use crate::support::daemon::{Daemon, until};
use crate::support::services::Services;
use crate::support::wire::Wire;

use super::daemon::checked;

/// `canary` over and over, in base64.
const KEY: &str = "Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5";

async fn assert_discreet(daemon: Daemon, code: &str, more: &[&str]) {
    // Without a lease the tables are what is asked first.
    let daemon = daemon.with("Lease__Enabled", "false");
    let daemon = daemon.with("RUST_LOG", "trace").with("RUST_BACKTRACE", "1");
    let checked = checked(&daemon).await;
    assert_eq!(checked.code, Some(1));
    assert!(checked.stdout.contains(code), "{code} in {checked:?}");
    let running = daemon.start();
    until("the trouble in the log", async || {
        daemon.log().matches(code).count() > 1
    })
    .await;
    running.kill();
    let said = format!("{}{}{}", checked.stdout, checked.stderr, daemon.log());
    for secret in ["canary", "Y2FuYXJ5", KEY, TOKEN, SECRET]
        .iter()
        .chain(more)
    {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_or_leads_nowhere_is_not_told() {
    let services = Services::start().await;
    let azurite = Azurite::shared().await;
    let (tables, blobs) = (azurite.table_port, azurite.blob_port);
    let own = azurite.connection_string(tables, blobs);
    let wrong = own.replace(azurite.key(), KEY);
    let nowhere = azurite.connection_string(1, 1).replace(azurite.key(), KEY);
    for (connection, code) in [
        // Azure Storage calls it AuthenticationFailed.
        (wrong, "store.forbidden"),
        (nowhere, "store.unavailable"),
    ] {
        let daemon = Daemon::of(&services).with("TableStore__ConnectionString", &connection);
        assert_discreet(daemon, code, &[]).await;
    }
    let wire = Wire::to(tables).await;
    wire.cut();
    let cut = azurite.connection_string(wire.port(), blobs);
    let daemon = Daemon::of(&services)
        .with("TableStore__ConnectionString", &cut)
        .with("TableStore__TableNamePrefix", &unique());
    assert_discreet(daemon, "store.unavailable", &[azurite.key()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_is_refused_is_not_told() {
    let services = Services::start().await;
    let azurite = Azurite::shared().await;
    let base = azurite.table_address(azurite.table_port);
    let address = format!("{base}?sv=2018-11-09&ss=bt&srt=sco&sp=r&se=2100-01-01&sig=canary");
    let daemon = Daemon::of(&services).with("TableStore__EndpointUri", &address);
    assert_discreet(daemon, "store.", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_is_not_told() {
    let services = Services::start().await;
    for (status, code) in [
        (StatusCode::UNAUTHORIZED, "store.unauthorized"),
        (StatusCode::FORBIDDEN, "store.forbidden"),
    ] {
        let router = Router::new().fallback(move || std::future::ready(status));
        let tables = Server::start(router, 0).await.unwrap();
        let identity = Identity::start(&[]).await;
        let mut daemon = Daemon::of(&services).with("TableStore__EndpointUri", &tables.base_url());
        for (name, value) in identity.environment() {
            daemon = daemon.with(name, &value);
        }
        assert_discreet(daemon, code, &[]).await;
        assert!(!identity.queries().is_empty());
    }
}
