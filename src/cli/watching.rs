//! What runs beside the engine: the HTTP server, and those who watch the status.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::ops::failures::{ApiKey, failures_api};
use crate::ops::{Facts, Heartbeat, MetricsObserver, Server, Watched, router};
use crate::settings::{Ops, Settings};
use crate::telemetry::{Metrics, Prometheus};
use radcast_dicomweb::FeedClient;
use radcast_engine::store::Store;
use radcast_engine::{Status, system_clock};

/// Where the daemon is shown from outside.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) metrics: Metrics,
    pub(super) prometheus: Prometheus,
    pub(super) server: Option<Server>,
}

/// What runs beside the engine. Dropping it ends it.
pub(super) struct Watching {
    /// To be told by the engine what becomes of the entries.
    pub(super) observer: Arc<MetricsObserver>,
    /// To accompany the engine.
    pub(super) heartbeat: Heartbeat,
    /// The tasks, which end with this.
    _tasks: Vec<AbortOnDropHandle<()>>,
}

impl Watching {
    /// Starts to watch an engine that shows this status, and to answer where it is `shown`.
    pub(super) fn start(
        settings: &Settings,
        store: &Arc<dyn Store>,
        shown: Shown,
        feed: FeedClient,
        status: watch::Receiver<Status>,
    ) -> Self {
        let Shown {
            metrics,
            prometheus,
            server,
        } = shown;
        let watched = Arc::new(Watched::new(status, system_clock()));
        let observer = Arc::new(MetricsObserver::new(metrics.clone()));
        let heartbeat = Heartbeat::default();
        let gauges = Arc::clone(&watched);
        metrics.show(move || gauges.gauges());
        let mut tasks = vec![
            spawn(follow(Arc::clone(&watched), metrics.clone())),
            spawn(look_out(
                Arc::clone(&watched),
                settings.worker.poll_interval,
                feed,
            )),
        ];
        if let Some(server) = server {
            let facts = Facts {
                watched,
                observer: Arc::clone(&observer),
                heartbeat: heartbeat.clone(),
                prometheus,
                validation: settings.cast.validation,
            };
            let dispositions = settings.retry.policies.dispositions();
            let (key, limit) = (api_key(&settings.ops), settings.ops.request_timeout);
            let failures = failures_api(Arc::clone(store), key, dispositions, limit);
            let router = router(facts).merge(failures);
            tasks.push(spawn(server.serve(
                router,
                limit,
                settings.ops.max_connections,
            )));
        }
        Self {
            observer,
            heartbeat,
            _tasks: tasks,
        }
    }
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(task))
}

fn api_key(ops: &Ops) -> Option<ApiKey> {
    ops.api_key
        .as_ref()
        .and_then(|key| ApiKey::new(key.expose()))
}

async fn follow(watched: Arc<Watched>, metrics: Metrics) {
    watched.follow(&metrics).await;
}

async fn look_out(watched: Arc<Watched>, every: Duration, client: FeedClient) {
    // Whether it fails is for the engine to say, which reads the same feed.
    let newest = || async { Some(client.latest().await.ok()?.sequence) };
    watched.look_out(every, newest).await;
}

/// Takes the port that the settings name; `None` when they name none. The error is a sentence.
pub(super) async fn listen(ops: &Ops) -> Result<Option<Server>, String> {
    let Some(address) = ops.listen else {
        return Ok(None);
    };
    let server = Server::bind(address).await;
    server.map(Some).map_err(|error| {
        format!(
            "Ops:Listen = \"{address}\": cannot be listened on ({error}); free the port, give \
             another one (e.g. Ops__Listen=0.0.0.0:8080), or leave the setting empty"
        )
    })
}
