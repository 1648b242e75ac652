//! What a delta is merged with: remembered, or else searched for.

use tokio::time::Instant;

use super::FhirTarget;
use super::memory::Answer;
use crate::cast::{Found, Lookups, Query, Resource, StudyDelta};
use crate::failure::Failure;

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
}

/// A search, and when it was made.
#[derive(Debug)]
pub(super) struct Searched {
    pub(super) query: Query,
    pub(super) at: Instant,
}

impl FhirTarget {
    /// Takes what is remembered.
    pub(super) fn recall(&self, delta: &StudyDelta, lookups: &Lookups) -> Recalled {
        let endpoints = self.searching.endpoints();
        let patient = lookups.patient.as_ref();
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
    ) -> Result<LookedUp, Failure> {
        let at = Instant::now();
        let searching = &self.searching;
        let study = async {
            match recalled.study {
                Some(answer) => Ok(answer),
                None => searching.study(&lookups.study).await.map(|found| Answer {
                    found,
                    searched: at,
                }),
            }
        };
        let patient = async {
            match recalled.patient {
                Some(answer) => Ok(answer),
                None => searching
                    .patient(lookups.patient.as_ref())
                    .await
                    .map(|found| Answer {
                        found,
                        searched: at,
                    }),
            }
        };
        let endpoint = async {
            match recalled.endpoint {
                Some(found) => Ok(found),
                None => searching.endpoint(lookups.endpoint.as_ref()).await,
            }
        };
        let references = searching.each(lookups.references.clone());
        let (study, patient, endpoint, references) =
            tokio::try_join!(study, patient, endpoint, references)?;
        if lookups.endpoint.is_some() {
            let partition = delta.study().partition();
            searching.endpoints().put(partition, &endpoint);
        }
        // What the study tells decides which Observations matter: hardly ever any.
        let observations = delta.observation_searches(&study.found, &self.rules);
        let observations = searching.each(observations).await?;
        Ok(LookedUp {
            study: Searched {
                query: lookups.study.clone(),
                at: study.searched,
            },
            patient: lookups.patient.clone().map(|query| Searched {
                query,
                at: patient.searched,
            }),
            found: Found {
                study: study.found,
                patient: patient.found,
                endpoint,
                observations: observations
                    .into_iter()
                    .flat_map(|(_, found)| found)
                    .collect(),
                references,
            },
        })
    }
}
