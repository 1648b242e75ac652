//! Tables and blobs that answer without an end: so much is read and no more, whatever was asked.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use futures_util::stream;
use radcast::settings::{BlobStore, Credentials, Lease, Secret, StorageAccount, TableStore};
use radcast_azure::{AzureStore, BlobArchive, BlobLease, read_position};
use radcast_engine::failure::{Code, Failure, Redacted};
use radcast_engine::store::{Archive, ETag, Lease as _, RecordFilter, Store, SyncState};
use radcast_sandbox::Server;

use super::failed;

/// What is under way beyond what was read: in the sockets and in the server.
const UNDER_WAY: usize = 16 << 20;

const TIMEOUT: Duration = Duration::from_secs(60);

struct Service {
    server: Server,
    asked: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
}

impl Service {
    async fn answering(status: u16) -> Self {
        let [asked, sent] = [(); 2].map(|()| Arc::new(AtomicUsize::default()));
        let (asking, counted) = (Arc::clone(&asked), Arc::clone(&sent));
        let answer = move || {
            asking.fetch_add(1, Ordering::SeqCst);
            let counted = Arc::clone(&counted);
            let piece = Bytes::from(vec![b' '; 1 << 16]);
            let body = Body::from_stream(stream::repeat_with(move || {
                counted.fetch_add(piece.len(), Ordering::SeqCst);
                Ok::<_, Infallible>(piece.clone())
            }));
            let status = StatusCode::from_u16(status).unwrap();
            std::future::ready((status, [("x-ms-version", "x"), ("etag", "1")], body))
        };
        let router = Router::new().fallback(answer);
        Self {
            server: Server::start(router, 0).await.unwrap(),
            asked,
            sent,
        }
    }

    fn account(&self) -> StorageAccount {
        StorageAccount {
            endpoint: self.server.base_url().parse().unwrap(),
            credentials: Credentials::Signature(Secret::new("ss=bt&sig=canary".to_owned())),
        }
    }

    fn tables(&self) -> AzureStore {
        let tables = TableStore {
            account: self.account(),
            table_name_prefix: String::new(),
            timeout: TIMEOUT,
        };
        AzureStore::open(&tables).unwrap()
    }

    fn blobs(&self) -> BlobStore {
        BlobStore {
            account: self.account(),
            container: "radcast".to_owned(),
            prefix: String::new(),
            timeout: TIMEOUT,
        }
    }

    /// Fails when much more was sent since the last time than may be held of each answer.
    fn check(&self, most: usize, call: usize) {
        let sent = self.sent.swap(0, Ordering::SeqCst);
        let asked = self.asked.swap(0, Ordering::SeqCst);
        assert!(
            asked > 0 && sent <= asked * (most + UNDER_WAY),
            "{call}: {sent}"
        );
    }
}

type Asked<'a> = Vec<BoxFuture<'a, Result<(), Failure>>>;

fn asked_of_tables(store: &AzureStore) -> Asked<'_> {
    let entry = failed(7, Code::FhirRejected, 1);
    let key = entry.key();
    let others = vec![entry.clone(), failed(8, Code::FhirRejected, 1)];
    let (get, retry, supersede, remove) = (key.clone(), key.clone(), key.clone(), key);
    let known = ETag("1".to_owned());
    vec![
        Box::pin(async { store.sync_state().await.map(drop) }),
        Box::pin(async {
            store
                .save_sync_state(SyncState::default(), None)
                .await
                .map(drop)
        }),
        Box::pin(async move {
            let saved = store.save_sync_state(SyncState::default(), Some(&known));
            saved.await.map(drop)
        }),
        Box::pin(store.record(others)),
        Box::pin(async move { store.show_retrying(&entry).await }),
        Box::pin(async {
            let all = RecordFilter::default();
            store.records(&all, None, 1).await.map(drop)
        }),
        Box::pin(async move { store.get(&get).await.map(drop) }),
        Box::pin(async move { store.request_retry(&retry).await.map(drop) }),
        Box::pin(async move { store.supersede(&supersede).await }),
        Box::pin(async move { store.remove(&remove).await.map(drop) }),
        Box::pin(async { store.reports().await.map(drop) }),
        Box::pin(store.check()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_tables_without_an_end_is_refused_whatever_was_asked() {
    for (status, code, most) in [
        (200, Code::StoreInvalidResponse, 16 << 20),
        (503, Code::StoreTooBusy, 256 << 10),
    ] {
        let service = Service::answering(status).await;
        let store = service.tables();
        for (asked, answered) in asked_of_tables(&store).into_iter().enumerate() {
            let failure = answered.await.unwrap_err();
            assert_eq!(failure.code, code, "{asked}: {failure}");
            let told = failure.message.contains("larger than 16777216 bytes");
            assert_eq!(told, status == 200, "{asked}: {failure}");
            service.check(most, asked);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_blobs_without_an_end_is_refused_whatever_was_asked() {
    for status in [200, 503] {
        let service = Service::answering(status).await;
        let blobs = service.blobs();
        let settings = Lease {
            duration: Duration::from_secs(15),
            blob_name: "lease".to_owned(),
        };
        let lease = BlobLease::open(&blobs, &settings).unwrap();
        let archive = BlobArchive::open(&blobs).unwrap();
        let entry = Redacted::new("{}");
        let subject = failed(7, Code::FhirRejected, 1).subject;
        let asked: Asked<'_> = vec![
            Box::pin(async { lease.acquire().await.map(drop) }),
            Box::pin(async { lease.renew().await.map(drop) }),
            Box::pin(lease.release()),
            Box::pin(async { lease.is_held().await.map(drop) }),
            Box::pin(async { archive.keep(&subject, Some(&entry), None).await.map(drop) }),
            Box::pin(archive.check()),
            Box::pin(async { read_position(&blobs, "SyncState.json").await.map(drop) }),
        ];
        for (asked, answered) in asked.into_iter().enumerate() {
            let failure = answered.await.unwrap_err();
            assert_eq!(failure.code, Code::BlobUnavailable, "{asked}: {failure}");
            let told = failure.message.contains("larger than 262144 bytes");
            assert_eq!(told, status == 200, "{asked}: {failure}");
            service.check(256 << 10, asked);
        }
    }
}
