//! A feed, a target and a store as small models, with what they do wrong written down beforehand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use radcast::dicom::InstanceKey;
use radcast::failure::{Code, Failure};
use radcast::feed::{Action, ChangeFeed, Entry, Page, State};
use radcast::store::{
    ETag, FailedEntry, FailureRecord, OmittedValueRow, RecordFilter, RecordKey, Report, Store,
    SyncState,
};
use radcast::sync::{Applied, Reading, Target};

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
    /// The target takes a second more, or an hour.
    Slow,
    Held,
    /// There is nothing to do for it.
    Skipped,
}

/// What outlives a crash: the world around the engine.
#[derive(Debug, Clone, Default)]
pub struct World {
    state: Arc<Mutex<WorldState>>,
}

#[derive(Debug, Default)]
pub struct WorldState {
    /// Study and nature of each entry; the first has sequence 1.
    pub entries: Vec<(u8, Nature)>,
    /// Sequences in the order they were applied.
    pub applied: Vec<u64>,
    pub recorded: BTreeMap<u64, Code>,
    pub position: Option<(SyncState, u64)>,
    pub most_at_once: usize,
    /// Answers that every request of the target gets while it is set.
    pub outage: Option<Code>,
    /// Whether the outage is over by the time somebody asks whether it is.
    pub over_when_probed: bool,
    /// Attempts at transactions, failed ones too.
    pub transactions: u64,
    pub store_is_down: bool,
    /// How far the feed was read.
    pub read: u64,
    at_once: usize,
    flaked: BTreeMap<u64, u32>,
}

impl World {
    pub fn of(entries: &[(u8, Nature)]) -> Self {
        let world = Self::default();
        world.lock().entries = entries.to_vec();
        world
    }

    pub fn lock(&self) -> MutexGuard<'_, WorldState> {
        self.state.lock().unwrap()
    }

    fn nature(&self, sequence: u64) -> Nature {
        self.lock().entries[usize::try_from(sequence).unwrap() - 1].1
    }
}

/// Serves the entries in pages of a few.
#[derive(Debug)]
pub struct ModelFeed {
    pub world: World,
    pub read: u64,
    pub page: u64,
}

impl ChangeFeed for ModelFeed {
    async fn next(&mut self) -> Result<Page, Failure> {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let mut world = self.world.lock();
        let latest = world.entries.len() as u64;
        let through = (self.read + self.page).min(latest);
        let entries = (self.read + 1..=through).map(|sequence| {
            let study = world.entries[usize::try_from(sequence).unwrap() - 1].0;
            Ok(entry(sequence, study))
        });
        let entries: Vec<_> = entries.collect();
        self.read = through;
        world.read = through;
        Ok(Page {
            entries,
            watermark: through,
            latest,
            more: through < latest,
        })
    }
}

fn entry(sequence: u64, study: u8) -> Entry {
    Entry {
        sequence,
        key: InstanceKey {
            partition: None,
            study: format!("1.{study}"),
            series: "2".to_owned(),
            instance: format!("3.{sequence}"),
        },
        action: Action::Create,
        state: State::Current,
        timestamp: Timestamp::from_second(sequence.cast_signed()).ok(),
        metadata: None,
    }
}

/// Applies changes by writing down their sequence.
#[derive(Debug)]
pub struct ModelTarget {
    pub world: World,
    pub latency: Duration,
}

/// A change: its sequence and study.
#[derive(Debug, Clone)]
pub struct ModelChange {
    sequence: u64,
    study: String,
}

impl Target for ModelTarget {
    type Change = ModelChange;
    type Delta = Vec<u64>;
    type Unit = String;
    type Shared = ();

    fn read(&self, entry: &Entry) -> Reading<ModelChange> {
        match self.world.nature(entry.sequence) {
            Nature::Unreadable => Reading::Refuse(Failure::new(Code::DicomMissingAttribute, "bad")),
            Nature::Skipped => Reading::Skip("of no interest"),
            _ => Reading::Change {
                change: ModelChange {
                    sequence: entry.sequence,
                    study: entry.key.study.clone(),
                },
                warnings: Vec::new(),
            },
        }
    }

    fn unit(&self, change: &ModelChange) -> String {
        change.study.clone()
    }

    fn shared(&self, _: &ModelChange) -> Option<()> {
        None
    }

    fn commute(&self, _: &ModelChange, _: &ModelChange) -> bool {
        true
    }

    fn fold(&self, changes: &[ModelChange]) -> Option<Vec<u64>> {
        Some(changes.iter().map(|change| change.sequence).collect())
    }

