//! Whether what was found is what is stored.

use futures_util::stream::{self, StreamExt};

use super::FhirTarget;
use crate::cast::{Found, Resource, Write};
use crate::failure::{Code, Failure};

/// How many versions are asked for at once: a dose report may have some hundred Observations.
const AT_ONCE: usize = 8;

impl FhirTarget {
    /// What was found, and is not written, is the present version. A write is checked by the
    /// server; that there is nothing to write is believed only of what is no older than the
    /// server's own.
    pub(super) async fn verify(&self, found: &Found, writes: &[Write]) -> Result<(), Failure> {
        let is_of_study = |write: &Write| write.resource_type() == "ImagingStudy";
        if !writes.iter().any(is_of_study) {
            self.verify_each("ImagingStudy", found.study.iter()).await?;
        }
        let is_unwritten = |resource: &&Resource| !writes.iter().any(|it| is_of(it, resource));
        let unwritten = found.observations.iter().filter(is_unwritten);
        self.verify_each("Observation", unwritten).await
    }

    async fn verify_each<'a>(
        &self,
        resource_type: &str,
        found: impl Iterator<Item = &'a Resource>,
    ) -> Result<(), Failure> {
        let named = found.filter_map(|resource| Some((resource.id()?, resource.version()?)));
        let named: Vec<_> = named.collect();
        let verified = named.into_iter().map(|(id, version)| async move {
            let client = &self.client;
            if client.is_present(resource_type, &id, &version).await? {
                return Ok(());
            }
            let message = format!("{resource_type}/{id} is not the version that was found");
            Err(Failure::new(Code::FhirConflict, message))
        });
        let mut verified = stream::iter(verified).buffer_unordered(AT_ONCE);
        while let Some(verdict) = verified.next().await {
            verdict?;
        }
        Ok(())
    }
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
