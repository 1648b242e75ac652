//! The number of entries that a server takes in one transaction.

use std::sync::atomic::{AtomicUsize, Ordering};

use radcast_engine::failure::{Code, Failure};

/// The most entries of one transaction: as configured, or fewer where the server refused more.
#[derive(Debug)]
pub(super) struct Limit {
    configured: usize,
    learnt: AtomicUsize,
}

impl Limit {
    pub(super) const fn new(configured: usize) -> Self {
        Self {
            configured,
            learnt: AtomicUsize::new(configured),
        }
    }

    pub(super) fn entries(&self) -> usize {
        self.learnt.load(Ordering::Relaxed)
    }

    /// Halves the limit when a refusal may be one of so many entries; returns whether it did. Of one
    /// entry it is not: then the limit is as it was.
    pub(super) fn lower(&self, failure: &Failure, entries: usize) -> bool {
        if !matches!(failure.code, Code::FhirRejected | Code::FhirTooLarge) {
            return false;
        }
        let half = entries / 2;
        let limit = if half == 0 { self.configured } else { half };
        self.learnt.store(limit, Ordering::Relaxed);
        half > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_entries_are_halved_until_one_stands_alone() {
        let limit = Limit::new(500);
        let refused = Failure::new(Code::FhirRejected, "");
        assert!(limit.lower(&refused, 317) && limit.entries() == 158);
        assert!(limit.lower(&refused, 3) && limit.entries() == 1);
        assert!(!limit.lower(&refused, 1) && limit.entries() == 500);
        let busy = Failure::new(Code::FhirTooBusy, "");
        assert!(!limit.lower(&busy, 317) && limit.entries() == 500);
    }
}
