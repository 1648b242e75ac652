//! FHIR as a target: a study's delta is looked up, merged, and sent as one transaction.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, StreamExt};
use tracing::{debug, warn};

use super::target::{Applied, Reading, Target};
use crate::cast::{self, Change, EndpointLookup, Found, PatientKey, Query, Recent, Resource};
use crate::cast::{Rules, StudyDelta, StudyKey, Write, merge};
use crate::dicom::{InstanceKey, InvalidValue};
use crate::failure::{Code, Failure};
use crate::feed::{Action, Entry, State};
use crate::fhir::{FhirClient, Request, Response};

/// A search that finds nothing: no study has this UID.
const OF_NO_STUDY: &str = "identifier=urn:dicom:uid%7Curn:oid:2.25.0";

/// How many versions are asked for at once: a dose report may have some hundred Observations.
const AT_ONCE: usize = 8;

/// A FHIR server that is kept in step with images.
#[derive(Debug)]
pub struct FhirTarget {
    client: FhirClient,
    rules: Rules,
    /// What entries said before.
    recent: Mutex<Recent>,
    /// The `Endpoint` of each partition, which hardly ever changes.
    endpoints: Mutex<HashMap<Option<String>, Vec<Resource>>>,
}

impl FhirTarget {
    /// The server behind `client`, written to by these rules.
    #[must_use]
    pub fn new(client: FhirClient, rules: Rules) -> Self {
        Self {
            client,
            recent: Mutex::new(Recent::new(rules.clone())),
            rules,
            endpoints: Mutex::default(),
        }
    }

    async fn look_up(&self, delta: &StudyDelta) -> Result<Found, Failure> {
        let lookups = delta.lookups(&self.rules);
        let (study, patient, endpoint, references) = tokio::try_join!(
            self.search(&lookups.study),
            self.search_if_any(lookups.patient.as_ref()),
            self.endpoint(delta.study(), lookups.endpoint.as_ref()),
            self.search_each(&lookups.references),
        )?;
        let observations = self.observations(delta, &study).await?;
        Ok(Found {
            study,
            patient,
            endpoint,
            observations,
            references,
        })
    }

    /// What the study tells decides which Observations matter: hardly ever any.
    async fn observations(
        &self,
        delta: &StudyDelta,
        study: &[Resource],
    ) -> Result<Vec<Resource>, Failure> {
        let mut found = Vec::new();
        for query in delta.observation_searches(study, &self.rules) {
            found.extend(self.search(&query).await?);
        }
        Ok(found)
    }

    /// The searches one after the other: there are few, and seldom any.
    async fn search_each(&self, queries: &[Query]) -> Result<Vec<(Query, Vec<Resource>)>, Failure> {
        let mut answers = Vec::with_capacity(queries.len());
        for query in queries {
            answers.push((query.clone(), self.search(query).await?));
        }
        Ok(answers)
    }

    async fn search(&self, query: &Query) -> Result<Vec<Resource>, Failure> {
        let found = self
            .client
            .search(query.resource_type, &query.encoded())
            .await?;
        found
            .iter()
            .map(|json| Resource::parse(json.get()))
            .collect::<Result<_, _>>()
            .map_err(|_| {
                let message = format!("a stored {} is not a JSON object", query.resource_type);
                Failure::new(Code::FhirInvalidResource, message)
            })
    }

    async fn search_if_any(&self, query: Option<&Query>) -> Result<Vec<Resource>, Failure> {
        match query {
            Some(query) => self.search(query).await,
            None => Ok(Vec::new()),
        }
    }

    async fn endpoint(
        &self,
        study: &StudyKey,
        lookup: Option<&EndpointLookup>,
    ) -> Result<Vec<Resource>, Failure> {
        let Some(lookup) = lookup else {
            return Ok(Vec::new());
        };
        let partition = study.partition().map(str::to_owned);
        if let Some(known) = self.endpoints().get(&partition) {
            return Ok(known.clone());
        }
        let mut found = self.search(&lookup.by_identifier).await?;
        if found.is_empty() {
            found = self.search(&lookup.by_dicom_cast_name).await?;
        }
        if !found.is_empty() {
            self.endpoints().insert(partition, found.clone());
        }
        Ok(found)
    }

    fn endpoints(&self) -> MutexGuard<'_, HashMap<Option<String>, Vec<Resource>>> {
        self.endpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn look_up_and_write(&self, delta: &StudyDelta) -> Result<Applied, Failure> {
        let found = self.look_up(delta).await?;
        let merged = merge(delta, &found, &self.rules)?;
        for disagreement in &merged.disagreements {
            warn!(
                event = "instances_disagree",
                study = delta.study().uid(),
                "{disagreement}"
            );
        }
        for notice in &merged.notices {
            warn!(
                event = notice.event(),
                study = delta.study().uid(),
                "{notice}"
            );
        }
        if !merged.writes.iter().any(is_of_study) {
            self.verify("ImagingStudy", &found.study).await?;
        }
        let unwritten = |resource: &&Resource| !merged.writes.iter().any(|it| is_of(it, resource));
        let unwritten: Vec<_> = found
            .observations
            .iter()
            .filter(unwritten)
            .cloned()
            .collect();
        self.verify("Observation", &unwritten).await?;
        if merged.writes.is_empty() {
            debug!(event = "nothing_changed", study = delta.study().uid());
            return Ok(Applied::default());
        }
        self.send(delta, merged.writes).await
    }

