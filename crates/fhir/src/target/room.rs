//! Room for large resources: a server stores what it likes, and a resource that is merged and written
//! takes several times its size. One delta at a time works on large ones, the others wait for it.

use std::sync::Arc;

use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use super::hits::Hits;
use crate::cast::Resource;
use radcast_engine::failure::Failure;

/// From this size on resources are large, in bytes: all that one search finds, or one answer holds.
pub(super) const LARGE: usize = 1 << 20;

/// The one place for work on large resources.
#[derive(Debug, Clone)]
pub(super) struct Place(Arc<Semaphore>);

impl Default for Place {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

/// The room of one delta: small, until the delta has the place. Clones are one.
#[derive(Debug, Clone)]
pub(super) struct Room {
    place: Place,
    taken: Arc<OnceCell<Option<OwnedSemaphorePermit>>>,
}

impl Room {
    pub(super) fn new(place: &Place) -> Self {
        Self {
            place: place.clone(),
            taken: Arc::default(),
        }
    }

    /// Whether resources of this many bytes may be held now.
    pub(super) fn holds(&self, size: usize) -> bool {
        size <= LARGE || self.taken.initialized()
    }

    /// Waits for the place, which is free again when the last clone is dropped. Whoever waits holds
    /// nothing that is large.
    pub(super) async fn enlarge(&self) {
        // The place is never closed.
        let take = async || Arc::clone(&self.place.0).acquire_owned().await.ok();
        self.taken.get_or_init(take).await;
    }

    /// Returns what a search finds. What is large is dropped, and searched for again, by `again`, once
    /// there is room for it.
    pub(super) async fn search(
        &self,
        first: impl Future<Output = Result<Hits, Failure>>,
        again: impl AsyncFnOnce() -> Result<Hits, Failure>,
    ) -> Result<Hits, Failure> {
        self.search_beside(0, first, again).await
    }

    /// As [`Self::search`], while so many bytes are held already.
    pub(super) async fn search_beside(
        &self,
        held: usize,
        first: impl Future<Output = Result<Hits, Failure>>,
        again: impl AsyncFnOnce() -> Result<Hits, Failure>,
    ) -> Result<Hits, Failure> {
        let hits = first.await?;
        if self.holds(held + size(&hits.found)) {
            return Ok(hits);
        }
        drop(hits);
        self.enlarge().await;
        again().await
    }
}

/// About how many bytes of memory resources take.
pub(super) fn size(resources: &[Resource]) -> usize {
    resources.iter().map(Resource::size).sum()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn hits(bytes: usize) -> Result<Hits, Failure> {
        let json = format!(r#"{{"id":"1","x":"{}"}}"#, "x".repeat(bytes));
        Ok(Hits {
            found: vec![Resource::parse(&json).unwrap()],
            near: 0,
        })
    }

    async fn search(room: &Room, bytes: usize) -> usize {
        let again = async || hits(bytes + 1);
        let found = room.search(async { hits(bytes) }, again).await.unwrap();
        size(&found.found) - size(&hits(0).unwrap().found)
    }

    #[tokio::test]
    async fn what_is_large_is_searched_for_again_once_nobody_else_holds_what_is_large() {
        let place = Place::default();
        let (one, other) = (Room::new(&place), Room::new(&place));
        assert_eq!(search(&one, LARGE).await, LARGE + 1);
        assert_eq!(search(&other, 1).await, 1);
        assert!(search(&other, LARGE).now_or_never().is_none());
        // One that has the place holds all that it finds.
        assert_eq!(search(&one, LARGE).await, LARGE);
        drop(one);
        assert_eq!(search(&other, LARGE).await, LARGE + 1);
    }

    #[tokio::test]
    async fn answers_that_are_large_together_are_large() {
        let room = Room::new(&Place::default());
        let again = async || hits(2);
        let found = room.search_beside(LARGE, async { hits(1) }, again).await;
        assert_eq!(size(&found.unwrap().found), size(&hits(2).unwrap().found));
    }
}
