//! The transaction of a delta's writes.

use tracing::debug;

use super::FhirTarget;
use super::looking_up::LookedUp;
use super::remembering::Sent;
use super::verifying::is_of;
use crate::cast::{Resource, StudyDelta, Write};
use crate::failure::{Code, Failure};
use crate::fhir::{Request, Response};
use crate::sync::target::Applied;

impl FhirTarget {
    /// Sends what is to be written, and remembers what is stored then.
    pub(super) async fn send(
        &self,
        delta: &StudyDelta,
        mut looked_up: LookedUp,
        writes: Vec<Write>,
    ) -> Result<Applied, Failure> {
        if writes.is_empty() {
            debug!(event = "nothing_changed", study = delta.study().uid());
            self.remember(looked_up, &[], &[]);
            return Ok(Applied::default());
        }
        // What takes its place is held already, and may be large.
        looked_up
            .found
            .study
            .retain(|stored| !writes.iter().any(|write| is_of(write, stored)));
        let sent: Vec<_> = writes.iter().map(Sent::of).collect();
        let requests = writes.into_iter().map(request);
        let mut requests = requests.collect::<Result<Vec<_>, _>>()?;
        let responses = self.client.transaction(&mut requests).await?;
        if requests.iter().any(|it| it.resource_type() == "Endpoint") {
            self.searching.endpoints().forget(delta.study().partition());
        }
        self.remember(looked_up, &sent, &responses);
        Ok(count(&requests, &responses))
    }
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
