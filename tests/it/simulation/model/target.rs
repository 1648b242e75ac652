//! The target: writes down what is applied.

use std::time::Duration;

use radcast_dicom::Dataset;
use radcast_dicomweb::Entry;
use radcast_engine::failure::{Code, Failure, OmittedValue};
use radcast_engine::feed::InstanceKey;
use radcast_engine::feed::{Action, State};
use radcast_engine::{Applied, Reading, Target};
use tokio::time::Instant;

use super::{Ailment, Event, Nature, World};

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
    late: bool,
}

/// The sequences of a delta, and whether it comes late.
#[derive(Debug)]
pub struct ModelDelta {
    sequences: Vec<u64>,
    late: bool,
}

impl Target for ModelTarget {
    type Data = Dataset;
    type Change = ModelChange;
    type Delta = ModelDelta;
    type Unit = String;
    type Shared = ();

    fn read(&self, entry: &Entry) -> Reading<ModelChange> {
        let change = ModelChange {
            sequence: entry.sequence,
            study: entry.key.study.clone(),
            late: false,
        };
        if entry.action != Action::Delete && entry.state == State::Deleted {
            return Reading::Skip("deleted");
        }
        let warnings = match self.nature(entry.sequence) {
            Nature::Unreadable => {
                return Reading::Refuse(Failure::new(Code::DicomMissingAttribute, "bad"));
            }
            Nature::Skipped => return Reading::Skip("of no interest"),
            Nature::Omits(values) => (0..values).map(omitted).collect(),
            _ => Vec::new(),
        };
        Reading::Change { change, warnings }
    }

    fn unit(&self, change: &ModelChange) -> String {
        change.study.clone()
    }

    fn unit_of(&self, instance: &InstanceKey) -> String {
        instance.study.clone()
    }

    fn shared(&self, change: &ModelChange) -> Option<()> {
        let world = self.world.lock();
        let study = world.entry(change.sequence).study;
        world.of_one_patient.contains(&study).then_some(())
    }

    fn commute(&self, _: &ModelChange, _: &ModelChange) -> bool {
        true
    }

    fn late(&self, change: ModelChange) -> ModelChange {
        ModelChange {
            late: true,
            ..change
        }
    }

    fn fold(&self, changes: &[ModelChange]) -> Option<ModelDelta> {
        let late = changes.iter().any(|change| change.late);
        assert!(!late || changes.len() == 1, "what is late comes alone");
        Some(ModelDelta {
            sequences: changes.iter().map(|change| change.sequence).collect(),
            late,
        })
    }

    async fn apply(&self, delta: &ModelDelta) -> Result<Applied, Failure> {
        let ModelDelta {
            sequences: delta,
            late,
        } = delta;
        let ailment = self.begin(delta);
        let takes = ailment.map(Ailment::takes).unwrap_or_default();
        tokio::time::sleep(self.latency + self.delay(delta) + takes).await;
        let answer = match ailment.and_then(Ailment::failure) {
            Some(failure) => Err(failure),
            None => self.answer(delta),
        };
        self.world.lock().at_once -= 1;
        answer?;
        assert!(
            !delta.iter().any(|s| self.nature(*s) == Nature::Panics),
            "on order"
        );
        let mut world = self.world.lock();
        world.applied.extend(delta);
        world
            .journal
            .extend(delta.iter().copied().map(Event::Applied));
        if *late {
            world.late.extend(delta);
        }
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
    fn nature(&self, sequence: u64) -> Nature {
        self.world.lock().entry(sequence).nature
    }

    fn delay(&self, delta: &[u64]) -> Duration {
        let delays = delta.iter().map(|s| match self.nature(*s) {
            Nature::Slow => Duration::from_secs(1),
            Nature::Held => Duration::from_secs(3_600),
            _ => Duration::ZERO,
        });
        delays.max().unwrap_or_default()
    }

    /// Begins a request, and returns what ails it.
    fn begin(&self, delta: &[u64]) -> Option<Ailment> {
        let mut world = self.world.lock();
        world.attempts.push((Instant::now(), delta.to_vec()));
        world.at_once += 1;
        world.most_at_once = world.most_at_once.max(world.at_once);
        let is_tenth = world.attempts.len().is_multiple_of(10);
        let mut natures = delta.iter().map(|sequence| world.entry(*sequence).nature);
        natures
            .find_map(|nature| match nature {
                Nature::Ails(ailment) => Some(ailment),
                _ => None,
            })
            .or(world.every_tenth.filter(|_| is_tenth))
    }

    fn answer(&self, delta: &[u64]) -> Result<(), Failure> {
        if let Some(code) = self.world.lock().outage {
            return Err(Failure::new(code, "down"));
        }
        for sequence in delta {
            match self.nature(*sequence) {
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

fn omitted(number: u8) -> OmittedValue {
    OmittedValue {
        is_kept: false,
        tag: format!("(0010,{number:04})"),
        keyword: format!("Value{number}"),
        reason: "is out of range".to_owned(),
    }
}
