//! A delta's writes, sent step by step.

use tracing::debug;

use super::FhirTarget;
use super::looking_up::LookedUp;
use super::room::Room;
use super::sent::{Operation, Sent};
use super::steps::{self, Deleted};
use super::testing::is_no_later;
use super::verifying::is_of;
use crate::cast::{Resource, StudyDelta, Write, merge};
use crate::client::{Request, Response};
use radcast_engine::Applied;
use radcast_engine::failure::{Code, Failure};

/// Writes with their answers.
pub(super) type Answered = Vec<(Sent, Response)>;

impl FhirTarget {
    /// Sends what is to be written, and remembers what is stored then.
    pub(super) async fn write(
        &self,
        delta: &StudyDelta,
        mut looked_up: LookedUp,
        mut writes: Vec<Write>,
    ) -> Result<Applied, Failure> {
        let mut applied = Applied::default();
        loop {
            self.prepare(delta, &mut looked_up, &writes).await?;
            if writes.is_empty() {
                self.remember(looked_up);
                return Ok(applied);
            }
            let step = steps::next(&writes, self.limit.entries());
            let (entries, total) = (step.now.len(), writes.len());
            let is_divisible = steps::is_divisible(&step.now);
            let deleted = steps::deleted(&step.now);
            if !step.more && !is_divisible && !deleted.iter().any(Deleted::is_study) {
                // What takes its place is held already, and may be large.
                let is_unwritten = |stored: &Resource| !writes.iter().any(|it| is_of(it, stored));
                looked_up.found.study.retain(is_unwritten);
                writes.clear();
            }
            let urls = steps::created_references(&step.now);
            let sent = self.send(step.now, &mut applied).await;
            let sent = match sent {
                Ok(sent) => Ok(within(&looked_up.room, sent).await),
                Err(failure) => Err(failure),
            };
            match sent {
                Ok(sent) if !step.more => {
                    self.settle(delta, looked_up, sent).await?;
                    return Ok(applied);
                }
                Ok(sent) => {
                    let names = self.refresh(delta, &mut looked_up, &sent).await?;
                    let renamed = steps::renamed(&writes, &urls, &names);
                    writes = match renamed {
                        Some(renamed) => renamed,
                        None => self.remaining(delta, &looked_up, &sent)?,
                    };
                }
                Err(failure) if is_divisible && self.limit.lower(&failure, entries) => continue,
                Err(failure) if self.are_kept(&failure, &mut looked_up, &deleted).await? => {
                    let merged = merge(delta, &looked_up.found, &self.rules)?;
                    let notices = merged.notices.iter();
                    notices.for_each(|notice| self.tell(delta.study(), notice));
                    writes = merged.writes;
                    continue;
                }
                Err(failure) => return Err(failure),
            }
            if writes.len() >= total {
                let message = "resources that were just written are not found again";
                return Err(Failure::new(Code::FhirConflict, message));
            }
        }
    }

    /// What is left to be written after a step, by a merge with what is stored then. An update that
    /// would be sent a second time word for word is none: the server stores it otherwise.
    fn remaining(
        &self,
        delta: &StudyDelta,
        looked_up: &LookedUp,
        sent: &Answered,
    ) -> Result<Vec<Write>, Failure> {
        let mut writes = merge(delta, &looked_up.found, &self.rules)?.writes;
        writes.retain(|write| !sent.iter().any(|(sent, _)| sent.is_repeated_by(write)));
        Ok(writes)
    }

    /// Whether a conflict is none of versions: the study that was to be deleted is the one that was
    /// found, so that a retry would meet the same refusal; or else the Observations are. Something
    /// refers to them, which is noted.
    async fn are_kept(
        &self,
        failure: &Failure,
        looked_up: &mut LookedUp,
        deleted: &[Deleted],
    ) -> Result<bool, Failure> {
        if failure.code != Code::FhirConflict {
            return Ok(false);
        }
        let of_study = deleted.iter().any(Deleted::is_study);
        let flag = match of_study {
            true => &mut looked_up.found.undeletable,
            false => &mut looked_up.found.undeletable_observations,
        };
        let mut in_question = Vec::new();
        for resource in deleted {
            if resource.is_study() == of_study {
                in_question.push(resource);
            }
        }
        if *flag || in_question.is_empty() {
            return Ok(false);
        }
        for resource in in_question {
            let (id, version) = (&resource.id, &resource.version);
            let is_present = self.client.is_present(resource.resource_type, id, version);
            if !is_present.await? {
                return Ok(false);
            }
        }
        *flag = true;
        Ok(true)
    }

    /// Makes sure that the writes rely on nothing that is not so.
    async fn prepare(
        &self,
        delta: &StudyDelta,
        looked_up: &mut LookedUp,
        writes: &[Write],
    ) -> Result<(), Failure> {
        self.refuse_near_matches(looked_up, writes).await?;
        if writes.iter().any(|it| !matches!(it, Write::Create { .. })) {
            self.test_versions(looked_up.found.endpoint.first()).await?;
        }
        self.verify(delta, looked_up, writes).await
    }

    async fn send(&self, writes: Vec<Write>, applied: &mut Applied) -> Result<Answered, Failure> {
        debug!(event = "transaction", entries = writes.len());
        let sent: Vec<_> = writes.iter().map(Sent::of).collect();
        let requests = writes.into_iter().map(request);
        let mut requests = requests.collect::<Result<Vec<_>, _>>()?;
        let responses = self.client.transaction(&mut requests).await?;
        count(&requests, &responses, applied);
        let answered: Answered = sent.into_iter().zip(responses).collect();
        for (sent, response) in &answered {
            if let Operation::Update { id, version } = &sent.deed
                && response
                    .version()
                    .is_some_and(|it| is_no_later(it, version))
            {
                let resource = sent.resource.as_ref();
                self.check_version_stays(&sent.resource_type, id, version, resource)
                    .await?;
            }
        }
        Ok(answered)
    }
}

/// Drops the resources of answers that are large and waits until there is room for them: they are read
/// again where they are needed.
async fn within(room: &Room, mut answered: Answered) -> Answered {
    let resources = |answered: &Answered| {
        let given = answered.iter().filter_map(|(_, it)| it.resource.as_ref());
        given.map(|resource| resource.get().len()).sum()
    };
    if !room.holds(resources(&answered)) {
        for (_, response) in &mut answered {
            response.resource = None;
        }
        room.enlarge().await;
    }
    answered
}

/// Counts what a transaction did. A create that found its resource did nothing.
fn count(requests: &[Request], responses: &[Response], applied: &mut Applied) {
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
            identity,
            resource,
        } => Request::Create {
            full_url,
            resource_type,
            if_none_exist: identity.encoded(),
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
