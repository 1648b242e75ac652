//! What a delta is merged with: remembered, or else searched for.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::FhirTarget;
use super::hits::Hits;
use super::memory::Answer;
use super::room::Room;
use crate::cast::{Found, Lookups, Query, Resource, StudyDelta};
use radcast_engine::failure::{Code, Failure};

/// What is remembered of what a delta needs. It is taken out of the memory.
#[derive(Debug, Default)]
pub(super) struct Recalled {
    study: Option<Answer>,
    patient: Option<Answer>,
    endpoint: Option<Vec<Resource>>,
}

impl Recalled {
    pub(super) const fn is_empty(&self) -> bool {
        self.study.is_none() && self.patient.is_none() && self.endpoint.is_none()
    }
}

/// What was found, and by which searches, so that it can be remembered.
#[derive(Debug)]
pub(super) struct LookedUp {
    pub(super) found: Found,
    pub(super) study: Searched,
    pub(super) patient: Option<Searched>,
    /// The types of which a search returned other resources than the one it was made for.
    pub(super) near: BTreeSet<&'static str>,
    /// Resources that were read, and not only found, for this delta: `Type/id`.
    pub(super) read: BTreeSet<String>,
    /// For what was found and becomes of it.
    pub(super) room: Room,
}

/// A search, and when it was made.
#[derive(Debug)]
pub(super) struct Searched {
    pub(super) query: Query,
    pub(super) at: Instant,
}

impl LookedUp {
    /// Takes the resources of a search and notes whether there were others.
    fn take(&mut self, resource_type: &'static str, hits: Hits) -> Vec<Resource> {
        if hits.near > 0 {
            self.near.insert(resource_type);
        }
        hits.found
    }
}

impl FhirTarget {
    /// Takes what is remembered, once there is room for it.
    pub(super) async fn recall(
        &self,
        delta: &StudyDelta,
        lookups: &Lookups,
        room: &Room,
    ) -> Recalled {
        let endpoints = self.searching.endpoints();
        let patient = lookups.patient.as_ref();
        let size = |query| self.memory.size(query);
        if !room.holds(size(&lookups.study) + patient.map_or(0, size)) {
            room.enlarge().await;
        }
        Recalled {
            study: self.memory.take(&lookups.study),
            patient: patient.and_then(|query| self.memory.take(query)),
            endpoint: lookups
                .endpoint
                .as_ref()
                .and_then(|_| endpoints.of(delta.study().partition())),
        }
    }

    /// Searches for what was not recalled.
    pub(super) async fn look_up(
        &self,
        delta: &StudyDelta,
        lookups: &Lookups,
        recalled: Recalled,
        room: &Room,
    ) -> Result<LookedUp, Failure> {
        let at = Instant::now();
        let answer = |hits| Answer { hits, searched: at };
        let study = async {
            match recalled.study {
                Some(answer) => Ok(answer),
                None => self.study(&lookups.study, room).await.map(answer),
            }
        };
        let patient = async {
            match recalled.patient {
                Some(answer) => Ok(answer),
                None => {
                    let query = lookups.patient.as_ref();
                    self.patient(query, room).await.map(answer)
                }
            }
        };
        let endpoint = self.endpoint(delta, lookups, recalled.endpoint);
        let references = self.searching.each(lookups.references.clone(), room);
        let (study, patient, endpoint, references) =
            tokio::try_join!(study, patient, endpoint, references)?;
        let searched = |query: &Query, at| Searched {
            query: query.clone(),
            at,
        };
        let mut looked_up = LookedUp {
            found: Found::default(),
            study: searched(&lookups.study, study.searched),
            patient: lookups
                .patient
                .as_ref()
                .map(|query| searched(query, patient.searched)),
            near: BTreeSet::new(),
            read: BTreeSet::new(),
            room: room.clone(),
        };
        looked_up.found.study = looked_up.take("ImagingStudy", study.hits);
        looked_up.found.patient = looked_up.take("Patient", patient.hits);
        looked_up.found.endpoint = looked_up.take("Endpoint", endpoint);
        let references = references.into_iter();
        let references = references.map(|(query, hits)| (query, hits.found));
        looked_up.found.references = references.collect();
        self.follow_up(delta, &mut looked_up.found).await?;
        self.look_up_observations(delta, &mut looked_up).await?;
        Ok(looked_up)
    }

    async fn study(&self, query: &Query, room: &Room) -> Result<Hits, Failure> {
        let again = async || self.searching.alone(query).await;
        room.search(self.searching.study(query), again).await
    }

    async fn patient(&self, query: Option<&Query>, room: &Room) -> Result<Hits, Failure> {
        let Some(query) = query else {
            return Ok(Hits::default());
        };
        let again = async || self.searching.alone(query).await;
        room.search(self.searching.patient(query), again).await
    }

    async fn endpoint(
        &self,
        delta: &StudyDelta,
        lookups: &Lookups,
        recalled: Option<Vec<Resource>>,
    ) -> Result<Hits, Failure> {
        if let Some(found) = recalled {
            return Ok(Hits { found, near: 0 });
        }
        let searched = Instant::now();
        let hits = self.searching.endpoint(lookups.endpoint.as_ref()).await?;
        let partition = delta.study().partition();
        let endpoints = self.searching.endpoints();
        endpoints.put(partition, &hits.found, searched);
        Ok(hits)
    }

    /// Searches for the Observations that matter in the light of the study: hardly ever any.
    pub(super) async fn look_up_observations(
        &self,
        delta: &StudyDelta,
        looked_up: &mut LookedUp,
    ) -> Result<(), Failure> {
        let searches = delta.observation_searches(&looked_up.found.study, &self.rules);
        looked_up.found.observations.clear();
        for (_, hits) in self
            .searching
            .each(searches, &looked_up.room.clone())
            .await?
        {
            let found = looked_up.take("Observation", hits);
            looked_up.found.observations.extend(found);
        }
        Ok(())
    }

    /// Reads what the delta needs in the light of what was found: hardly ever anything.
    async fn follow_up(&self, delta: &StudyDelta, found: &mut Found) -> Result<(), Failure> {
        for _ in 0..StudyDelta::MAX_FOLLOW_UPS {
            let names = delta.follow_ups(found, &self.rules);
            if names.is_empty() {
                break;
            }
            for name in names {
                let (of_type, id) = (&name.resource_type, &name.id);
                let read = match self.client.read(of_type, id).await? {
                    Some(read) => Some(read),
                    // By that a study may move or go, and one answer may have been another's.
                    None => self.client.read(of_type, id).await?,
                };
                let read = read.map(|json| Resource::from_raw(&json)).transpose();
                let read = read.map_err(|_| {
                    let message = format!("{name} is not a JSON object");
                    Failure::new(Code::FhirInvalidResource, message)
                })?;
                found.read.push((name, read));
            }
        }
        Ok(())
    }
}
