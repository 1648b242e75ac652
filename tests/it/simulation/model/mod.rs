//! A feed, a target and a store as small models, with what they do wrong written down beforehand.

mod feed;
mod observer;
mod store;
mod target;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use radcast_engine::failure::{Code, Failure};
use radcast_engine::feed::{Action, State};
use radcast_engine::store::{ETag, FailureRecord, FailureTable, RecordKey, RecordState, SyncState};
use tokio::time::Instant;

pub use feed::{ModelFeed, ModelPresent};
pub use observer::Told;
pub use store::ModelStore;
pub use target::ModelTarget;

/// What is the matter with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    Good,
    /// The target refuses every delta that holds it.
    Refused,
    /// The target panics over every delta that holds it.
    Panics,
    /// The first attempts at a delta that holds it fail and may be repeated.
    Flaky(u32),
    /// It cannot be read.
    Unreadable,
    /// Every attempt at a delta that holds it goes like this.
    Ails(Ailment),
    /// The target takes a second more, or an hour.
    Slow,
    Held,
    /// There is nothing to do for it.
    Skipped,
    /// So many of its values are left out.
    Omits(u8),
    /// The feed's text of it cannot be read, but for its sequence; or not even that.
    Malformed,
    Nameless,
}

/// How a target that works for others treats a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ailment {
    /// It answers 503.
    Unavailable,
    /// It answers 429 and asks for [`Ailment::ASKED`].
    Busy,
    /// It does not answer within `Fhir:Timeout`.
    TimesOut,
    /// It does the work, and takes four times as long as counts as slow.
    Slow,
}

impl Ailment {
    pub const ALL: [Self; 4] = [Self::Unavailable, Self::Busy, Self::TimesOut, Self::Slow];

    /// How long the target asks to wait when it is busy.
    pub const ASKED: Duration = Duration::from_secs(10);

    /// How long a request takes.
    pub const fn takes(self) -> Duration {
        Duration::from_secs(match self {
            Self::Unavailable | Self::Busy => 0,
            Self::TimesOut => 100,
            Self::Slow => 20,
        })
    }

    /// What a request fails with.
    pub fn failure(self) -> Option<Failure> {
        let code = match self {
            Self::Unavailable => Code::FhirServerError,
            Self::Busy => Code::FhirTooBusy,
            Self::TimesOut => Code::FhirTimeout,
            Self::Slow => return None,
        };
        let asked = (self == Self::Busy).then_some(Self::ASKED);
        Some(Failure {
            retry_after: asked,
            ..Failure::new(code, "ails")
        })
    }
}

/// An entry of the feed.
#[derive(Debug, Clone, Copy)]
pub struct ModelEntry {
    pub study: u8,
    /// Which instance of the study; entries of one number tell of the same.
    pub instance: u64,
    pub action: Action,
    pub nature: Nature,
}

/// What happened, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The feed was asked for this entry.
    Asked(u64),
    /// This entry was applied.
    Applied(u64),
}

/// What outlives a crash: the world around the engine.
#[derive(Debug, Clone, Default)]
pub struct World {
    state: Arc<Mutex<WorldState>>,
}

#[derive(Debug, Default)]
pub struct WorldState {
    /// The first has sequence 1.
    pub entries: Vec<ModelEntry>,
    /// Sequences in the order they were applied.
    pub applied: Vec<u64>,
    /// Those of them that were applied late.
    pub late: Vec<u64>,
    pub journal: Vec<Event>,
    /// How often the feed was asked for single entries, in vain too.
    pub asked: u32,
    /// Whether the feed tells nothing of single entries.
    pub feed_is_down: bool,
    /// Everything in the store but the position.
    pub rows: BTreeMap<RecordKey, FailureRecord>,
    pub position: Option<(SyncState, u64)>,
    pub home_issuer: Option<radcast_engine::store::HomeIssuer>,
    /// How many of the next saves of the position are carried out while their answer is lost.
    pub answers_to_lose: u32,
    pub most_at_once: usize,
    /// Answers that every request of the target gets while it is set.
    pub outage: Option<Code>,
    /// Whether the outage is over by the time somebody asks whether it is.
    pub over_when_probed: bool,
    /// Attempts at transactions, failed ones too: when they began, and at which entries.
    pub attempts: Vec<(Instant, Vec<u64>)>,
    /// How every tenth request goes.
    pub every_tenth: Option<Ailment>,
    /// The studies of one patient; every other one has a patient of its own.
    pub of_one_patient: BTreeSet<u8>,
    pub store_is_down: bool,
    /// The methods of the store that fail while the others work.
    pub broken: BTreeSet<&'static str>,
    /// How long the store takes to answer.
    pub store_latency: Duration,
    /// How often records of one study were asked for.
    pub looked_up: u32,
    /// The methods of the store that do not answer.
    pub hanging: BTreeSet<&'static str>,
    /// How far the feed was read.
    pub read: u64,
    /// The latest time that anybody was told.
    now: Timestamp,
    versions: u64,
    at_once: usize,
    flaked: BTreeMap<u64, u32>,
}

