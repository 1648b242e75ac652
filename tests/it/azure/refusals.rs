//! What a table service may answer instead of rows, and what follows: never a position of nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use radcast::settings::{BlobStore, Credentials, Lease, Secret, StorageAccount, TableStore};
use radcast_azure::{AzureStore, BlobLease};
use radcast_engine::failure::{Class, Code};
use radcast_engine::store::{RecordFilter, Store, SyncState};
use radcast_sandbox::Server;

use super::failed;
use crate::support::wire::Wire;

/// A service that gives everybody the same answer.
struct Service {
    server: Server,
    requests: Arc<AtomicUsize>,
}

type Answer = (u16, &'static [(&'static str, &'static str)], &'static str);

impl Service {
    async fn answering((status, headers, body): Answer) -> Self {
        let requests = Arc::new(AtomicUsize::default());
        let counted = Arc::clone(&requests);
        let answer = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut answer = (StatusCode::from_u16(status).unwrap(), body).into_response();
            for (name, value) in headers {
                answer.headers_mut().insert(*name, value.parse().unwrap());
            }
            std::future::ready(answer)
        };
        let router = Router::new().fallback(answer);
        Self {
            server: Server::start(router, 0).await.unwrap(),
            requests,
        }
    }

    fn account(&self) -> StorageAccount {
        StorageAccount {
            endpoint: self.server.base_url().parse().unwrap(),
            credentials: Credentials::Signature(Secret::new("ss=bt&sig=canary".to_owned())),
        }
    }

    fn store(&self) -> AzureStore {
        open(self.account(), Duration::from_secs(30))
    }
}

fn open(account: StorageAccount, timeout: Duration) -> AzureStore {
    AzureStore::open(&TableStore {
        account,
        table_name_prefix: String::new(),
        timeout,
    })
    .unwrap()
}

const MS: (&str, &str) = ("x-ms-version", "2022-11-02");

