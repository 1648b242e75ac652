//! What a seed stands for: the feed, the faults, the crashes.

use std::num::NonZeroU32;

use fastrand::Rng;
use radcast::settings::Order;

use super::fhir_lies::FhirLies;

/// What is the matter with an instance until it is repaired, if it ever is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    Good,
    /// A required attribute is missing.
    Unreadable,
    /// An optional value is invalid.
    Untidy,
    /// The FHIR server refuses whatever holds it.
    Refused,
    /// The FHIR server fails over whatever holds it.
    Poison,
}

/// Something that happens to a study, at this second.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    pub second: u64,
    pub study: u8,
    pub kind: EventKind,
    /// Numbers of the feed that are never used, before this one.
    pub gap: u64,
    /// Seconds that it takes until the feed shows it.
    pub late: u64,
}

impl Event {
    /// All instances of a study are updated.
    pub const fn update(study: u8) -> Self {
        Self {
            second: 0,
            study,
            kind: EventKind::Update,
            gap: 0,
            late: 0,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub enum EventKind {
    Store(Nature),
    /// A bulk update of all instances there are.
    Update,
    /// An update of one instance, which names another patient than its study has.
    Stray,
    /// The deletion of one instance, if there is one.
    Delete,
    /// One that was deleted is stored again, if there is one.
    StoreAgain,
}

/// Everything that a seed decides beforehand.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub events: Vec<Event>,
    pub v2: bool,
    pub page: u64,
    pub concurrency: usize,
    pub replicas: usize,
    pub lease: bool,
    /// Of a thousand requests, how many go wrong; by service.
    pub feed_faults: u32,
    pub fhir_faults: u32,
    pub store_faults: u32,
    pub lease_faults: u32,
    /// Seconds during which a service is down.
    pub fhir_outage: (u64, u64),
    pub store_outage: (u64, u64),
    pub feed_outage: (u64, u64),
    /// After how many more requests, by whichever replica, the one that asks dies; one by one.
    pub crashes: Vec<u64>,
    /// Seconds at which somebody asks for everything to be retried.
    pub signals: Vec<u64>,
    /// Second at which what can be repaired at the FHIR server is.
    pub repaired: u64,
    /// Second from which on nothing goes wrong any more.
    pub calm: u64,
    pub max_attempts: u32,
    pub max_attempts_when_healthy: NonZeroU32,
    pub order: Order,
    pub pages_at_once: usize,
    pub lies: Lies,
    pub fhir_lies: FhirLies,
    /// Whether updates move a study to another patient, and back.
    pub moves: bool,
}

/// How the feed's answers are not the service's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lies {
    /// Of a thousand pages, how many come from a cache, without a body, empty, or are others.
    pub pages: u32,
    /// Seconds during which pages come from a replica that lags behind, and by how many seconds.
    pub lagging: (u64, u64),
    pub lag: u64,
    /// Whether the newest entry is told by that replica, too.
    pub lagging_latest: bool,
}

impl Lies {
    /// In every third world.
    fn of(seed: u64, calm: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x11e5);
        if rng.u8(..3) != 0 {
            return Self::default();
        }
        Self {
            pages: rate(&mut rng),
            lagging: outage(&mut rng, calm),
            lag: rng.u64(1..3_600),
            lagging_latest: rng.bool(),
        }
    }

    const fn are_none(&self) -> bool {
        self.pages == 0 && self.lagging.1 == 0
    }
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let calm = rng.u64(60..600);
        let mut events: Vec<_> = (0..rng.usize(2..15))
            .map(|_| event(&mut rng, calm))
            .collect();
        let lies = Lies::of(seed, calm);
        if !lies.are_none() {
            // From who lags, a late commit cannot be told from a number that never comes.
            events.iter_mut().for_each(|event| event.late = 0);
        }
        let fhir_lies = FhirLies::of(seed);
        let is_simple = seed.is_multiple_of(3) && fhir_lies.merges == 0 && !fhir_lies.archive;
        if is_simple {
            events.extend(moving(seed, calm));
        }
        let replicas = if rng.u8(..4) == 0 { 2 } else { 1 };
        Self {
            seed,
            events,
            v2: rng.bool(),
            page: rng.u64(1..8),
            concurrency: rng.usize(1..5),
            replicas,
            lease: replicas == 2 && rng.u8(..4) != 0,
            feed_faults: rate(&mut rng),
            fhir_faults: rate(&mut rng),
            store_faults: rate(&mut rng),
            lease_faults: rate(&mut rng),
            fhir_outage: outage(&mut rng, calm),
            store_outage: outage(&mut rng, calm),
            feed_outage: outage(&mut rng, calm),
            crashes: (0..rng.usize(..5)).map(|_| rng.u64(1..60)).collect(),
            signals: (0..rng.usize(..4)).map(|_| rng.u64(..calm)).collect(),
            repaired: rng.u64(..calm),
            calm,
            max_attempts: rng.u32(2..6),
            max_attempts_when_healthy: NonZeroU32::new(u32::try_from(seed % 5).unwrap() + 1)
                .unwrap(),
            order: match seed % 2 {
                0 => Order::Strict,
                _ => Order::Relaxed,
            },
            pages_at_once: rng.usize(1..4),
            lies,
            fhir_lies,
            moves: is_simple,
        }
    }
}

