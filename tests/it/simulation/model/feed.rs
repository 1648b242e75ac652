//! The feed: every entry as it is at the time of reading.

use std::time::Duration;

use jiff::Timestamp;
use radcast::dicom::InstanceKey;
use radcast::failure::Failure;
use radcast::feed::{ChangeFeed, Entry, Page};

use super::{World, WorldState};

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
        let latest = world.latest();
        let through = (self.read + self.page).min(latest);
        let entries = (self.read + 1..=through).map(|sequence| Ok(world.feed_entry(sequence)));
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

impl WorldState {
    fn feed_entry(&self, sequence: u64) -> Entry {
        let entry = self.entry(sequence);
        Entry {
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
            metadata: None,
        }
    }
}