    async fn apply(&self, delta: &Vec<u64>) -> Result<Applied, Failure> {
        self.begin();
        tokio::time::sleep(self.latency + self.delay(delta)).await;
        let answer = self.answer(delta);
        self.world.lock().at_once -= 1;
        answer?;
        assert!(
            !delta
                .iter()
                .any(|s| self.world.nature(*s) == Nature::Panics),
            "on order"
        );
        self.world.lock().applied.extend(delta);
        Ok(Applied::default())
    }

    async fn probe(&self) -> Result<(), Failure> {
        let mut world = self.world.lock();
        if world.over_when_probed {
            world.outage = None;
        }
        match world.outage {
            Some(code) => Err(Failure::new(code, "down")),
            None => Ok(()),
        }
    }
}

impl ModelTarget {
    fn delay(&self, delta: &[u64]) -> Duration {
        let delays = delta.iter().map(|s| match self.world.nature(*s) {
            Nature::Slow => Duration::from_secs(1),
            Nature::Held => Duration::from_secs(3_600),
            _ => Duration::ZERO,
        });
        delays.max().unwrap_or_default()
    }

    fn begin(&self) {
        let mut world = self.world.lock();
        world.transactions += 1;
        world.at_once += 1;
        world.most_at_once = world.most_at_once.max(world.at_once);
    }

    fn answer(&self, delta: &[u64]) -> Result<(), Failure> {
        if let Some(code) = self.world.lock().outage {
            return Err(Failure::new(code, "down"));
        }
        for sequence in delta {
            match self.world.nature(*sequence) {
                Nature::Refused => return Err(Failure::new(Code::FhirRejected, "refused")),
                Nature::Flaky(times) => self.flake(*sequence, times)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn flake(&self, sequence: u64, times: u32) -> Result<(), Failure> {
        let mut world = self.world.lock();
        let flaked = world.flaked.entry(sequence).or_default();
        *flaked += 1;
        if *flaked <= times {
            Err(Failure::new(Code::FhirServerError, "again"))
        } else {
            Ok(())
        }
    }
}

/// Keeps position and records in the world.
#[derive(Debug)]
pub struct ModelStore(pub World);

impl ModelStore {
    fn up(&self) -> Result<MutexGuard<'_, WorldState>, Failure> {
        let world = self.0.lock();
        if world.store_is_down {
            return Err(Failure::new(Code::StoreUnavailable, "down"));
        }
        Ok(world)
    }
}

#[async_trait]
impl Store for ModelStore {
    async fn sync_state(&self) -> Result<Option<(SyncState, ETag)>, Failure> {
        Ok(self
            .up()?
            .position
            .map(|(state, etag)| (state, ETag(etag.to_string()))))
    }

    async fn save_sync_state(
        &self,
        state: SyncState,
        expected: Option<&ETag>,
    ) -> Result<ETag, Failure> {
        let mut world = self.up()?;
        let etag = world.position.map(|(_, etag)| etag);
        if etag.map(|etag| ETag(etag.to_string())).as_ref() != expected {
            return Err(Failure::new(Code::StoreConflict, "moved"));
        }
        let next = etag.unwrap_or_default() + 1;
        world.position = Some((state, next));
        Ok(ETag(next.to_string()))
    }

    async fn record(&self, failed: Vec<FailedEntry>) -> Result<(), Failure> {
        let mut world = self.up()?;
        for entry in failed {
            world
                .recorded
                .insert(entry.subject.sequence.unwrap(), entry.failure.code);
        }
        Ok(())
    }

    async fn record_again(&self, _: &FailureRecord, failed: FailedEntry) -> Result<(), Failure> {
        self.record(vec![failed]).await
    }

    async fn record_omitted(&self, _: Vec<OmittedValueRow>) -> Result<(), Failure> {
        self.up().map(drop)
    }

    async fn show_retrying(&self, _: &FailedEntry) -> Result<(), Failure> {
        self.up().map(drop)
    }

    async fn records(
        &self,
        _: &RecordFilter,
        _: Option<&RecordKey>,
        _: usize,
    ) -> Result<Vec<FailureRecord>, Failure> {
        Ok(Vec::new())
    }

    async fn get(&self, _: &RecordKey) -> Result<Option<FailureRecord>, Failure> {
        Ok(None)
    }

    async fn request_retry(&self, _: &RecordKey) -> Result<bool, Failure> {
        Ok(false)
    }

    async fn supersede(&self, _: &RecordKey) -> Result<(), Failure> {
        Ok(())
    }

    async fn remove(&self, _: &RecordKey) -> Result<bool, Failure> {
        Ok(false)
    }

    async fn save_report(&self, _: &Report) -> Result<(), Failure> {
        self.up().map(drop)
    }

    async fn reports(&self) -> Result<Vec<Report>, Failure> {
        Ok(Vec::new())
    }

    async fn check(&self) -> Result<(), Failure> {
        self.up().map(drop)
    }
}