impl Plan {
    /// Whether several replicas work at once.
    pub const fn is_contended(&self) -> bool {
        self.replicas > 1 && !self.lease
    }

    /// What kind of run it is.
    pub fn in_words(&self) -> String {
        let version = if self.v2 { "v2" } else { "v1" };
        let lease = if self.lease { "with" } else { "without" };
        let (replicas, crashes) = (self.replicas, self.crashes.len());
        let lies = if self.lies.are_none() { "" } else { ", lies" };
        let fhir = self.fhir_lies.in_words();
        let moves = if self.moves { ", moves" } else { "" };
        format!(
            "{version}, {replicas} replicas {lease} a lease, {crashes} crashes{lies}{fhir}{moves}"
        )
    }
}

fn event(rng: &mut Rng, calm: u64) -> Event {
    let kind = match rng.u8(..10) {
        0 => EventKind::Update,
        1 => EventKind::Delete,
        2 => EventKind::StoreAgain,
        _ => EventKind::Store(nature(rng)),
    };
    Event {
        // Most is there from the start.
        second: if rng.u8(..3) == 0 { rng.u64(..calm) } else { 0 },
        study: rng.u8(..3),
        kind,
        gap: if rng.u8(..8) == 0 { rng.u64(1..4) } else { 0 },
        late: if rng.u8(..12) == 0 { rng.u64(1..15) } else { 0 },
    }
}

/// Updates, which move a study of some instances, and deletions after them, by which it may go back.
fn moving(seed: u64, calm: u64) -> Vec<Event> {
    let mut rng = Rng::with_seed(seed ^ 0x307e);
    let study = rng.u8(..3);
    // An update of all ends what one of an instance has begun.
    let updates = rng.u8(..3);
    let kinds: Vec<_> = (0..rng.u8(2..9))
        .map(|n| match (n % 2, rng.u8(..4)) {
            (0, at) if at < updates => EventKind::Update,
            (0, _) => EventKind::Stray,
            (_, 0) => EventKind::StoreAgain,
            (_, _) => EventKind::Delete,
        })
        .collect();
    let mut seconds: Vec<u64> = kinds.iter().map(|_| rng.u64(..calm)).collect();
    seconds.sort_unstable();
    let stored = (0..rng.u8(..4)).map(|_| (EventKind::Store(Nature::Good), 0));
    let events = stored.chain(kinds.into_iter().zip(seconds));
    let events = events.map(|(kind, second)| Event {
        second,
        kind,
        ..Event::update(study)
    });
    events.collect()
}

fn nature(rng: &mut Rng) -> Nature {
    match rng.u8(..16) {
        0 => Nature::Unreadable,
        1 => Nature::Untidy,
        2 => Nature::Refused,
        3 => Nature::Poison,
        _ => Nature::Good,
    }
}

/// Faults in a thousand requests: often none, sometimes many.
pub fn rate(rng: &mut Rng) -> u32 {
    match rng.u8(..4) {
        0 => 0,
        1 => rng.u32(..20),
        2 => rng.u32(..100),
        _ => rng.u32(..300),
    }
}

fn outage(rng: &mut Rng, calm: u64) -> (u64, u64) {
    if rng.u8(..3) != 0 {
        return (0, 0);
    }
    let from = rng.u64(..calm);
    (from, from + rng.u64(1..300))
}
