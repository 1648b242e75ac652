//! The identity of a study.

use std::sync::Arc;

use radcast_engine::feed::{DEFAULT_PARTITION, InstanceKey};

/// Which study: its UID within its data partition. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StudyKey {
    partition: Option<Arc<str>>,
    uid: Arc<str>,
}

impl StudyKey {
    /// The study of an instance.
    #[must_use]
    pub fn of(instance: &InstanceKey) -> Self {
        Self {
            partition: partition(instance).map(Arc::from),
            uid: Arc::from(instance.study.as_str()),
        }
    }

    /// Whether it is the study of an instance.
    pub(super) fn is_of(&self, instance: &InstanceKey) -> bool {
        *self.uid == *instance.study && self.partition() == partition(instance)
    }

    /// Data partition; `None` for the default one.
    #[must_use]
    pub fn partition(&self) -> Option<&str> {
        self.partition.as_deref()
    }

    /// Study Instance UID (0020,000D).
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }
}

/// The partition, unless it is the default one.
fn partition(instance: &InstanceKey) -> Option<&str> {
    let name = instance.partition.as_deref();
    name.filter(|name| !name.is_empty() && *name != DEFAULT_PARTITION)
}