/// Answers, and the code that each is.
const ANSWERS: &[(Answer, Code)] = &[
    ((301, &[], ""), Code::StoreWrongAddress),
    ((400, &[MS], ""), Code::StoreRejected),
    (
        (
            400,
            &[],
            r#"{"odata.error":{"code":"InvalidAuthenticationInfo"}}"#,
        ),
        Code::StoreUnauthorized,
    ),
    ((401, &[], ""), Code::StoreUnauthorized),
    ((403, &[], ""), Code::StoreForbidden),
    (
        (403, &[("x-ms-error-code", "AuthenticationFailed")], ""),
        Code::StoreUnauthorized,
    ),
    (
        (
            403,
            &[],
            r#"{"odata.error":{"code":"AuthenticationFailed"}}"#,
        ),
        Code::StoreUnauthorized,
    ),
    (
        (
            403,
            &[],
            "<?xml?><Error><Code>AuthenticationFailed</Code></Error>",
        ),
        Code::StoreUnauthorized,
    ),
    (
        (
            403,
            &[("x-ms-error-code", "AuthorizationPermissionMismatch")],
            "",
        ),
        Code::StoreForbidden,
    ),
    ((404, &[], ""), Code::StoreWrongAddress),
    (
        (404, &[MS], "<html>Not found</html>"),
        Code::StoreWrongAddress,
    ),
    (
        (404, &[("x-ms-error-code", "ResourceMoved")], ""),
        Code::StoreWrongAddress,
    ),
    ((405, &[], ""), Code::StoreWrongAddress),
    ((408, &[], ""), Code::StoreTimeout),
    (
        (409, &[("x-ms-error-code", "TableBeingDeleted")], ""),
        Code::StoreTooBusy,
    ),
    ((413, &[], ""), Code::StoreRejected),
    ((429, &[], ""), Code::StoreTooBusy),
    ((500, &[], ""), Code::StoreUnavailable),
    (
        (500, &[("x-ms-error-code", "OperationTimedOut")], ""),
        Code::StoreTimeout,
    ),
    ((501, &[], ""), Code::StoreWrongAddress),
    ((502, &[], ""), Code::StoreUnavailable),
    (
        (503, &[("x-ms-error-code", "ServerBusy")], ""),
        Code::StoreTooBusy,
    ),
    ((504, &[], ""), Code::StoreTimeout),
    (
        (200, &[], "<html>Sign in</html>"),
        Code::StoreInvalidResponse,
    ),
    (
        (200, &[MS], "<html>Sign in</html>"),
        Code::StoreInvalidResponse,
    ),
    ((200, &[MS], ""), Code::StoreInvalidResponse),
    (
        (200, &[MS, ("etag", "W/\"1\"")], r#"{"odata.metadata":"x"}"#),
        Code::StoreInvalidResponse,
    ),
    (
        (
            200,
            &[MS, ("etag", "W/\"1\"")],
            r#"{"odata.metadata":"x","SyncedSequence":"many"}"#,
        ),
        Code::StoreInvalidResponse,
    ),
    ((204, &[MS], ""), Code::StoreInvalidResponse),
];

#[tokio::test]
async fn w1_no_answer_but_that_there_is_none_is_a_position_of_nothing() {
    for (answer, code) in ANSWERS {
        let service = Service::answering(*answer).await;
        let failure = service.store().sync_state().await.unwrap_err();
        assert_eq!(failure.code, *code, "{answer:?}: {failure}");
        let shown = format!("{failure:?}");
        assert!(
            !shown.contains("canary") && !shown.contains("html"),
            "{shown}"
        );
        assert_eq!(
            service.requests.load(Ordering::SeqCst),
            1,
            "nothing is tried again here"
        );
    }
}

#[tokio::test]
async fn w1_only_a_missing_row_or_table_means_that_there_is_none() {
    for code in ["ResourceNotFound", "TableNotFound"] {
        let code: &'static str = code;
        let headers: &'static [_] = Box::leak(Box::new([("x-ms-error-code", code)]));
        let service = Service::answering((404, headers, "")).await;
        assert_eq!(service.store().sync_state().await.unwrap(), None);
    }
}

#[tokio::test]
async fn w1_no_answer_at_all_is_no_position_of_nothing() {
    let nobody = StorageAccount {
        endpoint: "http://127.0.0.1:1".parse().unwrap(),
        credentials: Credentials::Signature(Secret::new("ss=bt&sig=canary".to_owned())),
    };
    let unreachable = open(nobody, Duration::from_secs(30)).sync_state().await;
    let unreachable = unreachable.unwrap_err();
    assert_eq!(unreachable.code, Code::StoreUnavailable);
    assert!(
        !format!("{unreachable:?}").contains("canary"),
        "{unreachable:?}"
    );
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let account = StorageAccount {
        endpoint: format!("http://{}", silent.local_addr().unwrap())
            .parse()
            .unwrap(),
        credentials: Credentials::Signature(Secret::new("sig=canary".to_owned())),
    };
    let late = open(account, Duration::from_millis(20)).sync_state().await;
    assert_eq!(late.unwrap_err().code, Code::StoreTimeout);
}

#[tokio::test]
async fn a_request_without_an_answer_is_sent_once() {
    let wire = Wire::to(1).await;
    let account = StorageAccount {
        endpoint: format!("http://127.0.0.1:{}", wire.port()).parse().unwrap(),
        credentials: Credentials::Signature(Secret::new("ss=bt&sig=canary".to_owned())),
    };
    let store = open(account, Duration::from_secs(30));
    let failure = store.sync_state().await.unwrap_err();
    assert_eq!(failure.code, Code::StoreUnavailable);
    assert_eq!(wire.connections(), 1);
}

#[tokio::test]
async fn every_method_fails_with_what_is_answered() {
    for (answer, class) in [
        ((503, &[][..], ""), Class::Transient),
        ((403, &[][..], ""), Class::Setup),
        ((200, &[][..], "<html>Sign in</html>"), Class::Transient),
    ] {
        let service = Service::answering(answer).await;
        let store = service.store();
        let entry = failed(7, Code::FhirRejected, 1);
        let key = entry.key();
        let state = SyncState::default();
        let failures = [
            store.sync_state().await.map(drop),
            store.save_sync_state(state, None).await.map(drop),
            store.record(vec![entry.clone()]).await,
            store
                .record(vec![entry.clone(), failed(8, Code::FhirRejected, 1)])
                .await,
            store.show_retrying(&entry).await,
            store
                .records(&RecordFilter::default(), None, 1)
                .await
                .map(drop),
            store.get(&key).await.map(drop),
            store.request_retry(&key).await.map(drop),
            store.supersede(&key).await,
            store.remove(&key).await.map(drop),
            store.reports().await.map(drop),
            store.check().await,
        ];
        for (at, failure) in failures.into_iter().enumerate() {
            assert_eq!(failure.unwrap_err().class(), class, "{answer:?} {at}");
        }
    }
}

#[tokio::test]
async fn rx5_a_service_that_puts_us_off_is_heard() {
    let service = Service::answering((503, &[("retry-after", "7")], "")).await;
    let failure = service.store().sync_state().await.unwrap_err();
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_write_behind_a_proxy_that_takes_headers_away_is_acknowledged() {
    let headers = &[("etag", "W/\"1\""), ("x-ms-request-id", "not a guid")];
    let service = Service::answering((204, headers, "")).await;
    let saved = service
        .store()
        .save_sync_state(SyncState::default(), None)
        .await;
    assert_eq!(saved.unwrap().0, "W/\"1\"");
    let key = failed(7, Code::FhirRejected, 1).key();
    assert!(service.store().remove(&key).await.unwrap());
}

#[tokio::test]
async fn a_blob_service_fails_in_its_own_words() {
    use radcast_engine::store::Lease as _;

    for (status, code) in [
        (401, Code::BlobUnauthorized),
        (403, Code::BlobForbidden),
        (404, Code::BlobWrongAddress),
        (500, Code::BlobUnavailable),
        (503, Code::BlobUnavailable),
    ] {
        let service = Service::answering((status, &[], "")).await;
        let blobs = BlobStore {
            account: service.account(),
            container: "radcast".to_owned(),
            prefix: String::new(),
            timeout: Duration::from_secs(30),
        };
        let settings = Lease {
            duration: Duration::from_secs(15),
            blob_name: "lease".to_owned(),
        };
        let lease = BlobLease::open(&blobs, &settings).unwrap();
        assert_eq!(lease.acquire().await.unwrap_err().code, code, "{status}");
        assert_eq!(lease.renew().await.unwrap_err().code, code, "{status}");
        assert_eq!(lease.release().await.unwrap_err().code, code, "{status}");
        assert_eq!(lease.is_held().await.unwrap_err().code, code, "{status}");
    }
}
