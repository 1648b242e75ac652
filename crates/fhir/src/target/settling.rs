//! What is stored after a transaction: read where it matters, and remembered for the next delta.

use tokio::time::Instant;

use super::FhirTarget;
use super::hits::Hits;
use super::looking_up::LookedUp;
use super::memory::Answer;
use super::sent::{Operation, Sent};
use super::writing::Answered;
use crate::cast::{Found, Resource, StudyDelta};
use crate::client::Response;
use radcast_engine::failure::{Code, Failure};

impl FhirTarget {
    /// Puts in the place of what was found what is stored after a step, to be merged with again.
    /// Returns the name of each resource that was created by that: one that was there already may
    /// say anything.
    pub(super) async fn refresh(
        &self,
        delta: &StudyDelta,
        looked_up: &mut LookedUp,
        answered: &Answered,
    ) -> Result<Vec<Option<String>>, Failure> {
        let mut names = Vec::with_capacity(answered.len());
        for (sent, response) in answered {
            if sent.resource_type == "Observation" {
                names.push(None);
                continue;
            }
            let stored = match self.stored(sent, response).await? {
                Some(stored) => Some(stored),
                None => self.read_again(sent, response).await?,
            };
            let stored_name = stored.as_ref().and_then(name);
            looked_up.read.extend(stored_name.clone());
            replace(&mut looked_up.found, sent, stored);
            self.update_endpoint(delta, looked_up, sent);
            names.push(stored_name.filter(|_| response.status == 201));
        }
        let mut sent = answered.iter().map(|(sent, _)| sent);
        if sent.any(|sent| sent.resource_type == "Observation") {
            self.look_up_observations(delta, looked_up).await?;
        }
        Ok(names)
    }

    /// Checks that the last step did what it was to do, and remembers what is stored.
    pub(super) async fn settle(
        &self,
        delta: &StudyDelta,
        mut looked_up: LookedUp,
        answered: Answered,
    ) -> Result<(), Failure> {
        let mut is_first = true;
        for (sent, response) in &answered {
            if sent.resource_type == "Observation" {
                self.check_observation(sent, response, is_first).await?;
                is_first = false;
                continue;
            }
            self.check_deleted(sent).await?;
            let stored = match self.stored(sent, response).await? {
                None if self.habits.stores_as_sent().is_none() => {
                    self.read_again(sent, response).await?
                }
                stored => stored,
            };
            replace(&mut looked_up.found, sent, stored);
            self.update_endpoint(delta, &looked_up, sent);
        }
        self.remember(looked_up);
        Ok(())
    }

    /// Returns the resource as it is stored now, as far as the answer says so.
    async fn stored(&self, sent: &Sent, response: &Response) -> Result<Option<Resource>, Failure> {
        if let Operation::Create { identity } = &sent.deed {
            let stored = self.created(identity, response).await?;
            self.learn_by(sent, response, &stored)?;
            return Ok(Some(stored));
        }
        let given = response.resource.as_deref();
        let given = given.and_then(|json| Resource::parse(json.get()).ok());
        let given = given.filter(|it| sent.names(it) && it.version().is_some());
        let is_known = self.habits.stores_as_sent() == Some(true);
        Ok(given.or_else(|| sent.stored(response).filter(|_| is_known)))
    }

    /// Reads what was updated.
    async fn read_again(
        &self,
        sent: &Sent,
        response: &Response,
    ) -> Result<Option<Resource>, Failure> {
        let Operation::Update { id, .. } = &sent.deed else {
            return Ok(None);
        };
        let read = self.client.read(&sent.resource_type, id).await?;
        let stored = read.and_then(|json| Resource::parse(json.get()).ok());
        if let Some(stored) = &stored {
            self.learn_by(sent, response, stored)?;
        }
        Ok(stored)
    }

    /// Learns the server's habits by what it made of a write. Of the version before that, of what
    /// somebody wrote after it, or of what a create found, nothing can be learnt; where the answer
    /// names no version, only of what has just been created.
    fn learn_by(&self, sent: &Sent, response: &Response, stored: &Resource) -> Result<(), Failure> {
        let found = matches!(sent.deed, Operation::Create { .. }) && response.status == 200;
        let version = stored.version();
        let is_written = match response.version() {
            Some(written) => version.as_deref() == Some(written),
            None => response.status == 201,
        };
        match &sent.resource {
            Some(resource) if is_written && !found => self.learn(resource, stored),
            _ => Ok(()),
        }
    }

    /// An answer without the resources is believed when the first of them is there.
    async fn check_observation(
        &self,
        sent: &Sent,
        response: &Response,
        is_first: bool,
    ) -> Result<(), Failure> {
        match &sent.deed {
            Operation::Create { identity }
                if is_first || response.status == 200 || response.resource.is_some() =>
            {
                self.created(identity, response).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    async fn check_deleted(&self, sent: &Sent) -> Result<(), Failure> {
        let Operation::Delete { id } = &sent.deed else {
            return Ok(());
        };
        if self.client.read(&sent.resource_type, id).await?.is_none() {
            return Ok(());
        }
        let message = format!(
            "{}/{id} is still there after its deletion",
            sent.resource_type
        );
        Err(Failure::new(Code::FhirConflict, message))
    }

    fn update_endpoint(&self, delta: &StudyDelta, looked_up: &LookedUp, sent: &Sent) {
        if sent.resource_type == "Endpoint" {
            let (endpoints, partition) = (self.searching.endpoints(), delta.study().partition());
            endpoints.forget(partition);
            endpoints.put(partition, &looked_up.found.endpoint, Instant::now());
        }
    }

    /// Remembers the study and the patient as they are stored.
    pub(super) fn remember(&self, looked_up: LookedUp) {
        let LookedUp {
            found,
            study,
            patient,
            ..
        } = looked_up;
        let keep = |found: Vec<Resource>, searched: super::looking_up::Searched| {
            let answer = Answer {
                hits: Hits { found, near: 0 },
                searched: searched.at,
            };
            self.memory.put(searched.query, answer);
        };
        keep(found.study, study);
        if let Some(patient) = patient {
            keep(found.patient, patient);
        }
    }
}

fn name(resource: &Resource) -> Option<String> {
    Some(format!("{}/{}", resource.resource_type()?, resource.id()?))
}

/// Puts a resource in the place of what was found. What is stored and not known leaves nothing
/// behind that could be taken for it.
fn replace(found: &mut Found, sent: &Sent, stored: Option<Resource>) {
    let is_as_read = |read: &Option<Resource>| read.as_ref().is_none_or(|it| !sent.names(it));
    found.read.retain(|(_, read)| is_as_read(read));
    let of_type = match sent.resource_type.as_str() {
        "ImagingStudy" => &mut found.study,
        "Patient" => &mut found.patient,
        "Endpoint" => &mut found.endpoint,
        _ => return,
    };
    let is_delete = matches!(sent.deed, Operation::Delete { .. });
    of_type.retain(|it| !sent.names(it));
    match stored {
        Some(stored) => {
            of_type.retain(|it| it.id() != stored.id());
            of_type.push(stored);
        }
        None if is_delete => {}
        None => of_type.clear(),
    }
}
