//! Lookups for studies that wait for their turn, many in one search.

use futures_util::future::join_all;
use tokio::time::Instant;

use super::FhirTarget;
use super::hits::Hits;
use super::memory::Answer;
use crate::cast::{Change, Lookups, Query, StudyDelta};
use radcast_engine::failure::Failure;

impl FhirTarget {
    /// Finds study and patient of each of these changes, unless they are known, and remembers them.
    /// What cannot be found now is searched for in its turn.
    pub(super) async fn find_ahead(&self, changes: Vec<Change>) {
        let lookups = changes.into_iter().map(|change| {
            let lookups = StudyDelta::of(change).lookups(&self.rules);
            self.find_each(lookups)
        });
        join_all(lookups).await;
    }

    async fn find_each(&self, lookups: Lookups) {
        let Lookups { study, patient, .. } = lookups;
        let patient = async {
            if let Some(patient) = patient {
                let found = self.searching.patient(&patient);
                self.find(&patient, found).await;
            }
        };
        let study = self.find(&study, self.searching.study(&study));
        tokio::join!(study, patient);
    }

    async fn find(&self, query: &Query, search: impl Future<Output = Result<Hits, Failure>>) {
        if self.memory.knows(query) {
            return;
        }
        let searched = Instant::now();
        if let Ok(hits) = search.await {
            let answer = Answer { hits, searched };
            self.memory.put_ahead(query.clone(), answer);
        }
    }
}
