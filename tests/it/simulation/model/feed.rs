//! The feed: every entry as it is at the time of reading.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use radcast_dicom::Dataset;
use radcast_dicomweb::{Entry, Page};
use radcast_engine::failure::{Code, Failure, Redacted, Subject};
use radcast_engine::feed::InstanceKey;
use radcast_engine::feed::{ChangeFeed, CurrentState, MalformedEntry};

use super::{Event, Nature, World, WorldState};

/// Serves the entries in pages of a few.
#[derive(Debug)]
pub struct ModelFeed {
    pub world: World,
    pub read: u64,
    pub page: u64,
}

impl ChangeFeed for ModelFeed {
    type Data = Dataset;

    async fn next(&mut self) -> Result<Page, Failure> {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let mut world = self.world.lock();
        let latest = world.latest();
        let through = (self.read + self.page).min(latest);
        let entries = (self.read + 1..=through).map(|sequence| world.feed_entry(sequence));
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

/// Answers for single entries.
#[derive(Debug)]
pub struct ModelPresent(pub World);

#[async_trait]
impl CurrentState<Dataset> for ModelPresent {
    async fn entry(
        &self,
        sequence: u64,
        _: Option<Timestamp>,
    ) -> Result<Option<Result<Entry, MalformedEntry>>, Failure> {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let mut world = self.0.lock();
        world.asked += 1;
        if world.feed_is_down {
            return Err(Failure::new(Code::DicomUnreachable, "down"));
        }
        world.journal.push(Event::Asked(sequence));
        let mut entry = world.feed_entry(sequence);
        if let Err(malformed) = &mut entry {
            malformed.subject.sequence = Some(sequence);
        }
        Ok(Some(entry))
    }
}

impl WorldState {
    fn feed_entry(&self, sequence: u64) -> Result<Entry, MalformedEntry> {
        let entry = self.entry(sequence);
        if matches!(entry.nature, Nature::Malformed | Nature::Nameless) {
            let known = entry.nature == Nature::Malformed;
            return Err(MalformedEntry {
                subject: Subject {
                    sequence: known.then_some(sequence),
                    digest: Some(format!("digest-of-{sequence}")),
                    ..Subject::default()
                },
                timestamp: None,
                reason: "gibberish".to_owned(),
                raw: Some(raw(sequence)),
            });
        }
        Ok(Entry {
            sequence,
            key: InstanceKey {
                partition: None,
                study: format!("1.{}", entry.study),
                series: "2".to_owned(),
                instance: format!("3.{}", entry.instance),
            },
            action: entry.action,
            state: self.state(sequence),
            timestamp: Timestamp::from_second(sequence.cast_signed()).ok(),
            data: None,
            raw: Some(raw(sequence)),
        })
    }
}

fn raw(sequence: u64) -> Redacted {
    Redacted::new(format!("entry {sequence}"))
}
