//! The identity of a study.

use std::sync::Arc;

use crate::dicom::{DEFAULT_PARTITION, InstanceKey};

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
        let partition = instance.partition.as_deref();
        Self {
            partition: partition
                .filter(|name| !name.is_empty() && *name != DEFAULT_PARTITION)
                .map(Arc::from),
            uid: Arc::from(instance.study.as_str()),
        }
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
