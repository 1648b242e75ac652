//! Whose patient ids are the site's own: where nobody says, those of the first issuer that is stated.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::{info, warn};

use super::FhirTarget;
use crate::cast::{Change, Issuer, PatientKey};
use radcast_dicom::Dataset;
use radcast_engine::failure::{Code, Failure};
use radcast_engine::feed::{Action, Entry, State};
use radcast_engine::store::{HomeIssuer, Store};

/// Of how many issuers it is told that nobody knows them.
const MOST_TOLD: usize = 100;

/// What was learnt of issuers.
#[derive(Debug, Default)]
pub(super) struct Learning {
    /// Whether an issuer may have been kept although nobody said so.
    unsure: AtomicBool,
    /// The systems of unknown issuers that were told of.
    told: Mutex<BTreeSet<Box<str>>>,
}

impl FhirTarget {
    /// Keeps the first issuer that the entries state as home, if none is yet. It counts only once it
    /// is stored, and what is stored counts: so entries mean the same to every replica, and before
    /// and after a restart.
    pub(super) async fn learn_home(
        &self,
        entries: &[&Entry<Dataset>],
        store: &dyn Store,
    ) -> Result<Option<Failure>, Failure> {
        let Some(first) = entries.iter().find_map(|entry| self.new_issuer(entry)) else {
            return Ok(None);
        };
        let lost = self.learning.unsure.swap(true, Ordering::SeqCst);
        let kept = store.keep_home_issuer(stored(&first)).await?;
        self.learning.unsure.store(false, Ordering::SeqCst);
        let is_new = kept
            .as_ref()
            .is_none_or(|kept| lost && *kept == stored(&first));
        let home = kept.map_or(first, |kept| Issuer {
            name: kept.name,
            universal_id: kept.universal_id,
        });
        lock(&self.recent).know_home(&home);
        info!(
            event = "home_issuer",
            name = home.name,
            universal_id = home.universal_id,
            "patient ids of this issuer are the site's own"
        );
        Ok(is_new.then(|| learnt(&home)))
    }

    /// The issuer that an entry states, while none is home. An entry that cannot be read states none.
    fn new_issuer(&self, entry: &Entry<Dataset>) -> Option<Issuer> {
        let is_read = entry.action != Action::Delete && entry.state != State::Deleted;
        let dataset = entry.data.as_ref().filter(|_| is_read)?;
        let find = AssertUnwindSafe(|| lock(&self.recent).new_issuer(dataset));
        std::panic::catch_unwind(find).ok()?
    }

    /// Says once of an issuer that nobody knows it.
    pub(super) fn tell_of_unknown_issuer(&self, change: &Change) {
        let unknown = change.patient().and_then(PatientKey::issuer_without_system);
        let Some((issuer, system)) = unknown else {
            return;
        };
        let mut told = lock(&self.learning.told);
        if told.len() < MOST_TOLD && told.insert(system.into()) {
            warn!(
                event = "unknown_issuer",
                issuer,
                system,
                sequence = change.sequence(),
                "patient ids of this issuer are kept apart: name it in Issuers, or in Patient:HomeIssuers if they are the site's own"
            );
        }
    }
}

fn stored(issuer: &Issuer) -> HomeIssuer {
    HomeIssuer {
        name: issuer.name.clone(),
        universal_id: issuer.universal_id.clone(),
    }
}

fn learnt(home: &Issuer) -> Failure {
    let names = [&home.name, &home.universal_id].into_iter().flatten();
    let names: Vec<&str> = names.map(String::as_str).collect();
    let message = format!(
        "the first issuer of patient ids that the feed states, {}, counts as the site's own: its ids have Patient:PatientSystemId, those of others do not",
        names.join(" with universal id ")
    );
    Failure::new(Code::DicomHomeIssuerLearnt, message)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
