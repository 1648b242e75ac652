//! Which instances have failure records that wait for a person.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::quality::RandomState;

use crate::failure::Subject;
use crate::feed::DEFAULT_PARTITION;

/// The instances with open records, by a hash of 64 bits. Two instances that share one cost a
/// search in vain.
#[derive(Debug, Default)]
pub(crate) struct OpenRecords {
    hashes: RandomState,
    instances: Mutex<HashSet<u64, RandomState>>,
}

impl OpenRecords {
    /// There is an open record of this instance.
    pub(crate) fn add(&self, subject: &Subject) {
        self.instances().extend(self.hash(subject));
    }

    /// There is none of this instance any more.
    pub(crate) fn remove(&self, subject: &Subject) {
        if let Some(instance) = self.hash(subject) {
            self.instances().remove(&instance);
        }
    }

    /// Whether there may be open records of this instance.
    pub(crate) fn may_have(&self, subject: &Subject) -> bool {
        self.hash(subject)
            .is_some_and(|instance| self.instances().contains(&instance))
    }

    fn instances(&self) -> MutexGuard<'_, HashSet<u64, RandomState>> {
        self.instances
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn hash(&self, subject: &Subject) -> Option<u64> {
        let mut hasher = self.hashes.build_hasher();
        partition(subject).hash(&mut hasher);
        subject.study.as_ref()?.hash(&mut hasher);
        subject.instance.as_ref()?.hash(&mut hasher);
        Some(hasher.finish())
    }
}

/// Whether both are of one study.
pub(crate) fn of_one_study(one: &Subject, other: &Subject) -> bool {
    one.study == other.study && partition(one) == partition(other)
}

/// The data partition; `None` for the default one, however it is written.
fn partition(subject: &Subject) -> Option<&str> {
    let name = subject.partition.as_deref();
    name.filter(|name| !name.is_empty() && *name != DEFAULT_PARTITION)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(partition: Option<&str>, instance: Option<&str>) -> Subject {
        Subject {
            partition: partition.map(str::to_owned),
            study: Some("1".to_owned()),
            instance: instance.map(str::to_owned),
            ..Subject::default()
        }
    }

    #[test]
    fn an_instance_is_known_by_uid_and_partition_until_it_is_removed() {
        let open = OpenRecords::default();
        open.add(&subject(None, Some("1.2")));
        assert!(open.may_have(&subject(Some("Microsoft.Default"), Some("1.2"))));
        assert!(!open.may_have(&subject(Some("clinic-b"), Some("1.2"))));
        assert!(!open.may_have(&subject(None, Some("1.3"))));
        open.remove(&subject(None, Some("1.2")));
        assert!(!open.may_have(&subject(None, Some("1.2"))));
    }

    #[test]
    fn what_names_no_instance_is_of_none() {
        let open = OpenRecords::default();
        open.add(&subject(None, None));
        assert!(!open.may_have(&subject(None, None)));
    }
}
