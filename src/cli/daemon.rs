//! The daemon: the engine, and whoever watches it.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::info;

use super::notifying::{self, Notifying};
use super::replica::replica;
use super::reporting::Reporting;
use super::watching::{Shown, Watching};
use super::{assembly, storage};
use crate::notify::Notifier;
use crate::ops::Server;
use crate::settings::Settings;
use crate::telemetry::Telemetry;
use radcast_engine::failure::Failure;
use radcast_engine::store::Lease;
use radcast_engine::{Observer, Observers, Status, lead, system_clock};

/// The daemon that `radcast run` is, for a program of your own that adds a [`Notifier`] to it.
///
/// It writes to the log by `tracing`; [`telemetry::init`](crate::telemetry::init) sets that up as
/// `radcast run` does.
pub struct Daemon {
    settings: Settings,
    notifiers: Vec<Box<dyn Notifier>>,
    shown: Shown,
}

impl Daemon {
    /// The daemon of these settings, with the notifiers that they name and the log.
    #[must_use]
    pub fn from_settings(settings: Settings) -> Self {
        let notifiers = notifying::notifiers(&settings.notify);
        Self {
            settings,
            notifiers,
            shown: Shown::default(),
        }
    }

    /// With one notifier more.
    #[must_use]
    pub fn notifier(mut self, notifier: Box<dyn Notifier>) -> Self {
        self.notifiers.push(notifier);
        self
    }

    /// With its metrics counted here, and shown on this server.
    #[must_use]
    pub(super) fn shown_by(mut self, telemetry: &Telemetry, server: Option<Server>) -> Self {
        self.shown = Shown {
            metrics: telemetry.metrics.clone(),
            prometheus: telemetry.prometheus.clone(),
            server,
        };
        self
    }

    /// Follows the feed until `stop` is ready; then what is under way is finished, and who is to
    /// be told is told, within `DicomCastWorker:ShutdownGracePeriod`.
    ///
    /// # Errors
    /// What is configured cannot be opened, or the engine ended by itself.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) -> Result<(), Failure> {
        let Self {
            settings,
            notifiers,
            shown,
        } = self;
        let lease = storage::open_lease(&settings)?.map(|lease| Arc::new(lease) as Arc<dyn Lease>);
        let (status, watched) = watch::channel(Status {
            leader: lease.is_none(),
            ..Status::default()
        });
        let notifying = Arc::new(Notifying::start(&settings, notifiers));
        let store = storage::own_store(&settings)?;
        let dropping = Arc::clone(&notifying);
        shown.metrics.show_dropped(move || dropping.dropped());
        let feed = assembly::feed_client(&settings)?;
        let watching = Watching::start(&settings, &store, shown, feed.clone(), watched.clone());
        let observers: Vec<Arc<dyn Observer>> = vec![
            Arc::clone(&notifying) as _,
            Arc::clone(&watching.observer) as _,
        ];
        let stopping = CancellationToken::new();
        let observers = Arc::new(Observers(observers));
        let following = async {
            let status = status;
            let work = |stop| {
                let (store, observers) = (Arc::clone(&store), Arc::clone(&observers) as _);
                let (feed, status) = (feed.clone(), status.clone());
                assembly::follow(&settings, feed, store, observers, status, stop)
            };
            lead(lease, &status, &stopping, work).await
        };
        let following = watching.heartbeat.accompany(following);
        let reporting = Reporting {
            store: Arc::clone(&store),
            replica: replica(),
            clock: system_clock(),
        };
        let reporting = AbortOnDropHandle::new(tokio::spawn(reporting.follow(watched.clone())));
        let following = async { tokio::join!(following, notifying.watch(watched)).0 };
        tokio::pin!(following);
        let ended = tokio::select! {
            ended = &mut following => ended,
            () = stop => {
                info!(event = "stopping", "stopping; studies under way are finished first");
                stopping.cancel();
                following.await
            }
        };
        let tenth = settings.worker.shutdown_grace_period / 10;
        let last_words = timeout(tenth, reporting);
        let _ = tokio::join!(notifying.close(tenth), last_words);
        ended
    }
}
