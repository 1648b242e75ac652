//! Whether what was found is what is stored.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};
use tokio::time::Instant;

use super::FhirTarget;
use super::looking_up::LookedUp;
use crate::cast::{Found, Resource, StudyDelta, Write};
use radcast_engine::failure::{Code, Failure};

/// How many versions are asked for at once: a dose report may have some hundred Observations.
const AT_ONCE: usize = 8;

/// A resource and the version that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    resource_type: String,
    id: String,
    version: String,
}

impl FhirTarget {
    /// Reads the versions of what was found and is not written, and of what the writes refer to
    /// newly. A write is checked by the server; that there is nothing to write, or that a resource
    /// is still there to be referred to, is believed only of what is no older than the server's own.
    pub(super) async fn verify(
        &self,
        delta: &StudyDelta,
        looked_up: &mut LookedUp,
        writes: &[Write],
    ) -> Result<(), Failure> {
        if writes.is_empty() {
            self.verify_absence(looked_up).await?;
        }
        let partition = delta.study().partition();
        let is_endpoint_old = self.searching.endpoints().is_old(partition);
        let found = &looked_up.found;
        let mut wanted = unwritten(found, writes);
        wanted.extend(referred(found, writes));
        let writes_study = writes.iter().any(|it| it.resource_type() == "ImagingStudy");
        let verifies_endpoint = writes_study && is_endpoint_old;
        if verifies_endpoint {
            wanted.extend(found.endpoint.iter().filter_map(named));
        }
        wanted.retain(|it| !looked_up.read.contains(&it.name()));
        let asked = Instant::now();
        self.verify_each(&wanted).await?;
        if verifies_endpoint {
            let endpoints = self.searching.endpoints();
            endpoints.put(partition, &looked_up.found.endpoint, asked);
        }
        looked_up.read.extend(wanted.iter().map(Named::name));
        Ok(())
    }

    /// Searches again for a study that was not found, where that leaves nothing to be done: the entry
    /// would be settled by the word of one answer, which may have been another's. A create needs no
    /// such check, as it has a condition.
    async fn verify_absence(&self, looked_up: &LookedUp) -> Result<(), Failure> {
        if !looked_up.found.study.is_empty() {
            return Ok(());
        }
        let hits = self.searching.alone(&looked_up.study.query).await?;
        if hits.found.is_empty() {
            return Ok(());
        }
        let message = "a study is found that was not found before";
        Err(Failure::new(Code::FhirConflict, message))
    }

    async fn verify_each(&self, wanted: &BTreeSet<Named>) -> Result<(), Failure> {
        let wanted: Vec<_> = wanted.iter().cloned().collect();
        let verified = wanted.into_iter().map(|it| async move {
            let client = &self.client;
            if client
                .is_present(&it.resource_type, &it.id, &it.version)
                .await?
            {
                return Ok(());
            }
            let message = format!("{} is not the version that was found", it.name());
            Err(Failure::new(Code::FhirConflict, message))
        });
        let mut verified = stream::iter(verified).buffer_unordered(AT_ONCE);
        while let Some(verdict) = verified.next().await {
            verdict?;
        }
        Ok(())
    }
}

impl Named {
    fn name(&self) -> String {
        format!("{}/{}", self.resource_type, self.id)
    }
}

fn named(resource: &Resource) -> Option<Named> {
    Some(Named {
        resource_type: resource.resource_type()?,
        id: resource.id()?,
        version: resource.version()?,
    })
}

/// The study, where it is not written, and the Observations that are not. What is deleted counts as
/// not written: there are servers that heed `If-Match` with updates alone.
fn unwritten(found: &Found, writes: &[Write]) -> BTreeSet<Named> {
    let is_delete = |write: &Write| matches!(write, Write::Delete { .. });
    let of_study = |it: &&Write| it.resource_type() == "ImagingStudy" && !is_delete(it);
    let writes_study = writes.iter().any(|it| of_study(&it));
    let studies = found.study.iter().filter(|_| !writes_study);
    let is_updated =
        |write: &Write, resource: &Resource| !is_delete(write) && is_of(write, resource);
    let is_unwritten =
        |resource: &&Resource| !writes.iter().any(|write| is_updated(write, resource));
    let observations = found.observations.iter().filter(is_unwritten);
    studies.chain(observations).filter_map(named).collect()
}

/// The patients that a study or an Observation is going to refer to and does not yet.
fn referred(found: &Found, writes: &[Write]) -> BTreeSet<Named> {
    let stored = || found.study.iter().chain(&found.observations);
    let subjects = writes.iter().filter_map(|write| {
        let (Write::Create { resource, .. } | Write::Update { resource, .. }) = write else {
            return None;
        };
        let subject = resource.reference("subject")?;
        let before = stored().find(|stored| is_of(write, stored));
        let before = before.and_then(|stored| stored.reference("subject"));
        (before.as_deref() != Some(subject.as_str())).then_some(subject)
    });
    let subjects: BTreeSet<_> = subjects.collect();
    let patients = found.patient.iter().filter_map(named);
    let is_written = |it: &Named| {
        let mut writes = writes.iter();
        writes.any(|write| matches!(write, Write::Update { id, .. } if *id == it.id && write.resource_type() == "Patient"))
    };
    patients
        .filter(|it| subjects.contains(&it.name()) && !is_written(it))
        .collect()
}

/// Whether a write is of a stored resource.
pub(super) fn is_of(write: &Write, stored: &Resource) -> bool {
    match write {
        Write::Create { .. } => false,
        Write::Update { id, .. } | Write::Delete { id, .. } => {
            stored.id().as_deref() == Some(id)
                && stored.resource_type().as_deref() == Some(&write.resource_type())
        }
    }
}
