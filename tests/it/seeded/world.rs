//! What outlives every replica: the services' contents, the clock, and what was seen to go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use radcast_engine::store::{ETag, FailureRecord, RecordKey, Report, SyncState};
use tokio::sync::watch;
use tokio::time::Instant;

use super::archive::Archive;
use super::merges::Merged;
use super::mixed_up::MixedUp;
use super::paging::Paging;
use super::plan::{Nature, Plan};
use super::stored::Stored;

/// A service, as far as faults go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Feed,
    Fhir,
    Store,
    Lease,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    Well,
    /// It is not carried out.
    Refused,
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// What is read is not the newest.
    Stale,
}

/// A version of an instance in the DICOMweb service.
#[derive(Debug, Clone)]
pub struct Instance {
    pub study: u8,
    pub nature: Nature,
    /// Whether it names the other patient than the last update of its study did.
    pub strays: bool,
    /// Sequence of the entry that made its present version; `None` once it is deleted.
    pub current: Option<u64>,
}

/// A row of the change feed.
#[derive(Debug, Clone)]
pub struct Row {
    pub instance: usize,
    pub action: &'static str,
    pub at: Timestamp,
    pub visible: Timestamp,
}

#[derive(Debug)]
pub struct State {
    pub plan: Plan,
    pub rng: Rng,
    pub rows: BTreeMap<u64, Row>,
    pub instances: Vec<Instance>,
    /// How often each study was updated.
    pub revisions: BTreeMap<u8, u64>,
    pub stored: Stored,
    pub paging: Paging,
    pub mixed_up: MixedUp,
    pub merged: Merged,
    pub archive: Archive,
    /// What others left in a resource, and when they do so.
    pub remarks: BTreeMap<String, BTreeSet<u64>>,
    pub others: Rng,
    /// Replica, name and version of what was sent in vain and not read since.
    pub refused: BTreeSet<(usize, String, String)>,
    /// The newest version of each instance that was ever committed to the FHIR server.
    pub committed: BTreeMap<usize, u64>,
    pub position: Option<(SyncState, u64)>,
    pub home_issuer: Option<radcast_engine::store::HomeIssuer>,
    pub records: BTreeMap<RecordKey, FailureRecord>,
    pub recorded: BTreeMap<u64, u64>,
    pub etags: u64,
    pub reports: Vec<Report>,
    /// Requests for the present state of each entry, counted.
    pub recalled: BTreeMap<u64, u64>,
    /// The pages that a cache before the feed keeps, by their address.
    pub cached: BTreeMap<String, String>,
    /// Whether the last page was not the feed's own.
    pub feed_lied: bool,
    /// That count when somebody asked for a retry last.
    pub asked: BTreeMap<u64, u64>,
    /// Replica and life that hold the lease, and until when.
    pub holder: Option<((usize, u64), Instant)>,
    pub calm: bool,
    pub repaired: bool,
    pub crashes: Vec<u64>,
    pub requests: u64,
    /// How often what may go wrong in a world did.
    pub happened: BTreeMap<&'static str, u64>,
    pub violations: Vec<String>,
}

/// The world, shared by everybody in it.
#[derive(Debug, Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
    started: Instant,
    /// How often each replica has died.
    pub deaths: Arc<Vec<watch::Sender<u64>>>,
}