impl World {
    /// A world whose entries, by study and nature, are of an instance each.
    pub fn of(entries: &[(u8, Nature)]) -> Self {
        let world = Self::default();
        for (study, nature) in entries {
            world.lock().store(*study, *nature);
        }
        world
    }

    pub fn lock(&self) -> MutexGuard<'_, WorldState> {
        self.state.lock().unwrap()
    }

    /// A clock of this world: it goes on where the one before it stopped.
    pub fn clock(&self) -> radcast_engine::Clock {
        let (world, begun) = (self.clone(), Instant::now());
        let before = self.lock().now;
        Arc::new(move || {
            let now = before + jiff::SignedDuration::try_from(begun.elapsed()).unwrap();
            world.lock().now = now;
            now
        })
    }
}

impl WorldState {
    /// A new instance is stored; the sequence of its entry.
    pub fn store(&mut self, study: u8, nature: Nature) -> u64 {
        let instance = self.latest() + 1;
        self.change(study, instance, Action::Create, nature)
    }

    /// Something happens to an instance; the sequence of the entry.
    pub fn change(&mut self, study: u8, instance: u64, action: Action, nature: Nature) -> u64 {
        self.entries.push(ModelEntry {
            study,
            instance,
            action,
            nature,
        });
        self.latest()
    }

    pub fn latest(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn entry(&self, sequence: u64) -> ModelEntry {
        self.entries[usize::try_from(sequence).unwrap() - 1]
    }

    /// Repairs what was the matter with an entry.
    pub fn mend(&mut self, sequence: u64) {
        self.turn(sequence, Nature::Good);
    }

    pub fn turn(&mut self, sequence: u64, nature: Nature) {
        self.entries[usize::try_from(sequence).unwrap() - 1].nature = nature;
    }

    /// What has become of an entry, as of now.
    fn state(&self, sequence: u64) -> State {
        let ModelEntry {
            study, instance, ..
        } = self.entry(sequence);
        let same = |entry: &&ModelEntry| (entry.study, entry.instance) == (study, instance);
        let later = &self.entries[usize::try_from(sequence).unwrap() - 1..];
        let last = later.iter().rfind(same).unwrap();
        if last.action == Action::Delete {
            State::Deleted
        } else if later.iter().filter(same).count() > 1 {
            State::Replaced
        } else {
            State::Current
        }
    }

    /// The rows of a table, in order.
    pub fn rows_of(&self, table: FailureTable) -> impl Iterator<Item = &FailureRecord> {
        self.rows.values().filter(move |row| row.key.table == table)
    }

    /// The failed entries with their codes, whether superseded or not.
    pub fn recorded(&self) -> BTreeMap<u64, Code> {
        let rows = self.failed().into_iter();
        rows.filter_map(|row| Some((row.subject.sequence?, code(&row.code))))
            .collect()
    }

    /// The records of failed entries.
    pub fn failed(&self) -> Vec<&FailureRecord> {
        let tables = FailureTable::FAILED.into_iter();
        tables.flat_map(|table| self.rows_of(table)).collect()
    }

    /// Asks for the retry of every record that is open.
    pub fn ask_for_retries(&mut self) {
        let rows = self.rows.values_mut();
        for row in rows.filter(|row| FailureTable::FAILED.contains(&row.key.table)) {
            if row.state == RecordState::Open {
                self.versions += 1;
                row.etag = ETag(self.versions.to_string());
                row.retry = true;
            }
        }
    }
}

fn code(name: &str) -> Code {
    let mut all = Code::ALL.iter().copied();
    all.find(|code| code.as_str() == name).unwrap()
}
