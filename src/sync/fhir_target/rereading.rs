//! Reading again what a study says, when the instance that said it last is deleted.

use std::sync::Arc;

use tracing::{debug, info, warn};

use super::FhirTarget;
use crate::cast::{Action, Change, Found, StudyDelta};
use crate::dicom::InstanceKey;
use crate::failure::{Class, Code, Failure};
use crate::feed::InstanceMetadata;

impl FhirTarget {
    /// The delta after what an instance says that remains, where that has to be read. Where none can
    /// be read, the study goes on saying what it says, and the log tells so.
    ///
    /// # Errors
    /// The service cannot be reached, is busy, or refuses radcast: a later attempt may read it.
    pub(super) async fn reread(
        &self,
        delta: &StudyDelta,
        found: &Found,
    ) -> Result<Option<StudyDelta>, Failure> {
        let candidates = delta.reread(&found.study, &self.rules);
        let Some((instances, candidates)) = self.instances.as_ref().zip(candidates) else {
            return Ok(None);
        };
        let study = delta.study().uid();
        for key in &candidates {
            if let Some(change) = self.read_instance(instances, key).await? {
                info!(
                    event = "instance_read_again",
                    study,
                    instance = key.instance
                );
                return Ok(Some(delta.clone().after_reading(change)));
            }
        }
        warn!(
            event = "instance_not_read_again",
            study,
            tried = candidates.len(),
            "study {study} still says something that only a deleted instance said: {}",
            match candidates.is_empty() {
                true => "it lists no instances that could be read again",
                false => "none of its other instances that were tried can be read",
            }
        );
        Ok(None)
    }

    /// What an instance says; `None` where that cannot be known.
    async fn read_instance(
        &self,
        instances: &Arc<dyn InstanceMetadata>,
        key: &InstanceKey,
    ) -> Result<Option<Change>, Failure> {
        let read = match instances.of(key).await {
            Ok(None) => return Ok(None),
            Ok(Some(dataset)) => {
                Change::read(0, key.clone(), Action::Create, Some(&dataset), &self.rules)
            }
            Err(failure) => Err(failure),
        };
        match read {
            Ok(change) => Ok(Some(change)),
            Err(failure) if is_passing(&failure) => Err(failure),
            Err(failure) => {
                debug!(event = "instance_unread", instance = key.instance, %failure);
                Ok(None)
            }
        }
    }
}

/// Whether the same request may be answered later. A service that knows no such request never will.
fn is_passing(failure: &Failure) -> bool {
    match failure.code {
        Code::DicomUnauthorized | Code::DicomForbidden => true,
        Code::DicomInvalidResponse | Code::DicomAnswerTooLarge => false,
        _ => failure.class() == Class::Transient,
    }
}
