//! What is searched for, and the Endpoints, which hardly ever change.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::gathering::{Gathering, search};
use super::hits::Hits;
use super::room::{Room, size};
use crate::cast::{EndpointLookup, Query, Resource};
use crate::client::FhirClient;
use radcast_engine::failure::Failure;

/// Searches at a server.
#[derive(Debug)]
pub(super) struct Searching {
    client: FhirClient,
    studies: Gathering,
    patients: Gathering,
    endpoints: Endpoints,
}

/// The `Endpoint` of each partition.
#[derive(Debug, Default)]
pub(super) struct Endpoints(Mutex<HashMap<Option<String>, Known>>);

/// What was found for a partition.
#[derive(Debug)]
struct Known {
    found: Vec<Resource>,
    /// When it was searched for, or read last.
    verified: Instant,
}

/// For so long an Endpoint is referred to without being read again: only an administrator ever
/// removes one.
const TRUSTED_FOR: Duration = Duration::from_secs(60);

/// The most that is kept for a partition, in bytes: an Endpoint is a few hundred.
const MOST: usize = 64 << 10;

impl Searching {
    pub(super) fn new(client: FhirClient) -> Self {
        Self {
            client,
            studies: Gathering::default(),
            patients: Gathering::default(),
            endpoints: Endpoints::default(),
        }
    }

    pub(super) async fn study(&self, query: &Query) -> Result<Hits, Failure> {
        self.studies.search(&self.client, query).await
    }

    pub(super) async fn patient(&self, query: &Query) -> Result<Hits, Failure> {
        self.patients.search(&self.client, query).await
    }

    /// Searches alone, whoever else is searching.
    pub(super) async fn alone(&self, query: &Query) -> Result<Hits, Failure> {
        search(&self.client, query).await
    }

    /// By identifier or, if that finds none, by dicom-cast's name.
    pub(super) async fn endpoint(&self, lookup: Option<&EndpointLookup>) -> Result<Hits, Failure> {
        let Some(lookup) = lookup else {
            return Ok(Hits::default());
        };
        let hits = search(&self.client, &lookup.by_identifier).await?;
        if !hits.found.is_empty() {
            return Ok(hits);
        }
        let named = search(&self.client, &lookup.by_dicom_cast_name).await?;
        Ok(Hits {
            found: named.found,
            near: hits.near,
        })
    }

    /// The searches one after the other, each with what it finds: there are few, and seldom any.
    pub(super) async fn each(
        &self,
        queries: Vec<Query>,
        room: &Room,
    ) -> Result<Vec<(Query, Hits)>, Failure> {
        let mut answers = Vec::with_capacity(queries.len());
        let mut held = 0;
        for query in queries {
            let again = async || self.alone(&query).await;
            let hits = room.search_beside(held, self.alone(&query), again).await?;
            held += size(&hits.found);
            answers.push((query, hits));
        }
        Ok(answers)
    }

    pub(super) const fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }
}

impl Endpoints {
    pub(super) fn of(&self, partition: Option<&str>) -> Option<Vec<Resource>> {
        let known = self.known();
        let known = known.get(&partition.map(str::to_owned))?;
        Some(known.found.clone())
    }

    /// Remembers what is stored at this time, unless nothing is, or what takes too much room.
    pub(super) fn put(&self, partition: Option<&str>, found: &[Resource], verified: Instant) {
        if !found.is_empty() && size(found) <= MOST {
            let found = found.to_vec();
            let known = Known { found, verified };
            self.known().insert(partition.map(str::to_owned), known);
        }
    }

    /// Whether the Endpoint of a partition has to be read again before it is referred to.
    pub(super) fn is_old(&self, partition: Option<&str>) -> bool {
        let known = self.known();
        let known = known.get(&partition.map(str::to_owned));
        known.is_some_and(|known| known.verified.elapsed() >= TRUSTED_FOR)
    }

    pub(super) fn forget(&self, partition: Option<&str>) {
        self.known().remove(&partition.map(str::to_owned));
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Option<String>, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
