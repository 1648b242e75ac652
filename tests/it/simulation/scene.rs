//! The engine in a world, and the lives it has there.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use radcast::settings::{Escalation, OnOutage, Order, Policies, Retry, Worker};
use radcast_engine::failure::Failure;
use radcast_engine::store::SyncState;
use radcast_engine::{Engine, State, Status, Unobserved};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::model::{ModelFeed, ModelPresent, ModelStore, ModelTarget, World, WorldState};

pub fn retry() -> Retry {
    Retry {
        total_duration: Duration::from_secs(14_400),
        max_attempts: NonZeroU32::new(300),
        max_attempts_when_healthy: NonZeroU32::new(300).unwrap(),
        order: Order::Strict,
        max_retry_after: Duration::from_secs(3_600),
        initial_delay: Duration::from_secs(2),
        max_delay: Duration::from_secs(60),
        on_outage: OnOutage::Pause,
        signal_interval: Duration::from_secs(30),
        policies: Policies::default(),
    }
}

pub fn escalation() -> Escalation {
    Escalation {
        count: NonZeroUsize::new(20).unwrap(),
        window: Duration::from_secs(600),
        pause: false,
    }
}

pub fn engine(world: &World) -> Engine<ModelTarget> {
    Engine {
        target: Arc::new(ModelTarget {
            world: world.clone(),
            latency: Duration::from_millis(7),
        }),
        store: Arc::new(ModelStore(world.clone())),
        archive: None,
        present: Arc::new(ModelPresent(world.clone())),
        worker: Worker {
            poll_interval: Duration::from_secs(60),
            poll_interval_during_catchup: Duration::ZERO,
            max_concurrency: 4,
            slow_after: Duration::from_secs(5),
            pages_ahead: 2,
            gather_time: Duration::from_secs(1),
            shutdown_grace_period: Duration::from_secs(25),
        },
        retry: Arc::new(retry()),
        escalation: escalation(),
        clock: world.clock(),
        observer: Arc::new(Unobserved),
        most_waiting: 20,
    }
}

/// The stored position.
pub fn position(world: &WorldState) -> u64 {
    world
        .position
        .as_ref()
        .map_or(0, |(state, _)| state.sequence)
}

/// Runs `scene` on simulated time.
pub fn simulated<R>(scene: impl Future<Output = R>) -> R {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(scene)
}

/// One life of the engine, on a runtime of its own with simulated time: until the feed is followed
/// to its end, or for `life`, after which the runtime is torn down as a kill would.
pub fn live(world: &World, life: Option<Duration>) {
    simulated(async {
        let life = life.unwrap_or(Duration::from_secs(86_400));
        let killed = tokio::time::timeout(life, until_followed(world));
        if let Ok(followed) = killed.await {
            followed.unwrap();
        }
    });
}

/// Opens the world's feed behind a position.
pub fn feed_of(world: &World) -> impl FnOnce(SyncState) -> ModelFeed + Send + use<> {
    let world = world.clone();
    move |from| ModelFeed {
        world,
        read: from.sequence,
        page: 10,
    }
}

pub async fn until_followed(world: &World) -> Result<(), Failure> {
    let (status, mut watched) = watch::channel(Status::default());
    let stop = CancellationToken::new();
    let running = engine(world).run(feed_of(world), status, stop.clone());
    let stopping = async {
        let _ = watched
            .wait_for(|status| status.state == State::Following)
            .await;
        stop.cancel();
    };
    tokio::join!(running, stopping).0
}

/// Runs an engine until the world is as wanted, and stops it.
pub async fn until(
    world: &World,
    engine: Engine<ModelTarget>,
    mut enough: impl FnMut(&WorldState) -> bool,
) -> Result<(), Failure> {
    let (status, _) = watch::channel(Status::default());
    let stop = CancellationToken::new();
    let running = engine.run(feed_of(world), status, stop.clone());
    let stopping = async {
        let patience = tokio::time::Instant::now() + Duration::from_secs(86_400);
        while !enough(&world.lock()) {
            assert!(tokio::time::Instant::now() < patience, "a day has gone by");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
    };
    tokio::join!(running, stopping).0
}

/// Runs the engine and stops it after `life`; how it ended, and how long the stopping took.
pub async fn stopped_after(world: &World, life: Duration) -> (Result<(), Failure>, Duration) {
    let (status, _) = watch::channel(Status::default());
    let stop = CancellationToken::new();
    let running = engine(world).run(feed_of(world), status, stop.clone());
    let stopping = async {
        tokio::time::sleep(life).await;
        stop.cancel();
        tokio::time::Instant::now()
    };
    let (ended, stopped) = tokio::join!(running, stopping);
    (ended, stopped.elapsed())
}
