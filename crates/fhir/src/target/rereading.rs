//! Reading again what a study says, when the instance that said it last is deleted.

use std::sync::Arc;

use tracing::{debug, info, warn};

use super::FhirTarget;
use crate::cast::{Action, Change, Found, StudyDelta};
use radcast_dicom::Dataset;
use radcast_engine::failure::{Class, Code, Failure};
use radcast_engine::feed::{CurrentInstance, InstanceKey};

impl FhirTarget {
    /// The delta after what an instance says that remains, where that has to be read. Where none can
    /// be read, the study goes on saying what it says, and the log tells so.
    ///
    /// # Errors
    /// None can be read now, and the service cannot be reached, is busy or fails: a later attempt may
    /// read one.
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
        let mut passing = None;
        for key in &candidates {
            let read = match self.read_instance(instances, key).await {
                Ok(read) => read,
                // The service may fail over this instance alone; one that hangs or refuses does so for all.
                Err(failure) if failure.code == Code::DicomServerError => {
                    passing = Some(failure);
                    None
                }
                Err(failure) => return Err(failure),
            };
            // What is of another patient than the entries is not to be mixed with them.
            if let Some(change) = read.filter(|change| delta.may_be_read_with(change)) {
                info!(
                    event = "instance_read_again",
                    study,
                    instance = key.instance
                );
                return Ok(Some(delta.clone().after_reading(change)));
            }
        }
        if let Some(failure) = passing {
            return Err(failure);
        }
        warn!(
            event = "instance_not_read_again",
            study,
            tried = candidates.len(),
            "study {study} still says something that only a deleted instance said: {}",
            match candidates.is_empty() {
                true => "it lists no instances that could be read again",
                false =>
                    "none of its other instances that were tried can be read beside the entries",
            }
        );
        Ok(None)
    }

    /// What an instance says; `None` where that cannot be known.
    async fn read_instance(
        &self,
        instances: &Arc<dyn CurrentInstance<Dataset>>,
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
        Code::DicomUnauthorized => true,
        Code::DicomInvalidResponse | Code::DicomAnswerTooLarge => false,
        _ => failure.class() == Class::Transient,
    }
}