impl World {
    pub fn new(plan: Plan) -> Self {
        let deaths = (0..plan.replicas).map(|_| watch::Sender::new(0)).collect();
        let mut crashes = plan.crashes.clone();
        crashes.reverse();
        let seed = plan.seed;
        Self {
            state: Arc::new(Mutex::new(State {
                rng: Rng::with_seed(plan.seed ^ 0x5eed),
                crashes,
                plan,
                rows: BTreeMap::new(),
                instances: Vec::new(),
                revisions: BTreeMap::new(),
                stored: Stored::default(),
                paging: Paging::default(),
                mixed_up: MixedUp::default(),
                merged: Merged::default(),
                archive: Archive::default(),
                remarks: BTreeMap::new(),
                refused: BTreeSet::new(),
                others: Rng::with_seed(seed ^ 0x07e5),
                committed: BTreeMap::new(),
                position: None,
                home_issuer: None,
                records: BTreeMap::new(),
                recorded: BTreeMap::new(),
                etags: 0,
                reports: Vec::new(),
                recalled: BTreeMap::new(),
                cached: BTreeMap::new(),
                feed_lied: false,
                asked: BTreeMap::new(),
                holder: None,
                calm: false,
                repaired: false,
                requests: 0,
                happened: BTreeMap::new(),
                violations: Vec::new(),
            })),
            started: Instant::now(),
            deaths: Arc::new(deaths),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn now(&self) -> Timestamp {
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        start + SignedDuration::try_from(self.started.elapsed()).unwrap()
    }

    pub fn second(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    pub fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    /// A request sets out: it takes its time, and perhaps its replica's life. What becomes of it
    /// is told before and looked up again after it was carried out.
    pub async fn request(&self, replica: usize, service: Service) -> Course {
        self.die_by_chance(replica).await;
        let (delay, course) = {
            let mut state = self.lock();
            let second = self.second();
            (state.delay(), state.course(service, second))
        };
        tokio::time::sleep(delay).await;
        course
    }

    /// An answer sets out, which the replica may not live to hear.
    pub async fn answer(&self, replica: usize) {
        let delay = self.lock().delay();
        tokio::time::sleep(delay).await;
        self.die_by_chance(replica).await;
    }

    async fn die_by_chance(&self, replica: usize) {
        let dies = {
            let mut state = self.lock();
            state.requests += 1;
            match state.crashes.last_mut() {
                Some(left) if *left == 0 => state.crashes.pop().is_some(),
                Some(left) => {
                    *left -= 1;
                    false
                }
                None => false,
            }
        };
        if dies {
            self.deaths[replica].send_modify(|deaths| *deaths += 1);
            std::future::pending::<()>().await;
        }
    }
}

impl State {
    pub fn violate(&mut self, what: impl Into<String>) {
        let what = what.into();
        tracing::warn!(event = "violation", "{what}");
        self.violations.push(what);
    }

    pub fn happened(&mut self, what: &'static str) {
        tracing::info!(event = "in_the_world", "{what}");
        *self.happened.entry(what).or_default() += 1;
    }

    pub fn next_etag(&mut self) -> ETag {
        self.etags += 1;
        ETag(self.etags.to_string())
    }

    fn delay(&mut self) -> Duration {
        match self.rng.u8(..32) {
            0 if !self.calm => Duration::from_secs(self.rng.u64(..20)),
            1..8 => Duration::from_millis(self.rng.u64(..200)),
            _ => Duration::from_millis(self.rng.u64(..4)),
        }
    }

    fn course(&mut self, service: Service, second: u64) -> Course {
        if self.calm {
            return Course::Well;
        }
        let plan = &self.plan;
        let (rate, (from, to)) = match service {
            Service::Feed => (plan.feed_faults, plan.feed_outage),
            Service::Fhir => (plan.fhir_faults, plan.fhir_outage),
            Service::Store => (plan.store_faults, plan.store_outage),
            Service::Lease => (plan.lease_faults, (0, 0)),
        };
        if (from..to).contains(&second) {
            return Course::Refused;
        }
        if self.rng.u32(..1_000) >= rate {
            return Course::Well;
        }
        match self.rng.u8(..3) {
            0 => Course::Refused,
            1 => Course::AnswerLost,
            _ => Course::Stale,
        }
    }

    /// Whether an instance's FHIR-side trouble is still there.
    pub fn troubles(&self, instance: usize) -> Option<Nature> {
        let nature = self.instances[instance].nature;
        let there = matches!(nature, Nature::Refused | Nature::Poison) && !self.repaired;
        there.then_some(nature)
    }
}

pub fn study_uid(study: u8) -> String {
    format!("1.2.{}", study + 1)
}

pub fn instance_uid(instance: usize) -> String {
    format!("1.9.{}", instance + 1)
}

/// The instance of a UID.
pub fn instance_of(uid: &str) -> Option<usize> {
    uid.strip_prefix("1.9.")?
        .parse::<usize>()
        .ok()?
        .checked_sub(1)
}
