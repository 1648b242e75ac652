//! Created resources: none is referred to, and none is believed to be there, before the server has
//! shown the resource with the identifier by which it was created.

use super::FhirTarget;
use super::habits::Created;
use super::looking_up::LookedUp;
use crate::cast::{Query, Resource, Write};
use crate::client::Response;
use radcast_engine::failure::{Code, Failure};

impl FhirTarget {
    /// Refuses a create whose condition matches other resources than the one it is for.
    ///
    /// # Errors
    /// `fhir.near-match`; or the server answers differently when asked again.
    pub(super) async fn refuse_near_matches(
        &self,
        looked_up: &LookedUp,
        writes: &[Write],
    ) -> Result<(), Failure> {
        if looked_up.near.is_empty() {
            return Ok(());
        }
        for write in writes {
            let Write::Create { identity, .. } = write else {
                continue;
            };
            if !looked_up.near.contains(identity.resource_type) {
                continue;
            }
            // One answer may have been another's.
            let hits = self.searching.alone(identity).await?;
            if hits.near > 0 && hits.found.is_empty() {
                return Err(near_match(identity));
            }
            if !hits.found.is_empty() {
                return Err(changed(identity));
            }
        }
        Ok(())
    }

    /// Returns the resource that a create is answered with. Without the resource in the answer it is
    /// read at the address that the answer names.
    ///
    /// # Errors
    /// `fhir.near-match` when the condition of the create matched another resource;
    /// `fhir.conflict` when somebody else created the resource, or the answer names another one.
    pub(super) async fn created(
        &self,
        identity: &Query,
        response: &Response,
    ) -> Result<Resource, Failure> {
        let kind = identity.resource_type;
        let id = response.id(kind);
        let given = response.resource.as_deref();
        let given = given.and_then(|json| Resource::parse(json.get()).ok());
        let is_named = |it: &Resource| id.is_none() || it.id().as_deref() == id;
        let stored = match (
            given.filter(|it| it.version().is_some() && is_named(it)),
            id,
        ) {
            (Some(given), _) => Some(given),
            (None, Some(id)) => {
                let read = self.client.read(kind, id).await?;
                read.and_then(|json| Resource::parse(json.get()).ok())
            }
            (None, None) => None,
        };
        let found_before = response.status == 200;
        let stored = stored.ok_or_else(|| unclear(kind))?;
        if identity.matches(&stored) != Some(true) {
            return Err(match found_before {
                true => near_match(identity),
                false => unclear(kind),
            });
        }
        // Whoever created a patient or an Endpoint, it is the one that is to be referred to.
        if found_before && !matches!(kind, "Patient" | "Endpoint") {
            let message = format!("somebody else created the {kind} at the same time");
            return Err(Failure::new(Code::FhirConflict, message));
        }
        if let Some(id) = stored.id() {
            let identity = identity.clone();
            self.confirm(Created { identity, id }).await?;
        }
        Ok(stored)
    }
}

fn near_match(identity: &Query) -> Failure {
    let kind = identity.resource_type;
    let message = format!(
        "the server's search for a {kind} by identifier matches another {kind}; creating one is \
         not safe"
    );
    Failure::new(Code::FhirNearMatch, message)
}

fn changed(identity: &Query) -> Failure {
    let message = format!(
        "the search for a {} answers differently when it is repeated",
        identity.resource_type
    );
    Failure::new(Code::FhirConflict, message)
}

fn unclear(resource_type: &str) -> Failure {
    let message = format!(
        "the answer to the creation of a {resource_type} does not name the created resource"
    );
    Failure::new(Code::FhirConflict, message)
}
