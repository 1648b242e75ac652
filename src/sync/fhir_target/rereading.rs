//! Reading again what a study says, when the instance that said it last is deleted.

use tracing::{info, warn};

use super::FhirTarget;
use crate::cast::{Action, Change, Found, StudyDelta};
use crate::failure::Failure;

impl FhirTarget {
    /// The delta, and what an instance says that remains, where that has to be read. Where it cannot
    /// be read, the study goes on saying what it says, and the log tells so.
    pub(super) async fn reread(&self, delta: &StudyDelta, found: &Found) -> Option<StudyDelta> {
        let instances = self.instances.as_ref()?;
        let key = delta.reread(&found.study, &self.rules)?;
        let read = async {
            let Some(dataset) = instances.of(&key).await? else {
                return Ok(None);
            };
            let read = Change::read(0, key.clone(), Action::Create, Some(&dataset), &self.rules);
            read.map(Some)
        };
        let read: Result<Option<Change>, Failure> = read.await;
        let (study, instance) = (&key.study, &key.instance);
        match read {
            Ok(Some(change)) => {
                info!(event = "instance_read_again", study, instance);
                Some(delta.clone().then(StudyDelta::of(change.into_reread())))
            }
            Ok(None) => {
                warn!(
                    event = "instance_not_read_again",
                    study, instance, "the service does not have the instance"
                );
                None
            }
            Err(failure) => {
                warn!(
                    event = "instance_not_read_again",
                    study, instance, code = %failure.code, "{failure}"
                );
                None
            }
        }
    }
}
