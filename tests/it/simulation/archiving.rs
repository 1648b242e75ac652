//! What belongs to failed entries is archived before they are recorded.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use radcast_engine::Engine;
use radcast_engine::failure::{Code, Failure, Redacted, Subject};
use radcast_engine::store::Archive;
use tokio::time::Instant;

use super::model::{ModelTarget, Nature, World};
use super::scene::{engine, position, simulated, until};

/// What becomes of what is to be archived.
#[derive(Debug, Clone, Copy)]
enum ModelArchive {
    Works,
    Fails,
    Hangs,
}

#[async_trait]
impl Archive for ModelArchive {
    async fn keep(
        &self,
        subject: &Subject,
        entry: Option<&Redacted>,
        answer: Option<&Redacted>,
    ) -> Result<String, Failure> {
        assert!(answer.is_none(), "the target gives none");
        let entry = String::from_utf8(entry.unwrap().reveal().to_vec()).unwrap();
        match self {
            Self::Works => Ok(format!("{:?}: {entry}", subject.sequence)),
            Self::Fails => Err(Failure::new(Code::BlobUnavailable, "down")),
            Self::Hangs => std::future::pending().await,
        }
    }
}

fn archiving(world: &World, archive: ModelArchive) -> Engine<ModelTarget> {
    Engine {
        archive: Some(Arc::new(archive)),
        ..engine(world)
    }
}

/// Runs the engine until the feed is settled; how long that took, and the places of the records.
fn settled(world: &World, archive: ModelArchive) -> (Duration, Vec<Option<String>>) {
    let taken = simulated(async {
        let (begun, all) = (Instant::now(), world.lock().latest());
        let engine = archiving(world, archive);
        let settled = until(world, engine, |world| position(world) == all);
        settled.await.unwrap();
        begun.elapsed()
    });
    (taken, places(world))
}

fn places(world: &World) -> Vec<Option<String>> {
    let world = world.lock();
    let records = world.failed().into_iter();
    records.map(|record| record.archive.clone()).collect()
}

/// Entries that fail together, in one study, and others that are bad in themselves.
fn failing() -> World {
    World::of(&[
        (1, Nature::Refused),
        (1, Nature::Refused),
        (1, Nature::Refused),
        (2, Nature::Unreadable),
        (2, Nature::Malformed),
    ])
}

#[test]
fn every_failed_entry_is_archived_and_its_record_says_where() {
    let (_, mut places) = settled(&failing(), ModelArchive::Works);
    places.sort();
    let expected = (1..=5).map(|number| Some(format!("Some({number}): entry {number}")));
    assert_eq!(places, expected.collect::<Vec<_>>());
}

#[test]
fn without_its_archive_entries_are_recorded_all_the_same_and_soon() {
    for (archive, soon) in [(ModelArchive::Fails, 5), (ModelArchive::Hangs, 35)] {
        let (taken, places) = settled(&failing(), archive);
        assert_eq!(places, vec![None; 5]);
        assert!(taken < Duration::from_secs(soon), "{archive:?}: {taken:?}");
    }
}

#[test]
fn an_entry_that_fails_again_is_archived_again() {
    let world = World::of(&[(1, Nature::Refused), (2, Nature::Unreadable)]);
    let (_, places_before) = settled(&world, ModelArchive::Fails);
    assert_eq!(places_before, vec![None; 2]);
    world.lock().ask_for_retries();
    simulated(async {
        let retried = archiving(&world, ModelArchive::Works);
        let archived = |record: &&radcast_engine::store::FailureRecord| record.archive.is_some();
        let again = until(&world, retried, |world| world.failed().iter().all(archived));
        again.await.unwrap();
    });
}
