//! What is learnt about a server by what it does: capability statements do not say it, or say it
//! wrongly.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::cast::Query;
use radcast_engine::failure::Failure;

/// For so long a server that does not heed versions is not tested again: a person has to change it.
const TESTED_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// How many versions are remembered that an update left as they were.
const MOST_STAYED: usize = 1_000;

/// The kind of a created resource: its type, and whether its identifier has a system. Servers may
/// find the ones and not the others.
pub(super) type Kind = (&'static str, bool);

/// What is known about a server.
#[derive(Debug, Default)]
pub(super) struct Habits(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    stores_as_sent: Option<bool>,
    /// The kinds of marks that were seen to be kept.
    kept_marks: BTreeSet<&'static str>,
    dropped_mark: Option<Failure>,
    /// Whether the server heeds versions, and when that was tested; none where the test did not tell.
    heeds_versions: Option<(Option<Result<(), Failure>>, Instant)>,
    found_again: BTreeSet<Kind>,
    not_found: Option<Created>,
    /// Versions that an update left as they were.
    stayed: BTreeSet<String>,
}

/// A created resource that the search for it should find.
#[derive(Debug, Clone)]
pub(super) struct Created {
    pub(super) identity: Query,
    pub(super) id: String,
}

impl Created {
    pub(super) fn kind(&self) -> Kind {
        (self.identity.resource_type, self.identity.has_system())
    }
}

impl Habits {
    /// Whether what is stored is what was sent; `None` while that is not known.
    pub(super) fn stores_as_sent(&self) -> Option<bool> {
        self.known().stores_as_sent
    }

    /// Takes note of whether a resource was stored as it was sent. Returns whether it is the first that
    /// was not.
    pub(super) fn set_stored_as_sent(&self, same: bool) -> bool {
        let mut known = self.known();
        let is_first = !same && known.stores_as_sent != Some(false);
        known.stores_as_sent = Some(same && known.stores_as_sent != Some(false));
        is_first
    }

    /// Whether the server heeds versions; `None` while that is not known, or has to be tested again.
    pub(super) fn heeds_versions(&self) -> Option<Result<(), Failure>> {
        let (verdict, at) = self.known().heeds_versions.clone()?;
        let verdict = verdict?;
        (verdict.is_ok() || is_recent(at)).then_some(verdict)
    }

    /// Whether a test of that is due.
    pub(super) fn is_versions_test_due(&self) -> bool {
        match &self.known().heeds_versions {
            Some((Some(Ok(())), _)) => false,
            Some((_, at)) => !is_recent(*at),
            None => true,
        }
    }

    /// Takes note of whether the server heeds versions; `None` when a test of that did not tell.
    pub(super) fn set_heeds_versions(&self, verdict: Option<Result<(), Failure>>) {
        self.known().heeds_versions = Some((verdict, Instant::now()));
    }

    /// That the server was seen to drop a mark.
    pub(super) fn dropped_mark(&self) -> Option<Failure> {
        self.known().dropped_mark.clone()
    }

    pub(super) fn set_dropped_mark(&self, failure: Failure) {
        self.known().dropped_mark = Some(failure);
    }

    /// Whether a mark of this kind was seen to be kept.
    pub(super) fn keeps_marks(&self, kind: &str) -> bool {
        self.known().kept_marks.contains(kind)
    }

    pub(super) fn set_kept_marks(&self, kinds: BTreeSet<&'static str>) {
        self.known().kept_marks.extend(kinds);
    }

    /// Whether a resource of this kind was found again before.
    pub(super) fn is_found_again(&self, kind: Kind) -> bool {
        self.known().found_again.contains(&kind)
    }

    pub(super) fn set_found_again(&self, created: &Created) {
        self.forget_not_found(created);
        self.known().found_again.insert(created.kind());
    }

    /// Forgets that a created resource was not found again.
    pub(super) fn forget_not_found(&self, created: &Created) {
        let is_it = |it: &mut Created| it.kind() == created.kind() && it.id == created.id;
        self.known().not_found.take_if(is_it);
    }

    /// A created resource that was not found again.
    pub(super) fn not_found(&self) -> Option<Created> {
        self.known().not_found.clone()
    }

    pub(super) fn set_not_found(&self, created: Created) {
        self.known().not_found = Some(created);
    }

    /// Whether an update left this version as it was before, too.
    pub(super) fn stays_again(&self, name: &str) -> bool {
        let mut known = self.known();
        if known.stayed.remove(name) {
            return true;
        }
        if known.stayed.len() >= MOST_STAYED {
            known.stayed.clear();
        }
        known.stayed.insert(name.to_owned());
        false
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_recent(at: Instant) -> bool {
    at.elapsed() < TESTED_AGAIN_AFTER
}
