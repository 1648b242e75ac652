//! What is searched for, and the Endpoints, which hardly ever change.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::gathering::{Gathering, search};
use crate::cast::{EndpointLookup, Query, Resource};
use crate::failure::Failure;
use crate::fhir::FhirClient;

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
pub(super) struct Endpoints(Mutex<HashMap<Option<String>, Vec<Resource>>>);

impl Searching {
    pub(super) fn new(client: FhirClient) -> Self {
        Self {
            client,
            studies: Gathering::default(),
            patients: Gathering::default(),
            endpoints: Endpoints::default(),
        }
    }

    pub(super) async fn study(&self, query: &Query) -> Result<Vec<Resource>, Failure> {
        self.studies.search(&self.client, query).await
    }

    pub(super) async fn patient(&self, query: Option<&Query>) -> Result<Vec<Resource>, Failure> {
        match query {
            Some(query) => self.patients.search(&self.client, query).await,
            None => Ok(Vec::new()),
        }
    }

    /// By identifier or, if that finds none, by dicom-cast's name.
    pub(super) async fn endpoint(
        &self,
        lookup: Option<&EndpointLookup>,
    ) -> Result<Vec<Resource>, Failure> {
        let Some(lookup) = lookup else {
            return Ok(Vec::new());
        };
        let found = search(&self.client, &lookup.by_identifier).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        search(&self.client, &lookup.by_dicom_cast_name).await
    }

    /// The searches one after the other, each with what it finds: there are few, and seldom any.
    pub(super) async fn each(
        &self,
        queries: Vec<Query>,
    ) -> Result<Vec<(Query, Vec<Resource>)>, Failure> {
        let mut answers = Vec::with_capacity(queries.len());
        for query in queries {
            let found = search(&self.client, &query).await?;
            answers.push((query, found));
        }
        Ok(answers)
    }

    pub(super) const fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }
}

impl Endpoints {
    pub(super) fn of(&self, partition: Option<&str>) -> Option<Vec<Resource>> {
        self.known().get(&partition.map(str::to_owned)).cloned()
    }

    pub(super) fn put(&self, partition: Option<&str>, found: &[Resource]) {
        if !found.is_empty() {
            self.known()
                .insert(partition.map(str::to_owned), found.to_vec());
        }
    }

    pub(super) fn forget(&self, partition: Option<&str>) {
        self.known().remove(&partition.map(str::to_owned));
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Option<String>, Vec<Resource>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
