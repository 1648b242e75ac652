//! One replica: an engine that is started again whenever it dies or ends.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use radcast::settings::{ApiVersion, Escalation, OnOutage, Policies, Retry, Worker};
use radcast_dicomweb::{FeedClient, SequenceWindows, TimeWindows};
use radcast_engine::failure::Failure;
use radcast_engine::store::{Lease, SyncState};
use radcast_engine::{Engine, Status, Unobserved, known_feed, lead};
use radcast_fhir::client::FhirClient;
use radcast_fhir::target::FhirTarget;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::feed::ModelFeed;
use super::fhir::ModelFhir;
use super::lease::ModelLease;
use super::store::ModelStore;
use super::world::World;
use crate::cast_world::rules;

/// Runs until stopped; the error that ended the last life in spite of that.
pub async fn run(world: World, replica: usize, stop: CancellationToken) -> Result<(), Failure> {
    let mut deaths = world.deaths[replica].subscribe();
    for life in 0.. {
        let mut living = tokio::spawn(live(world.clone(), replica, life, stop.child_token()));
        deaths.mark_unchanged();
        let ended = tokio::select! {
            biased;
            _ = deaths.changed() => {
                living.abort();
                let _ = (&mut living).await;
                Ok(())
            }
            ended = &mut living => match ended {
                Ok(ended) => ended,
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            },
        };
        if stop.is_cancelled() {
            return ended;
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    Ok(())
}

async fn live(
    world: World,
    replica: usize,
    life: u64,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let lease = world.lock().plan.lease.then(|| {
        let world = world.clone();
        let lease = ModelLease {
            world,
            replica,
            life,
        };
        Arc::new(lease) as Arc<dyn Lease>
    });
    let (status, _) = watch::channel(Status::default());
    let work = |stop| follow(world.clone(), replica, status.clone(), stop);
    lead(lease, &status, &stop, work).await
}

async fn follow(
    world: World,
    replica: usize,
    status: watch::Sender<Status>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let plan = world.lock().plan.clone();
    let version = if plan.v2 {
        ApiVersion::V2
    } else {
        ApiVersion::V1
    };
    let exchange = ModelFeed {
        world: world.clone(),
        replica,
    };
    let address = "http://dicom.example".parse().unwrap();
    let client = FeedClient::over(Arc::new(exchange), &address, version);
    let settle = Duration::from_secs(30);
    let engine = engine(&world, replica, client.clone());
    if plan.v2 {
        let open = |from: SyncState| {
            TimeWindows::new(client, plan.page, from.sequence, from.timestamp, settle)
                .known_by(known_feed(&from))
                .pages_at_once(plan.pages_at_once)
        };
        engine.run(open, status, stop).await
    } else {
        let open = |from: SyncState| {
            SequenceWindows::new(client, plan.page, from.sequence, settle)
                .known_by(known_feed(&from))
                .pages_at_once(plan.pages_at_once)
        };
        engine.run(open, status, stop).await
    }
}

fn engine(world: &World, replica: usize, feed: FeedClient) -> Engine<FhirTarget> {
    let plan = world.lock().plan.clone();
    let exchange = ModelFhir {
        world: world.clone(),
        replica,
    };
    let address = "http://fhir.example".parse().unwrap();
    let clock = world.clone();
    Engine {
        target: Arc::new(
            FhirTarget::new(FhirClient::over(Arc::new(exchange), &address), rules())
                .reading(Arc::new(feed.clone())),
        ),
        store: Arc::new(ModelStore {
            world: world.clone(),
            replica,
        }),
        archive: None,
        present: Arc::new(feed),
        worker: Worker {
            poll_interval: Duration::from_secs(30),
            poll_interval_during_catchup: Duration::ZERO,
            max_concurrency: plan.concurrency,
            slow_after: Duration::from_secs(5),
            pages_ahead: 2,
            gather_time: Duration::from_secs(1),
            shutdown_grace_period: Duration::from_secs(25),
        },
        retry: Arc::new(Retry {
            total_duration: Duration::from_secs(600),
            max_attempts: NonZeroU32::new(plan.max_attempts),
            max_attempts_when_healthy: plan.max_attempts_when_healthy,
            order: plan.order,
            max_retry_after: Duration::from_secs(300),
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(30),
            on_outage: OnOutage::Pause,
            signal_interval: Duration::from_secs(30),
            policies: Policies::default(),
        }),
        escalation: Escalation {
            count: NonZeroUsize::new(20).unwrap(),
            window: Duration::from_secs(600),
            pause: false,
        },
        clock: Arc::new(move || clock.now()),
        observer: Arc::new(Unobserved),
        most_waiting: 20,
    }
}