    /// What was found is the present version. A write is checked by the server; that there is
    /// nothing to write is believed only of what is no older than the server's own.
    async fn verify(&self, resource_type: &str, found: &[Resource]) -> Result<(), Failure> {
        let named = found
            .iter()
            .filter_map(|resource| Some((resource.id()?, resource.version())));
        let named: Vec<_> = named.collect();
        let verified = named.into_iter().map(|(id, version)| async move {
            if self.client.version(resource_type, &id).await? == version {
                return Ok(());
            }
            let message = format!("the search gave an older version of {resource_type}/{id}");
            Err(Failure::new(Code::FhirConflict, message))
        });
        let mut verified = stream::iter(verified).buffer_unordered(AT_ONCE);
        while let Some(verdict) = verified.next().await {
            verdict?;
        }
        Ok(())
    }

    async fn send(&self, delta: &StudyDelta, writes: Vec<Write>) -> Result<Applied, Failure> {
        let touches_endpoint = writes
            .iter()
            .any(|write| write.resource_type() == "Endpoint");
        let requests = writes
            .into_iter()
            .map(request)
            .collect::<Result<Vec<_>, _>>()?;
        let answer = self.client.transaction(&requests).await;
        // After a refusal the Endpoint may be the one that has gone.
        if touches_endpoint || answer.is_err() {
            self.endpoints()
                .remove(&delta.study().partition().map(str::to_owned));
        }
        answer.map(|responses| count(&requests, &responses))
    }
}

impl Target for FhirTarget {
    type Change = Change;
    type Delta = StudyDelta;
    type Unit = StudyKey;
    type Shared = PatientKey;

    fn read(&self, entry: &Entry) -> Reading<Change> {
        let action = match (entry.action, entry.state) {
            (Action::Create | Action::Update, State::Deleted) => {
                return Reading::Skip("the instance was deleted before its entry was read");
            }
            (Action::Create | Action::Update, State::Replaced) if entry.metadata.is_none() => {
                return Reading::Skip("a newer entry of the instance follows");
            }
            // The newer entry may have come first, when this one was committed late.
            (Action::Delete, State::Replaced) => {
                return Reading::Skip("the instance was stored again; its newer entry says all");
            }
            (Action::Create, _) => cast::Action::Create,
            (Action::Update, _) => cast::Action::Update,
            (Action::Delete, _) => cast::Action::Delete,
        };
        let dataset = entry.metadata.as_ref();
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        match recent.read(entry.sequence, entry.key.clone(), action, dataset) {
            Ok(change) => {
                let warnings = change
                    .warnings()
                    .iter()
                    .map(InvalidValue::omitted)
                    .collect();
                Reading::Change { change, warnings }
            }
            Err(failure) => Reading::Refuse(failure),
        }
    }

    fn unit(&self, change: &Change) -> StudyKey {
        change.study()
    }

    fn unit_of(&self, instance: &InstanceKey) -> StudyKey {
        StudyKey::of(instance)
    }

    fn late(&self, change: Change) -> Change {
        change.into_late()
    }

    fn shared(&self, change: &Change) -> Option<PatientKey> {
        change.patient().cloned()
    }

    fn commute(&self, one: &Change, other: &Change) -> bool {
        one.patient_facts() == other.patient_facts()
    }

    fn fold(&self, changes: &[Change]) -> Option<StudyDelta> {
        StudyDelta::fold(changes.iter().cloned())
    }

    async fn apply(&self, delta: &StudyDelta) -> Result<Applied, Failure> {
        let applied = self.look_up_and_write(delta).await;
        // A server's words may quote what was sent.
        applied.map_err(|failure| Failure {
            message: delta.redact(&failure.message),
            ..failure
        })
    }

    /// A capability statement alone is no sign of life: servers keep it when their database is down.
    async fn probe(&self) -> Result<(), Failure> {
        let capability = self.client.capability().await?;
        self.client.search("ImagingStudy", OF_NO_STUDY).await?;
        debug!(
            event = "fhir_server",
            fhir_version = capability.fhir_version
        );
        Ok(())
    }
}

/// Whether a write is of a stored resource.
fn is_of(write: &Write, stored: &Resource) -> bool {
    match write {
        Write::Create { .. } => false,
        Write::Update { id, .. } | Write::Delete { id, .. } => {
            stored.id().as_deref() == Some(id)
                && stored.resource_type().as_deref() == Some(&write.resource_type())
        }
    }
}

fn is_of_study(write: &Write) -> bool {
    write.resource_type() == "ImagingStudy"
}

/// What a transaction did. A create that found its resource did nothing.
fn count(requests: &[Request], responses: &[Response]) -> Applied {
    let mut applied = Applied::default();
    for (request, response) in requests.iter().zip(responses) {
        let done = match request {
            Request::Create { .. } if response.status == 200 => continue,
            Request::Create { .. } => "created",
            Request::Update { .. } => "updated",
            Request::Delete { .. } => "deleted",
        };
        *applied
            .writes
            .entry(format!("{done} {}", request.resource_type()))
            .or_default() += 1;
    }
    applied
}

/// A write of the mapping as an entry of a transaction.
///
/// # Errors
/// Never in practice: a resource is JSON already.
pub fn request(write: Write) -> Result<Request, Failure> {
    let resource_type = write.resource_type().to_owned();
    Ok(match write {
        Write::Create {
            full_url,
            if_none_exist,
            resource,
        } => Request::Create {
            full_url,
            resource_type,
            if_none_exist,
            resource: raw(&resource)?,
        },
        Write::Update {
            id,
            version,
            resource,
        } => Request::Update {
            resource_type,
            id,
            version,
            resource: raw(&resource)?,
        },
        Write::Delete { id, version, .. } => Request::Delete {
            resource_type,
            id,
            version,
        },
    })
}

fn raw(resource: &Resource) -> Result<Box<serde_json::value::RawValue>, Failure> {
    serde_json::value::to_raw_value(resource)
        .map_err(|error| Failure::new(Code::InternalPanic, error.to_string()))
}
