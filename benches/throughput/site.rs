//! The services that the daemon stands between, and a folder for it.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use radcast_engine::store::{RecordFilter, SqliteStore, Store};
use radcast_sandbox::{FhirStore, Server};
use serde_json::Value;
use tempfile::TempDir;

use super::feed::Feed;
use super::header::Headers;
use super::hfs::{self, Hfs};
use super::scenario::Target;
use super::service::Service;
use super::wire::Wire;

/// A DICOMweb service and a FHIR server, the one empty and the other full.
pub(crate) struct Site {
    pub(crate) service: Service,
    pub(crate) wire: Wire,
    fhir: Fhir,
    front: Server,
    folder: TempDir,
}

/// What is behind the wire.
enum Fhir {
    Sandbox(FhirStore),
    Hfs(Hfs),
}

/// Passes requests on.
#[derive(Clone)]
struct Passage {
    http: reqwest::Client,
    target: String,
}

impl Site {
    /// Starts the services. What is written is kept if `keeps`.
    pub(crate) async fn start(
        target: Target,
        (feed, headers): (&Arc<Feed>, &Arc<Headers>),
        feed_latency: Duration,
        keeps: bool,
    ) -> Result<Self, Box<dyn Error>> {
        // On the disk of the build: a folder for temporary files may be in memory, and too small.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let (latency, fhir, router) = match target {
            Target::Sandbox(latency) => {
                let store = FhirStore::open(None)?;
                let router = store.router();
                (latency, Fhir::Sandbox(store), router)
            }
            Target::Hfs => {
                let installation = hfs::installation().ok_or("RADCAST_TEST_HFS is not set")?;
                let hfs = Hfs::start(&installation).await?;
                let passage = Passage {
                    http: http_client()?,
                    target: hfs.address.clone(),
                };
                let router = Router::new().fallback(forward).with_state(passage);
                (Duration::ZERO, Fhir::Hfs(hfs), router)
            }
        };
        let wire = Wire::new(latency, keeps);
        let router = router.layer(from_fn_with_state(wire.clone(), Wire::pass));
        Ok(Self {
            service: Service::start(feed.clone(), headers.clone(), feed_latency).await?,
            wire,
            fhir,
            front: Server::start(router, 0).await?,
            folder,
        })
    }

    pub(crate) fn fhir_address(&self) -> String {
        match self.fhir {
            Fhir::Sandbox(_) => format!("{}/fhir", self.front.base_url()),
            Fhir::Hfs(_) => self.front.base_url(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Fails unless every entry has arrived: a daemon that loses some measures nothing.
    pub(crate) async fn check_arrived(&self, feed: &Feed) -> Result<(), Box<dyn Error>> {
        let store = SqliteStore::open(&self.folder().join("radcast.db"))?;
        let all = RecordFilter::default();
        let recorded = store.records(&all, None, usize::MAX).await?.len() as u64;
        let expected = (feed.instances(), feed.refused());
        let instances = match &self.fhir {
            Fhir::Sandbox(fhir) => instances(&fhir.resources("ImagingStudy")?),
            Fhir::Hfs(hfs) => instances(&hfs.all("ImagingStudy").await?),
        };
        arrived((instances, recorded), expected)
    }
}

fn instances(studies: &[Value]) -> u64 {
    let numbers = studies
        .iter()
        .map(|study| study.get("numberOfInstances")?.as_u64());
    numbers.flatten().sum()
}

fn arrived(there: (u64, u64), expected: (u64, u64)) -> Result<(), Box<dyn Error>> {
    if there == expected {
        return Ok(());
    }
    let (instances, recorded) = there;
    let message = format!("{instances} instances and {recorded} failed entries have arrived");
    Err(format!("{message}, not {} and {}", expected.0, expected.1).into())
}

async fn forward(State(passage): State<Passage>, request: Request) -> Response {
    passage.forward(request).await.unwrap_or_else(|error| {
        eprintln!("  helios-hfs does not answer: {error}");
        StatusCode::BAD_GATEWAY.into_response()
    })
}

impl Passage {
    async fn forward(&self, request: Request) -> Result<Response, Box<dyn Error + Send + Sync>> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = parts.headers;
        headers.remove("host");
        let answer = self
            .http
            .request(parts.method, format!("{}{path}", self.target))
            .headers(headers)
            .body(to_bytes(body, usize::MAX).await?)
            .send()
            .await?;
        let mut response = Response::builder().status(answer.status());
        for name in [
            "content-type",
            "content-encoding",
            "etag",
            "location",
            "retry-after",
        ] {
            if let Some(value) = answer.headers().get(name) {
                response = response.header(name, value);
            }
        }
        Ok(response.body(Body::from(answer.bytes().await?))?)
    }
}

/// A client that takes what comes: what is compressed stays compressed.
pub(crate) fn http_client() -> reqwest::Result<reqwest::Client> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(100));
    client.no_gzip().build()
}
